#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sonde/run/campaign.hpp"

namespace sonde {

/// Median worth of the last third of the queries over that of the first, of the criterion that has
/// asked most often; NaN where there are fewer than six.
double worth_left(const std::vector<Query>& queries);

/// What a surrogate chose is worth as much as it was at first, after 3 (d + 2) of them, and the
/// estimated error has not fallen since half of the models.
bool is_not_learning(const std::vector<Query>& queries, std::span<const ErrorAt> errors, Index dim);

/// The name of what asks in place of a single criterion that learns nothing: "auto", or "core set"
/// instead of what that mostly is. Nothing where it is not a single one that learns whole outputs.
std::optional<std::string> criterion_instead_of(const std::string& name);

}  // namespace sonde
