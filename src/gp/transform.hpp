#pragma once

#include "sonde/gp/surrogate.hpp"

namespace sonde::transform {

/// z = T(y). \pre y > 0 where T is not None
double forward(Transform kind, double y);
/// ln |dz/dy|, what turns a density of z into one of y.
double log_slope(Transform kind, double y);

/// Mean and variance of y = T^-1(z) for a normal z, and their slopes in its mean m and variance v.
struct Moments {
  double mean;
  double variance;
  double mean_by_m, mean_by_v;
  double variance_by_m, variance_by_v;
};

/// In closed form: z, z^2, e^z. \param m mean of z  \param v variance of z, >= 0
Moments moments(Transform kind, double m, double v);

/// Covariance of y_a and y_b. \param c covariance of z_a and z_b
double covariance(Transform kind, double mean_a, double variance_a, double mean_b,
                  double variance_b, double c);

/// dT^-1/dz at z: how far y moves with z.
double slope_back(Transform kind, double z);

}  // namespace sonde::transform
