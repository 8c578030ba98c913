#pragma once

#include <concepts>

#include "sonde/base/types.hpp"
#include "sonde/gp/kernel.hpp"

namespace sonde {

/// A profile is k as a function of s = sum_i ((x_i - z_i) / length_i)^2, with value(0) == 1.
/// `slope` is d value / d s, finite at 0. All other derivatives follow from it by the chain rule.
template <class P>
concept Profile = std::copyable<P> && requires(const P& profile, double s) {
  { profile.value(s) } -> std::convertible_to<double>;
  { profile.slope(s) } -> std::convertible_to<double>;
};

/// The kernel k(x, z) = profile(s), one trained length a dimension. For profiles of one's own; the
/// built-in ones below run on vectors.
/// \param lengths (d), > 0, in the units of the points it will be given.
template <Profile P>
Kernel stationary(P profile, Vector lengths);

/// Radial: a function of s. Product: a product over the dimensions of the function in one
/// dimension; 2 to 6 times more accurate on functions of many inputs, at the same cost. The same
/// for squared_exponential.
enum class Form { Radial, Product };

Kernel matern32(Vector lengths,
                Form form = Form::Radial);  ///< Rasmussen & Williams (2006), eq. 4.17
Kernel matern52(Vector lengths, Form form = Form::Radial);  ///< likewise
Kernel squared_exponential(Vector lengths);                 ///< likewise, eq. 4.9: exp(-s / 2)

}  // namespace sonde

#include "sonde/gp/stationary.inl"
