#pragma once

#include <functional>
#include <string>

#include "sonde/base/random.hpp"
#include "sonde/base/scalar_field.hpp"
#include "sonde/gp/surrogate.hpp"

namespace sonde {

/// Worth of querying x (d, natural units); larger is better. Only the ordering matters.
using Acquisition = ScalarField;

/// Prepares the acquisition for a surrogate: called anew for each query, so that what depends on
/// the surrogate alone is computed once. Capture the surrogate by value (it is a cheap copy).
struct Criterion {
  std::string name;  ///< recorded with each query
  std::function<Acquisition(const Surrogate&, Rng)> prepare;
  /// What to record in place of the name, where it depends on the surrogate; none: the name.
  std::function<std::string(const Surrogate&)> why{};
  /// The worth is the logarithm of what a point is worth: a weight is added to it as its logarithm.
  bool logarithmic = false;
  /// Its worth is lowered where runs fail already, or it looks for these places.
  bool knows_failures = false;
  /// Where several take turns: the one whose turn it is, of which all the rest is then asked.
  std::function<Criterion(const Surrogate&)> turn{};
};

}  // namespace sonde
