#pragma once

#include <cmath>
#include <numbers>

#include "sonde/space/domain.hpp"

/// Published functions.
namespace sonde::testing_support {

/// Harper & Gupta (1983); m3/year.
inline const Domain borehole_domain(
    {Parameter::linear("rw", 0.05, 0.15, "m"), Parameter::linear("r", 100.0, 50000.0, "m"),
     Parameter::linear("Tu", 63070.0, 115600.0, "m2/yr"),
     Parameter::linear("Hu", 990.0, 1110.0, "m"), Parameter::linear("Tl", 63.1, 116.0, "m2/yr"),
     Parameter::linear("Hl", 700.0, 820.0, "m"), Parameter::linear("L", 1120.0, 1680.0, "m"),
     Parameter::linear("Kw", 9855.0, 12045.0, "m/yr")});

/// \param x (n, 8)  \returns (n)
inline Vector borehole(const Points& x) {
  Vector y(x.rows());
  for (Index i = 0; i < x.rows(); ++i) {
    const double log_ratio = std::log(x(i, 1) / x(i, 0));
    y[i] = 2.0 * std::numbers::pi * x(i, 2) * (x(i, 3) - x(i, 5)) /
           (log_ratio * (1.0 + 2.0 * x(i, 6) * x(i, 2) / (log_ratio * x(i, 0) * x(i, 0) * x(i, 7)) +
                         x(i, 2) / x(i, 4)));
  }
  return y;
}

/// Dixon & Szego (1978), Branin.
inline const Domain branin_domain({Parameter::linear("a", -5.0, 10.0),
                                   Parameter::linear("b", 0.0, 15.0)});

/// \param x (n, 2)  \returns (n)
inline Vector branin(const Points& x) {
  using std::numbers::pi;
  Vector y(x.rows());
  for (Index i = 0; i < x.rows(); ++i) {
    const double a = x(i, 0);
    const double valley = x(i, 1) - 5.1 / (4.0 * pi * pi) * a * a + 5.0 / pi * a - 6.0;
    y[i] = valley * valley + 10.0 * (1.0 - 1.0 / (8.0 * pi)) * std::cos(a) + 10.0;
  }
  return y;
}

/// Gramacy & Lee (2008), of two inputs: a bump and a dip in one corner, elsewhere nothing.
inline const Domain gramacy_lee_domain({Parameter::linear("a", -2.0, 6.0),
                                        Parameter::linear("b", -2.0, 6.0)});

/// \param x (n, 2)  \returns (n)
inline Vector gramacy_lee(const Points& x) {
  return x.col(0).array() * (-x.rowwise().squaredNorm().array()).exp();
}

}  // namespace sonde::testing_support
