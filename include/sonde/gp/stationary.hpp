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
/// dimension; 2 to 6 times more accurate on functions of many inputs, at the same cost. Anova: see
/// anova(), with shares of one. Of the squared exponential, Radial and Product are the same.
enum class Form { Radial, Product, Anova };

Kernel matern32(Vector lengths,
                Form form = Form::Radial);  ///< Rasmussen & Williams (2006), eq. 4.17
Kernel matern52(Vector lengths, Form form = Form::Radial);             ///< likewise
Kernel squared_exponential(Vector lengths, Form form = Form::Radial);  ///< eq. 4.9: exp(-s / 2)

enum class Family { Matern32, Matern52, SquaredExponential };

/// k(x, z) = prod_j (1 + a_j k_j(x_j, z_j)) / (1 + a_j), k_j that of the family in one dimension; a
/// sum over all sets of inputs of the products of their k_j, whose variances the shares rule. Small
/// shares: nearly a sum of functions of one input each, which few points tell; large ones: the
/// product. Trained: log lengths, then log shares. Up to 1.5 times the cost of the product.
/// \param lengths (d), > 0  \param shares (d), a > 0
/// \see Durrande, Ginsbourger, Roustant & Carraro (2013), J. Multivariate Anal. 115, eq. 9;
/// Duvenaud,
///      Nickisch & Rasmussen (2011), Additive Gaussian Processes
Kernel anova(Family family, Vector lengths, Vector shares);

/// The Matern kernel of any smoothness nu, radial: 0.5 is exp(-r), 1.5 matern32, 2.5 matern52, and
/// from 20 on it is hardly other than the squared exponential. Accurate to 1e-14 for nu >= 0.5, as
/// are its derivatives. Trained: log lengths, then log smoothness. 40 to 400 times the cost of
/// matern52, more for a small nu: it is summed from squared exponentials.
/// \param smoothness nu > 0  \param lengths (d), > 0
/// \see Rasmussen & Williams (2006), eq. 4.14
Kernel matern(double smoothness, Vector lengths);

}  // namespace sonde

#include "sonde/gp/stationary.inl"
