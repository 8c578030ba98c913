#pragma once

#include <vector>

#include "gp/observations.hpp"
#include "sonde/gp/surrogate.hpp"

/// The processes of one output: which kinds, fitted to what, with which weights.
namespace sonde::stack {

/// All kinds, of which those without anything new to say are not fitted. Members come with their
/// weights and the places of their kinds.
struct Stack {
  std::vector<Member> members;
  Vector parameters;  ///< a row of Surrogate::parameters()
};

/// \param start a row of parameters() to begin from; empty: the defaults
/// \throws NumericalError where no kind can be fitted.
Stack fitted(const Domain& domain, const Observed& observed, const ModelOptions& options,
             const Vector& start, Rng rng);

/// \param parameters a row of parameters()
Stack conditioned(const Domain& domain, const Observed& observed, const ModelOptions& options,
                  const Vector& parameters);

/// w (K) >= 0, sum 1, that maximise sum_i ln sum_k w_k exp(density_ik), where one more observation
/// that all foretold alike keeps few data from deciding. \param log_densities (n, K)
Vector weights(const Matrix& log_densities);

}  // namespace sonde::stack
