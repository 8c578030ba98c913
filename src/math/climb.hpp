#pragma once

#include <nlopt.h>

#include <chrono>
#include <exception>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "sonde/base/scalar_field.hpp"
#include "sonde/base/types.hpp"
#include "sonde/math/optimize.hpp"

namespace sonde::math {

/// What NLopt sees: the coordinates with lower < upper, each running from 0 to 1.
struct Problem {
  const ScalarField& f;
  Vector lower;
  Vector upper;
  std::span<const ScalarField> at_most_zero;
  const OptimizeOptions& options;
  std::vector<Index> free{};
  bool gradients = false;

  Index dim() const { return static_cast<Index>(free.size()); }
  Index constraints() const { return static_cast<Index>(at_most_zero.size()); }
  Vector narrowed(const Vector& x) const;           // (d) -> (free)
  Vector widened(const Vector& z, Vector x) const;  // (free) -> (d), the rest from x
  Vector slope(const Vector& gradient) const;       // df/dx (d) -> df/dz (free)
  Vector excess(const Vector& x) const;             // (m)
  bool admits(const Vector& excess) const;
  nlopt_algorithm algorithm() const;
};

/// One climb from one start. Everything NLopt is told is scaled and finite; everything it evaluates
/// is looked at here, as what it returns may be neither the best nor inside.
class Climb {
 public:
  Climb(const Problem& problem, Vector start);
  Maximum run();

 private:
  // f and the constraints at one point; gradients only where they were asked for.
  struct Look {
    Vector z{};
    double value = 0.0;
    Vector excess{};
    bool sloped = false;
    Vector gradient{};         // (free)
    Matrix excess_gradient{};  // (free, m)
  };

  void look(const Vector& z, bool sloped);
  void measure(const Vector& x, bool sloped);
  void rescale();
  bool spent();
  nlopt_result attempt(Vector& z);
  void configure(nlopt_opt opt) const;
  void come_inside();
  double descent();  // of the look, as NLopt minimises it
  static double objective(unsigned n, const double* z, double* gradient, void* self);
  static void constraints(unsigned m, double* result, unsigned n, const double* z, double* gradient,
                          void* self);
  template <class F>
  void guarded(F act) noexcept;

  const Problem& problem_;
  const Vector start_;
  const Vector start_z_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  Look look_{};
  Vector best_z_;
  Maximum best_{};
  Vector outside_z_{};  // better than the best, and outside by a rounding at most
  double outside_value_ = -std::numeric_limits<double>::infinity();
  double scale_ = 1.0;     // of the objective
  Vector excess_scale_{};  // (m) of the constraints
  Vector margin_{};        // (m) by which NLopt is kept inside, in scaled units
  double lowest_ = 0.0;
  double highest_ = 0.0;  // range of the finite values NLopt has seen
  bool seen_ = false;
  nlopt_opt running_ = nullptr;
  std::exception_ptr failure_{};
  std::optional<Termination> stopped_{};
};

}  // namespace sonde::math
