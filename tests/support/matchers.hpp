#pragma once

#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include "sonde/base/scalar_field.hpp"
#include "sonde/base/types.hpp"
#include "support/catch.hpp"

namespace sonde::testing_support {

/// Whether two arrays have one shape and differ by at most `tolerance`, relative to the larger of 1
/// and the expected value.
inline bool near(const Matrix& got, const Matrix& expected, double tolerance) {
  if (got.rows() != expected.rows() || got.cols() != expected.cols()) return false;
  for (Index j = 0; j < got.cols(); ++j) {
    for (Index i = 0; i < got.rows(); ++i) {
      const double scale = std::max(1.0, std::abs(expected(i, j)));
      if (!(std::abs(got(i, j) - expected(i, j)) <= tolerance * scale)) {
        UNSCOPED_INFO("at (" << i << ", " << j << "): got " << got(i, j) << ", expected "
                             << expected(i, j));
        return false;
      }
    }
  }
  return true;
}

/// Central differences of f at x, step relative to `scale` (d).
inline Vector central_difference(const ScalarField& f, const Vector& x, const Vector& scale,
                                 double step = 1e-5) {
  Vector gradient(x.size());
  for (Index i = 0; i < x.size(); ++i) {
    Vector above = x;
    Vector below = x;
    above[i] += step * scale[i];
    below[i] -= step * scale[i];
    gradient[i] = (f(above) - f(below)) / (above[i] - below[i]);
  }
  return gradient;
}

/// What `act` throws as an E, its message; "" where it throws nothing.
template <class E, class F>
std::string message_of(F act) {
  try {
    act();
  } catch (const E& failure) {
    return failure.what();
  }
  return "";
}

inline bool contains(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) return true;
  UNSCOPED_INFO("'" << part << "' is not in: " << text);
  return false;
}

}  // namespace sonde::testing_support
