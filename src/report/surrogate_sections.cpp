#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/matrix.hpp"
#include "report/sections.hpp"
#include "report/slicing.hpp"
#include "report/svg.hpp"
#include "sonde/gp/sensitivity.hpp"
#include "sonde/gp/validate.hpp"

namespace sonde::report {
namespace {

constexpr double ninety_five = 1.959963984540054;  // two-sided quantile of the normal
constexpr Index effect_points = 512;

// --- predicted against observed ---------------------------------------------------------------

std::string loo_chart(const Response& response, const LeaveOneOut& loo, const Output& output,
                      const Campaign& campaign) {
  const Vector observed = response.observed();
  const Vector reach = ninety_five * loo.variance.cwiseSqrt();
  std::vector<double> all(observed.begin(), observed.end());
  all.insert(all.end(), loo.mean.begin(), loo.mean.end());
  const Range range = covering(all, false, 0.08);
  Chart chart(360, 340, range, {"observed", output.unit}, range, {"predicted", output.unit});
  const std::vector<double> ends = {range.lower, range.upper};
  chart.line(ends, ends, "diagonal");
  for (Index i = 0; i < observed.size(); ++i) {
    const bool miss = std::abs(observed[i] - loo.mean[i]) > reach[i];
    chart.bar(observed[i], loo.mean[i] - reach[i], loo.mean[i] + reach[i],
              miss ? "bar miss" : "bar s0");
  }
  for (Index i = 0; i < observed.size(); ++i) {
    const bool miss = std::abs(observed[i] - loo.mean[i]) > reach[i];
    const Index row = response.train_rows()[static_cast<std::size_t>(i)];
    chart.dot(observed[i], loo.mean[i], 2.6, miss ? "dot miss" : "dot s0",
              fmt::format("run {}: observed {}, predicted {} \u00b1 {}",
                          campaign.data_ids()[static_cast<std::size_t>(row)], number(observed[i]),
                          number(loo.mean[i]), number(reach[i])));
  }
  return chart.str();
}

std::string spaced_unit(const Output& output) {
  return output.unit == "1" ? "" : "\u202f" + escaped(output.unit);
}

/// What was done to make a surrogate of these runs: replicates drawn together, rounding made up
/// for.
std::string remarks(const Response& response, const Output& output, const Campaign& campaign) {
  std::string text;
  const std::size_t runs = response.train_rows().size();
  const std::size_t points = response.point_rows().size();
  if (points < runs) text += fmt::format(" <span>{} runs at {} points</span>", runs, points);
  if (response.has_varying_noise()) {
    const Points x = campaign.data().x(response.point_rows(), Eigen::all);
    const Vector noise = response.noise_sd(x);
    text += fmt::format(" <span>noise varies, from {} to {}{}</span>", number(noise.minCoeff(), 3),
                        number(noise.maxCoeff(), 3), spaced_unit(output));
  }
  double jitter = 0.0;  // relative to the prior variance
  for (const Member& member : response.members()) {
    const GaussianProcess& process = member.process;
    const double variance = std::exp(process.kernel()->log_parameters()[0]);
    jitter = std::max(jitter, process.jitter() / variance);
  }
  if (jitter > 0.0) {
    text += fmt::format(
        " <span>rounding: {} of the variance added to the diagonal of the covariance</span>",
        number(jitter, 2));
  }
  return text;
}

/// A constant output has no scores relative to its spread.
std::string with_digits(double value, int digits) {
  return std::isfinite(value) ? fmt::format("{:.{}f}", value, digits) : number(value, digits);
}

std::string loo_caption(const Response& response, const LeaveOneOut& loo, const Output& output,
                        const Campaign& campaign) {
  const Scores s = leave_one_out_scores(response, loo);
  return fmt::format(
             "<span><b>{}</b></span> <span>NRMSE {}</span> <span>RMSE {}{}</span> <span>Q\u00b2 "
             "{}</span> "
             "<span>inside 50, 90, 95\u202f%: {:.0f}, {:.0f}, {:.0f}\u202f% of {}</span> "
             "<span>adequacy {}</span>",
             escaped(output.name), number(s.nrmse, 3), number(s.rmse, 3), spaced_unit(output),
             with_digits(s.q2, 4), 100.0 * s.coverage50, 100.0 * s.coverage90, 100.0 * s.coverage95,
             s.n, with_digits(s.adequacy, 2)) +
         remarks(response, output, campaign);
}

// --- slices -------------------------------------------------------------------------------------

struct Slice {
  Index input;
  std::vector<double> at{}, mean{}, low{}, high{};
  std::vector<bool> admitted{};
};

Slice slice_of(const Response& response, const Domain& domain, const Vector& centre, Index input) {
  Slice slice{input};
  slice.at = places(domain.parameters()[static_cast<std::size_t>(input)]);
  const Points x = along(centre, input, slice.at);
  const Marginals marginals = response.predict(x);
  slice.admitted = domain.rows_admitted(x);
  for (Index i = 0; i < x.rows(); ++i) {
    const double reach = ninety_five * std::sqrt(std::max(marginals.variance[i], 0.0));
    slice.mean.push_back(marginals.mean[i]);
    slice.low.push_back(marginals.mean[i] - reach);
    slice.high.push_back(marginals.mean[i] + reach);
  }
  return slice;
}

std::vector<double> where(const std::vector<double>& values, const std::vector<bool>& shown) {
  std::vector<double> kept = values;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (!shown[i]) kept[i] = nan;
  }
  return kept;
}

/// Two lines meet where one ends: the place beside what is shown is shown as well.
std::vector<bool> grown(const std::vector<bool>& shown) {
  std::vector<bool> more = shown;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    if ((i > 0 && shown[i - 1]) || (i + 1 < shown.size() && shown[i + 1])) more[i] = true;
  }
  return more;
}

void draw_continuous(Chart& chart, const Slice& slice, const Range& x) {
  std::vector<bool> refused = slice.admitted;
  refused.flip();
  for (std::size_t i = 0; i < refused.size(); ++i) {
    if (!refused[i]) continue;
    std::size_t end = i;
    while (end + 1 < refused.size() && refused[end + 1]) ++end;
    chart.shade(i == 0 ? x.lower : slice.at[i], end + 1 == refused.size() ? x.upper : slice.at[end],
                "outside");
    i = end;
  }
  chart.band(slice.at, where(slice.low, slice.admitted), where(slice.high, slice.admitted),
             "band s0");
  chart.line(slice.at, where(slice.mean, grown(refused)), "line dash s0");
  chart.line(slice.at, where(slice.mean, slice.admitted), "line s0");
}

void draw_discrete(Chart& chart, const Slice& slice) {
  for (std::size_t i = 0; i < slice.at.size(); ++i) {
    if (!slice.admitted[i]) continue;
    chart.bar(slice.at[i], slice.low[i], slice.high[i], "bar wide s0");
    chart.dot(slice.at[i], slice.mean[i], 3.6, "dot s0", number(slice.mean[i]));
  }
}

std::string slice_chart(const Slice& slice, const Parameter& parameter, const Output& output,
                        const Range& y, double centre, double observed, const ChartSize& size) {
  const bool discrete = is_seen_whole(slice.at, parameter);
  const Range x = range_of(parameter, discrete);
  Chart chart(size.width, size.height, x,
              {parameter.name, parameter.unit, parameter.discrete(), parameter.labels}, y,
              {output.name, output.unit});
  chart.bar(centre, y.lower, y.upper, "middle");
  if (discrete) {
    draw_discrete(chart, slice);
  } else {
    draw_continuous(chart, slice, x);
  }
  if (std::isfinite(observed)) chart.dot(centre, observed, 3.4, "run", "the run in the middle");
  return chart.str();
}

std::string slices_of(const Response& response, const Output& output, const Campaign& campaign,
                      const Vector& centre, double observed) {
  const Domain& domain = campaign.domain();
  std::vector<Slice> all;
  std::vector<double> extent = {observed};
  for (Index i = 0; i < domain.dim(); ++i) {
    all.push_back(slice_of(response, domain, centre, i));
    const Slice& slice = all.back();
    for (const auto& values :
         {where(slice.low, slice.admitted), where(slice.high, slice.admitted)}) {
      extent.insert(extent.end(), values.begin(), values.end());
    }
  }
  const Range y = covering(extent, false, 0.06);
  const ChartSize size = size_for(domain.dim());
  std::string figures;
  for (const Slice& slice : all) {
    figures += "<figure>" +
               slice_chart(slice, domain.parameters()[static_cast<std::size_t>(slice.input)],
                           output, y, centre[slice.input], observed, size) +
               "</figure>";
  }
  const std::string head = campaign.outputs().size() > 1
                               ? "<h3>" + with_unit(output.name, output.unit) + "</h3>"
                               : std::string();
  return head + "<div class=\"grid " + size.grid + "\">" + figures + "</div>";
}

std::string place_of(const Domain& domain, const Vector& x) {
  std::string text;
  for (std::size_t i = 0; i < domain.parameters().size(); ++i) {
    const Parameter& p = domain.parameters()[i];
    const double value = x[static_cast<Index>(i)];
    const auto label = static_cast<std::size_t>(std::max(0.0, std::round(value)));
    text += (i ? ", " : "") + escaped(p.name) + " = " +
            (label < p.labels.size() ? escaped(p.labels[label]) : number(value)) +
            (p.unit == "1" ? "" : "\u202f" + escaped(p.unit));
  }
  return text;
}

// --- importance -----------------------------------------------------------------------------

std::string bars_of(const Vector& effects, const std::vector<Parameter>& parameters) {
  std::vector<Index> order(parameters.size());
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](Index a, Index b) { return effects[a] > effects[b]; });
  const double largest = std::max(effects.maxCoeff(), std::numeric_limits<double>::min());
  std::string rows;
  for (const Index i : order) {
    rows += fmt::format(
        "<span title=\"{0}\">{0}</span><div><i class=\"s0\" "
        "style=\"width:{1:.1f}%\"></i></div><em>{2}\u202f%</em>",
        escaped(parameters[static_cast<std::size_t>(i)].name), 100.0 * effects[i] / largest,
        effects[i] < 0.001 ? "&lt; 0.1" : number(100.0 * effects[i], 2));
  }
  return "<div class=\"bars\">" + rows + "</div>";
}

}  // namespace

std::string predicted_against_observed(const Surrogate& surrogate, const Campaign& campaign) {
  std::string figures;
  for (std::size_t j = 0; j < surrogate.outputs().size(); ++j) {
    const Response& response = surrogate[static_cast<Index>(j)];
    const Output& output = surrogate.outputs()[j];
    if (output.is_class()) continue;
    const LeaveOneOut loo = response.leave_one_out();
    figures += figure(loo_chart(response, loo, output, campaign),
                      loo_caption(response, loo, output, campaign));
  }
  return "<h2>Predicted against observed</h2><p>Each run as the surrogate predicts it from all the "
         "others. The strokes are 95\u202f% intervals; <span class=\"wrong\">red</span> ones miss "
         "what "
         "was observed, as one in twenty should.</p><div class=\"grid three\">" +
         figures + "</div>";
}

std::string slices(const Surrogate& surrogate, const Campaign& campaign) {
  const std::optional<Index> row = central_row(campaign);
  const Domain& domain = campaign.domain();
  const Vector centre = row ? Vector(campaign.data().x.row(*row).transpose())
                            : domain.from_unit(Vector::Constant(domain.dim(), 0.5));
  const std::string from =
      row ? fmt::format("run {}", campaign.data_ids()[static_cast<std::size_t>(*row)])
          : std::string("the middle");
  std::string text = fmt::format(
      "<h2>Slices</h2><p>The surrogate along each input, the others held where {} lies: {}. Bands "
      "are "
      "95\u202f% intervals of the response; shaded and dashed where a constraint forbids runs.</p>",
      from, place_of(domain, centre));
  for (std::size_t j = 0; j < surrogate.outputs().size(); ++j) {
    if (surrogate.outputs()[j].is_class()) continue;
    const double observed = row ? campaign.data().y(*row, static_cast<Index>(j)) : nan;
    text += slices_of(surrogate[static_cast<Index>(j)], surrogate.outputs()[j], campaign, centre,
                      observed);
  }
  return text;
}

std::string importance(const Surrogate& surrogate) {
  std::string figures;
  for (std::size_t j = 0; j < surrogate.outputs().size(); ++j) {
    if (surrogate.outputs()[j].is_class()) continue;
    figures += "<figure><figcaption><b>" + escaped(surrogate.outputs()[j].name) +
               "</b></figcaption>" +
               bars_of(total_effects(surrogate, static_cast<Index>(j), effect_points, Rng(0)),
                       surrogate.domain().parameters()) +
               "</figure>";
  }
  return "<h2>Which inputs matter</h2><p>Total Sobol\u2019 indices: the part of an output\u2019s "
         "variance in which an input has a share, alone or with others, by the surrogate\u2019s "
         "mean "
         "over the whole box. They may add up to more than 100\u202f%.</p><div class=\"grid "
         "three\">" +
         figures + "</div>";
}

}  // namespace sonde::report
