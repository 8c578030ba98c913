#include "cli/comparison.hpp"

#include <fmt/format.h>

#include <boost/math/distributions/students_t.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>

#include "cli/json_point.hpp"
#include "cli/text_table.hpp"
#include "sonde/base/error.hpp"
#include "sonde/base/parallel.hpp"
#include "sonde/run/metrics.hpp"
#include "sonde/space/design.hpp"

namespace sonde::cli {
namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();
constexpr double targets[] = {0.2, 0.1, 0.05, 0.02};

Dataset first_runs(const Dataset& data, const std::vector<Index>& ids, Index n) {
  std::vector<Index> rows;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] < n) rows.push_back(static_cast<Index>(i));
  }
  return {data.x(rows, Eigen::all), data.y(rows, Eigen::all)};
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  if (n == 0) return none;
  return n % 2 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

std::vector<double> final_errors(const Compared& row, const std::vector<bool>& learnt) {
  std::vector<double> errors;
  for (const ErrorCurve& curve : row.repeats) {
    const Vector error = worst(curve, learnt);
    if (error.size() > 0 && std::isfinite(error[error.size() - 1]))
      errors.push_back(error[error.size() - 1]);
  }
  return errors;
}

// What others are held against: the standard surrogate of the uniform design, else of the first
// one.
const Compared* baseline_of(const ComparisonTable& table) {
  const Compared* baseline = nullptr;
  const std::vector<std::string> designs = design::names();
  for (const Compared& row : table.rows) {
    if (row.model != "standard") continue;
    if (std::find(designs.begin(), designs.end(), row.name) == designs.end()) continue;
    if (!baseline || row.name == "uniform") baseline = &row;
  }
  return baseline;
}

// What it makes of all runs.
std::optional<double> baseline_error(const ComparisonTable& table) {
  const Compared* baseline = baseline_of(table);
  if (!baseline) return std::nullopt;
  const double error = median(final_errors(*baseline, table.learnt));
  return std::isfinite(error) ? std::optional<double>(error) : std::nullopt;
}

// Of the last errors to those of the study's own way, seed by seed: their geometric mean, and its
// 95 % interval by Student's t of the logarithms.
JsonValue ratio_of(const Compared& row, const ComparisonTable& table) {
  const auto own = std::find_if(table.rows.begin(), table.rows.end(),
                                [](const Compared& one) { return one.own; });
  if (row.own || own == table.rows.end()) return nullptr;
  std::vector<double> logs;
  for (std::size_t r = 0; r < std::min(row.repeats.size(), own->repeats.size()); ++r) {
    const Vector mine = worst(row.repeats[r], table.learnt);
    const Vector theirs = worst(own->repeats[r], table.learnt);
    const double ratio = std::log(mine[mine.size() - 1] / theirs[theirs.size() - 1]);
    if (std::isfinite(ratio)) logs.push_back(ratio);
  }
  if (logs.empty()) return nullptr;
  const auto n = static_cast<double>(logs.size());
  const Eigen::Map<const Vector> all(logs.data(), static_cast<Index>(logs.size()));
  JsonValue ratio = {
      {"value", json_number(std::exp(all.mean()))}, {"lower", nullptr}, {"upper", nullptr}};
  if (logs.size() < 2) return ratio;
  const double error = std::sqrt((all.array() - all.mean()).square().sum() / (n - 1.0) / n);
  const double width = error * boost::math::quantile(boost::math::students_t(n - 1.0), 0.975);
  ratio["lower"] = json_number(std::exp(all.mean() - width));
  ratio["upper"] = json_number(std::exp(all.mean() + width));
  return ratio;
}

std::string ratio_text(const JsonValue& ratio) {
  if (!ratio.is_object()) return "";
  if (!ratio["lower"].is_number()) return fmt::format("{:.2f}", ratio["value"].get<double>());
  return fmt::format("{:.2f} ({:.2f}..{:.2f})", ratio["value"].get<double>(),
                     ratio["lower"].get<double>(), ratio["upper"].get<double>());
}

JsonValue runs_of(const Compared& row, const std::vector<bool>& learnt, double target) {
  JsonValue all = JsonValue::array();
  for (const ErrorCurve& curve : row.repeats) {
    const std::optional<Index> runs = runs_to(curve.runs, worst(curve, learnt), target);
    all.push_back(runs ? JsonValue(*runs) : JsonValue(nullptr));
  }
  return all;
}

JsonValue curve_of(const Compared& row, const ComparisonTable& table) {
  JsonValue curve = JsonValue::array();
  if (row.repeats.empty()) return curve;
  const std::vector<Index>& runs = row.repeats.front().runs;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    JsonValue errors = JsonValue::array();
    JsonValue outputs = JsonValue::object();
    for (const ErrorCurve& repeat : row.repeats) {
      errors.push_back(json_number(worst(repeat, table.learnt)[static_cast<Index>(i)]));
      for (std::size_t j = 0; j < table.outputs.size(); ++j)
        outputs[table.outputs[j]].push_back(
            json_number(repeat.nrmse(static_cast<Index>(i), static_cast<Index>(j))));
    }
    curve.push_back({{"runs", runs[i]}, {"nrmse", errors}, {"outputs", outputs}});
  }
  return curve;
}

// The middle of what the repeats needed; one that never came there counts as more than all runs.
std::string median_runs(const JsonValue& runs, Index budget) {
  std::vector<double> values;
  for (const JsonValue& one : runs)
    values.push_back(one.is_number() ? one.get<double>() : std::numeric_limits<double>::infinity());
  const double middle = median(values);
  if (!std::isfinite(middle)) return fmt::format(">{}", budget);
  return fmt::format("{}", static_cast<long>(std::ceil(middle)));
}

std::string final_text(const JsonValue& strategy) {
  std::vector<double> errors;
  if (strategy["curve"].empty()) return "-";
  for (const JsonValue& one : strategy["curve"].back()["nrmse"]) {
    if (one.is_number()) errors.push_back(one);
  }
  if (errors.empty()) return "-";
  const auto [low, high] = std::minmax_element(errors.begin(), errors.end());
  return fmt::format("{:.3g} ({:.3g}..{:.3g})", median(errors), *low, *high);
}

}  // namespace

std::vector<Index> checkpoints(Index first, Index last) {
  const Index step = std::max<Index>(1, (last - first + 23) / 24);
  std::vector<Index> runs;
  for (Index n = last; n >= first && n > 1; n -= step) runs.push_back(n);
  std::reverse(runs.begin(), runs.end());
  return runs;
}

ErrorCurve error_curve(const Campaign& campaign, const std::vector<Index>& runs,
                       const PointsFile& test, const ModelOptions& model, std::uint64_t seed,
                       int threads) {
  const auto m = static_cast<Index>(campaign.outputs().size());
  ErrorCurve curve{runs, Matrix::Constant(static_cast<Index>(runs.size()), m, none)};
  const Dataset& data = campaign.data();  // before there are several threads
  parallel_for(static_cast<Index>(runs.size()), threads, [&](Index i) {
    const Index n = runs[static_cast<std::size_t>(i)];
    try {
      const Surrogate surrogate = Surrogate::fit(
          campaign.domain(), campaign.outputs(), first_runs(data, campaign.data_ids(), n), model,
          Matrix(), Rng(seed).child("compare", static_cast<std::uint64_t>(n)));
      for (Index j = 0; j < m; ++j)
        curve.nrmse(i, j) = holdout_error(surrogate, j, test.x, test.y.col(j));
    } catch (const Error&) {
      curve.nrmse.row(i).setConstant(none);  // too few good runs: there is no surrogate yet
    }
  });
  return curve;
}

Vector worst(const ErrorCurve& curve, const std::vector<bool>& learnt) {
  Vector error = Vector::Constant(curve.nrmse.rows(), none);
  for (Index i = 0; i < error.size(); ++i) {
    for (std::size_t j = 0; j < learnt.size(); ++j) {
      const double here = curve.nrmse(i, static_cast<Index>(j));
      if (learnt[j] && !(error[i] >= here)) error[i] = here;
    }
  }
  return error;
}

std::optional<Index> runs_to(const std::vector<Index>& runs, const Vector& error, double target) {
  for (Index i = 0; i < error.size(); ++i) {
    if (!(error[i] <= target)) continue;
    const auto here = static_cast<double>(runs[static_cast<std::size_t>(i)]);
    if (i == 0 || !std::isfinite(error[i - 1])) return runs[static_cast<std::size_t>(i)];
    const auto before = static_cast<double>(runs[static_cast<std::size_t>(i - 1)]);
    const double fall = std::log(error[i - 1] / error[i]);
    const double part = fall > 0.0 ? std::log(error[i - 1] / target) / fall : 1.0;
    return static_cast<Index>(std::ceil(before + part * (here - before) - 1e-9));
  }
  return std::nullopt;
}

std::string comparison_document(const ComparisonTable& table) {
  const std::optional<double> random = baseline_error(table);
  JsonValue strategies = JsonValue::array();
  for (const Compared& row : table.rows) {
    JsonValue to = JsonValue::object();
    for (const double target : targets)
      to[fmt::format("{}", target)] = runs_of(row, table.learnt, target);
    if (random) to["baseline"] = runs_of(row, table.learnt, *random);
    strategies.push_back({{"name", row.name},
                          {"model", row.model},
                          {"own", row.own},
                          {"ratio", ratio_of(row, table)},
                          {"runs_to", to},
                          {"curve", curve_of(row, table)}});
  }
  return json_text({{"schema", 1},
                    {"measure", fmt::format("NRMSE on {} {}", table.test_runs, table.judged)},
                    {"outputs", table.outputs},
                    {"budget", table.budget},
                    {"baseline", random ? JsonValue(baseline_of(table)->name) : JsonValue(nullptr)},
                    {"baseline_error", random ? json_number(*random) : JsonValue(nullptr)},
                    {"strategies", strategies}},
                   1) +
         "\n";
}

std::string comparison_text(const std::string& json) {
  const JsonValue document = parsed_json(json);
  const Index budget = document["budget"];
  std::vector<std::string> head{"queries", "surrogate", fmt::format("error at {} runs", budget),
                                "over the study's"};
  std::vector<std::string> keys;
  for (const auto& [key, runs] : document["strategies"][0]["runs_to"].items()) {
    keys.push_back(key);
    const bool baseline = key == "baseline";
    head.push_back("to " + (baseline ? shown(document["baseline_error"], 3) + "*" : key));
  }
  std::vector<std::vector<std::string>> rows{head};
  for (const JsonValue& strategy : document["strategies"]) {
    const std::string own = strategy["own"].get<bool>() ? " (this study)" : "";
    std::vector<std::string> row{strategy["name"].get<std::string>() + own, strategy["model"],
                                 final_text(strategy), ratio_text(strategy["ratio"])};
    for (const std::string& key : keys)
      row.push_back(median_runs(strategy["runs_to"][key], budget));
    rows.push_back(std::move(row));
  }
  std::string text = document["measure"].get<std::string>() +
                     "; runs needed for the same error, middle of the seeds; errors over the "
                     "study's own with 95 % intervals, seed by seed\n" +
                     text_table(rows, "");
  if (document["baseline_error"].is_number())
    text +=
        fmt::format("* what the design '{}' with the standard surrogate reaches with all {} runs\n",
                    document["baseline"].get<std::string>(), budget);
  return text;
}

std::optional<report::Comparison> recorded_comparison(const CampaignFolder& folder) {
  std::ifstream stream(folder.compare() / "compare.json");
  if (!stream) return std::nullopt;
  const JsonValue document = parsed_json(std::string(std::istreambuf_iterator<char>(stream), {}));
  if (!document.is_object() || !document.contains("schema") || document["schema"] != 1)
    return std::nullopt;
  report::Comparison comparison{document.value("measure", ""), {}};
  for (const JsonValue& recorded : document["strategies"]) {
    for (const std::string output : document["outputs"]) {
      report::Strategy strategy{recorded["name"], recorded["model"], output, {}, recorded["own"]};
      for (const JsonValue& point : recorded["curve"]) {
        const JsonValue& errors = point["outputs"][output];
        strategy.repeats.resize(errors.size());
        for (std::size_t r = 0; r < errors.size(); ++r) {
          strategy.repeats[r].runs.push_back(point["runs"]);
          strategy.repeats[r].error.push_back(errors[r].is_number() ? errors[r].get<double>()
                                                                    : none);
        }
      }
      comparison.strategies.push_back(std::move(strategy));
    }
  }
  return comparison;
}

}  // namespace sonde::cli
