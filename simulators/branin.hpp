#pragma once

#include <cmath>
#include <numbers>

namespace sonde_simulator {

/// Branin's function of two variables, a in [-5, 10], b in [0, 15], without units.
///
///   (b - 5.1/(4 pi^2) a^2 + 5/pi a - 6)^2 + 10 (1 - 1/(8 pi)) cos(a) + 10
///
/// Three minima of 0.397887, at (-pi, 12.275), (pi, 2.275) and (3 pi, 2.475).
///
/// \see Branin (1972), IBM Journal of Research and Development 16(5); constants of Dixon and
///   Szegoe (1978), Towards Global Optimisation 2
inline double branin(double a, double b) {
  constexpr double pi = std::numbers::pi;
  const double valley = b - 5.1 / (4.0 * pi * pi) * a * a + 5.0 / pi * a - 6.0;
  return valley * valley + 10.0 * (1.0 - 1.0 / (8.0 * pi)) * std::cos(a) + 10.0;
}

}  // namespace sonde_simulator
