#pragma once

#include <vector>

#include "gp/response_state.hpp"
#include "sonde/gp/surrogate.hpp"

/// The processes of one output: which kinds, fitted to what, with which weights.
namespace sonde::stack {

/// (v - shift) / scale has mean 0 and variance 1. What does not vary, or by less than has a square
/// in double precision, is known to a billionth.
struct Standard {
  double shift;
  double scale;
  bool varies;
};
Standard standard_of(const Vector& values);

/// What has been observed of one output. Observations of one point, or of points so near that
/// rounding is all between them, are replicates.
struct Observed {
  std::vector<Index> rows;        ///< (n) of the data
  std::vector<Index> place;       ///< (n) which of the points each is an observation of
  std::vector<Index> point_rows;  ///< (m) of the data: the first observation of each point
  Points x;                       ///< (m, d)
  Vector y;                       ///< (n)
  Vector noise_sd;                ///< (n), or empty where it is not known
  Standard standard;              ///< of y
};
/// \throws ArgumentError where there are fewer than two values, or one is not finite.
Observed observed(const Domain& domain, const Output& output, const Dataset& data, Index column);

/// (n) for each of these points in the unit cube which one it is, counted from 0 in the order in
/// which they first come; those within 1e-9 of each other in every input are one.
std::vector<Index> replicates(PointsView unit);

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

/// (p) standard deviations of the prior of the kernel's log parameters.
Vector prior_deviations(const MemberKind& kind, Index features);

/// w (K) >= 0, sum 1, that maximise sum_i ln sum_k w_k exp(density_ik), where one more observation
/// that all foretold alike keeps few data from deciding. \param log_densities (n, K)
Vector weights(const Matrix& log_densities);

}  // namespace sonde::stack
