#include "cli/models.hpp"

#include <fmt/format.h>

#include "cli/exit_status.hpp"
#include "cli/text_table.hpp"
#include "run/history.hpp"

namespace sonde::cli {
namespace {

// The rows at which a condition holds; all where there is none.
Dataset rows_where(const Dataset& all, const Expression* condition) {
  if (!condition) return all;
  std::vector<Index> rows;
  for (Index i = 0; i < all.size(); ++i)
    if ((*condition)(all.x.row(i).transpose()) == 1.0) rows.push_back(i);
  return {all.x(rows, Eigen::all), all.y(rows, Eigen::all)};
}

}  // namespace

Surrogate model_numbered(const OpenCampaign& open, Index number) {
  const Campaign& campaign = open.campaign;
  require<UsageError>(number >= 1 && number <= campaign.models(), open.folder.shown(),
                      ": there is no model ", number, "; ",
                      campaign.models() == 0 ? "none was fitted yet"
                                             : concat("there are 1 to ", campaign.models()));
  const std::vector<ModelVersion> versions =
      model_versions(open.journal.events(), campaign.domain().dim(),
                     static_cast<Index>(campaign.outputs().size()));
  const ModelVersion& version = versions.at(static_cast<std::size_t>(number - 1));
  require<UsageError>(version.current, open.folder.shown(), ": model ", number,
                      " was made before the study's bounds or outputs were changed");
  try {
    return Surrogate::at(campaign.domain(), campaign.outputs(), version.data, ModelOptions{},
                         version.fitted.parameters);
  } catch (const Error& failure) {
    throw StoreError(concat(open.folder.shown(), ": model ", number, " cannot be made again: ",
                            failure.what(), ". What it learnt from was changed since"));
  }
}

Surrogate answering(OpenCampaign& open) {
  if (open.campaign.promoted() > 0) return model_numbered(open, open.campaign.promoted());
  require<UsageError>(open.campaign.has_surrogate(), open.folder.shown(),
                      ": there is no surrogate yet: it takes two good runs of each output");
  return open.campaign.surrogate();
}

Surrogate numbers_of(const Surrogate& surrogate) {
  std::vector<Index> numbers;
  for (std::size_t j = 0; j < surrogate.outputs().size(); ++j)
    if (!surrogate.outputs()[j].is_class()) numbers.push_back(static_cast<Index>(j));
  require<UsageError>(!numbers.empty(),
                      "all outputs are classes, and this is for numbers: "
                      "'sonde predict' tells them");
  return surrogate.only(numbers);
}

std::vector<Verdict> compared(const OpenCampaign& open, const Surrogate& before,
                              const Surrogate& now) {
  std::vector<Verdict> verdicts;
  const Dataset all = open.campaign.validation();
  const auto compare = [&](const std::string& segment, const Dataset& held) {
    for (Index j = 0; j < held.y.cols() && held.size() > 0; ++j) {
      Verdict one{.output = open.campaign.outputs()[static_cast<std::size_t>(j)].name,
                  .segment = segment,
                  .before = held_out_error(before, j, held.x, held.y.col(j)),
                  .now = held_out_error(now, j, held.x, held.y.col(j)),
                  .ratio = {}};
      const bool of_classes = before.outputs()[static_cast<std::size_t>(j)].is_class();
      if (!of_classes) one.ratio = held_out_ratio(before[j], now[j], held.x, held.y.col(j));
      // Shares of wrong ones: worse where the intervals lie apart.
      one.worse = of_classes ? one.now.lower > one.before.upper : one.ratio.lower > 1.0;
      verdicts.push_back(one);
    }
  };
  compare("", all);
  for (const auto& [name, condition] : open.study.segments)
    compare(name, rows_where(all, &condition));
  return verdicts;
}

std::vector<Interval> held_out_errors(const OpenCampaign& open, const Surrogate& surrogate) {
  const Dataset held = open.campaign.validation();
  std::vector<Interval> errors;
  for (Index j = 0; j < held.y.cols() && held.size() > 0; ++j)
    errors.push_back(held_out_error(surrogate, j, held.x, held.y.col(j)));
  return errors;
}

std::string error_words(const Interval& error, double spread) {
  if (error.n == 0) return "-";
  const std::string value = shown_percent(error.value / spread);
  if (error.n < 2) return value + ", of one run";
  return fmt::format("{} ({} to {})", value, shown_percent(error.lower / spread),
                     shown_percent(error.upper / spread));
}

}  // namespace sonde::cli
