#pragma once

#include <functional>

#include "sonde/query/acquisition.hpp"

namespace sonde::query {

/// What a prediction at one point is worth, and its slopes in mean and standard deviation.
struct Value {
  double worth;
  double by_mean;
  double by_deviation;
};

/// The worth of a point by what is predicted there alone, with gradient.
/// \param value of mean and standard deviation > 0
Acquisition pointwise(const Response& response, std::function<Value(double, double)> value);

}  // namespace sonde::query
