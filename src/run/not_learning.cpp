#include "run/not_learning.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "base/matrix.hpp"
#include "run/campaign_state.hpp"
#include "run/surprise.hpp"
#include "sonde/query/criteria.hpp"
#include "sonde/query/exploration.hpp"

// Whether what is asked teaches anything, and who asks instead where it does not.

namespace sonde {
namespace {

double median_worth(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Of its own, not made of several.
bool is_single(const std::string& name) {
  const std::vector<std::string> names = criteria::names();
  return name != "auto" && std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

double worth_left(const std::vector<Query>& queries) {
  constexpr std::size_t fewest = 6;
  std::map<std::string, std::vector<double>> worths;
  for (const Query& query : queries)
    if (was_chosen(query) && std::isfinite(query.worth)) worths[query.why].push_back(query.worth);
  const auto most = std::max_element(
      worths.begin(), worths.end(),
      [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); });
  if (most == worths.end() || most->second.size() < fewest) return nan;
  const std::vector<double>& all = most->second;
  const auto third = static_cast<std::ptrdiff_t>(all.size() / 3);
  const double first = median_worth({all.begin(), all.begin() + third});
  const double last = median_worth({all.end() - third, all.end()});
  return first > 0.0 ? last / first : nan;  // of logarithms there is no such part
}

bool is_not_learning(const std::vector<Query>& queries, std::span<const ErrorAt> errors,
                     Index dim) {
  constexpr double as_much = 0.9;
  const bool stands = errors.size() >= 3 && errors.back().error >= errors[errors.size() / 2].error;
  return stands && std::count_if(queries.begin(), queries.end(), was_chosen) >= 3 * (dim + 2) &&
         worth_left(queries) >= as_much;
}

std::vector<ErrorAt> Campaign::State::error_curve(const std::optional<Index>& output) const {
  std::vector<ErrorAt> curve;
  for (const auto& [rows, left_out] : errors) {
    double largest = 0.0;
    for (Index j = 0; j < left_out.size(); ++j)
      if (output ? j == *output : is_learnt(j)) largest = std::max(largest, left_out[j]);
    if (largest > 0.0 && std::isfinite(largest)) curve.push_back({rows, largest});
  }
  return curve;
}

std::vector<ErrorAt> Campaign::error_curve(const std::optional<Index>& output) const {
  return state_->error_curve(output);
}

std::optional<std::string> criterion_instead_of(const std::string& name) {
  if (!is_single(name)) return std::nullopt;
  return name == criteria::calibrated_integrated_variance().name ? "core set" : "auto";
}

std::optional<Criterion> Campaign::State::instead() const {
  const std::optional<std::string> other = criterion_instead_of(criterion.name);
  if (!other || !options.countermeasures ||
      !is_not_learning(queries, error_curve({}), domain.dim()))
    return std::nullopt;
  return of_learnt(criteria::named(*other));
}

}  // namespace sonde
