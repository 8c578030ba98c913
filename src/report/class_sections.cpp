#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/sections.hpp"
#include "report/slicing.hpp"
#include "report/svg.hpp"
#include "sonde/gp/multiclass.hpp"

namespace sonde::report {
namespace {

std::string percent(double share) {
  return number(100.0 * share, 2) + "\u202f%";
}

// Runs by what they are and what the others say of them.
std::string confusion(const MulticlassClassifier& classifier, const Vector& truth,
                      const Output& output) {
  const Matrix p = classifier.leave_one_out();
  const auto classes = static_cast<Index>(output.values.size());
  Eigen::MatrixXi count = Eigen::MatrixXi::Zero(classes, classes);
  for (Index i = 0; i < truth.size(); ++i) {
    Index likely = 0;
    p.row(i).maxCoeff(&likely);
    ++count(static_cast<Index>(truth[i]), likely);
  }
  std::string head = "<tr><th class=\"text\">is, and is told as</th>";
  std::string rows;
  for (Index k = 0; k < classes; ++k) {
    const std::string name = escaped(output.values[static_cast<std::size_t>(k)]);
    head += "<th>" + name + "</th>";
    rows += "<tr><td class=\"text\">" + name + "</td>";
    for (Index l = 0; l < classes; ++l) {
      const bool wrong = k != l && count(k, l) > 0;
      rows += fmt::format("<td{}>{}</td>", wrong ? " class=\"wrong\"" : "", count(k, l));
    }
    rows += "</tr>";
  }
  return "<div class=\"scroll\"><table><thead>" + head + "</tr></thead><tbody>" + rows +
         "</tbody></table></div>";
}

std::string legend(const Output& output) {
  std::string items;
  for (std::size_t k = 0; k < output.values.size(); ++k)
    items += "<li><i class=\"" + series(k) + "\"></i>" + escaped(output.values[k]) + "</li>";
  return "<ul class=\"legend\">" + items + "</ul>";
}

std::string chart_along(const MulticlassClassifier& classifier, const Domain& domain,
                        const Vector& centre, Index input, const ChartSize& size) {
  const Parameter& parameter = domain.parameters()[static_cast<std::size_t>(input)];
  const std::vector<double> at = places(parameter);
  const bool discrete = is_seen_whole(at, parameter);
  const Points x = along(centre, input, at);
  const Matrix p = classifier.probability(x);
  Chart chart(size.width, size.height, range_of(parameter, discrete),
              {parameter.name, parameter.unit, parameter.discrete(), parameter.labels},
              {-0.02, 1.02}, {"probability"});
  chart.bar(centre[input], 0.0, 1.0, "middle");
  for (Index k = 0; k < p.cols(); ++k) {
    const std::vector<double> likely(p.col(k).begin(), p.col(k).end());
    const std::string colour = series(static_cast<std::size_t>(k));
    if (!discrete) chart.line(at, likely, "line " + colour);
    for (std::size_t i = 0; discrete && i < at.size(); ++i)
      chart.dot(at[i], likely[i], 3.6, "dot " + colour, number(likely[i]));
  }
  return chart.str();
}

}  // namespace

std::string classes(const Surrogate& surrogate, const Campaign& campaign) {
  const Domain& domain = campaign.domain();
  const std::optional<Index> row = central_row(campaign);
  const Vector centre = row ? Vector(campaign.data().x.row(*row).transpose())
                            : domain.from_unit(Vector::Constant(domain.dim(), 0.5));
  const ChartSize size = size_for(domain.dim());
  std::string text;
  for (std::size_t j = 0; j < surrogate.outputs().size(); ++j) {
    const Output& output = surrogate.outputs()[j];
    if (!output.is_class()) continue;
    const auto column = static_cast<Index>(j);
    text += "<h3>" + escaped(output.name) + "</h3>";
    if (!surrogate.classes(column)) {
      text += "<p class=\"soft\">All runs are of one class so far.</p>";
      continue;
    }
    const MulticlassClassifier& classifier = *surrogate.classes(column);
    const Vector truth = surrogate[column].observed();
    const ClassScores scores = class_scores(classifier.leave_one_out(), truth);
    text += fmt::format(
        "<p>Over the domain {} are expected to be told wrongly. Of {} runs, each told by the "
        "others, "
        "{} are wrong: queries are asked along the borders, where that is hardest.</p>",
        percent(expected_misclassification(domain, classifier)), scores.n, percent(scores.wrong));
    text += confusion(classifier, truth, output) + legend(output);
    std::string figures;
    for (Index i = 0; i < domain.dim(); ++i)
      figures += figure(chart_along(classifier, domain, centre, i, size), "");
    text += fmt::format("<div class=\"grid {}\">", size.grid) + figures + "</div>";
  }
  return text.empty() ? "" : "<h2>Classes</h2>" + text;
}

}  // namespace sonde::report
