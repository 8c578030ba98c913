#pragma once

#include <string>
#include <vector>

#include "sonde/gp/surrogate.hpp"

namespace sonde::serve {

/// A function from one vector to several, with derivatives.
class Model {
 public:
  enum class Kind { Mean, Sd, MeanAndSd };
  Model(std::string name, Kind kind, Surrogate surrogate)
      : name_(std::move(name)), kind_(kind), surrogate_(std::move(surrogate)) {}

  const std::string& name() const noexcept { return name_; }
  Index inputs() const;                     ///< d
  std::vector<Index> output_sizes() const;  ///< m, once a vector
  /// Why `x` (d) is no point that can be predicted; empty where it is one.
  std::string objection(VectorView x) const;
  std::vector<Vector> evaluate(VectorView x) const;
  /// (m, d) of output vector `output` at x, in natural units. Where a standard deviation is zero,
  /// at a point that was observed without noise, it has a kink: zeros.
  Matrix jacobian(VectorView x, std::size_t output) const;

 private:
  bool is_mean(std::size_t output) const;

  std::string name_;
  Kind kind_;
  Surrogate surrogate_;
};

/// `mean`, `sd`, and `mean_sd`: both as two output vectors.
std::vector<Model> surrogate_models(const Surrogate& surrogate);

}  // namespace sonde::serve
