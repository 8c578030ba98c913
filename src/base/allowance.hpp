#pragma once

#include <algorithm>

namespace sonde {

/// A share of the time, for what is done again and again: when it is due, so that all of it
/// together takes no more. Times are seconds since the beginning.
class Allowance {
 public:
  /// \param share in (0, 1]  \param pause least time between an end and the next beginning
  Allowance(double share, double pause) : share_(share), pause_(pause) {}

  /// \param least what the next one is expected to take at the least, as the first one is
  bool due(double now, double least) const {
    constexpr double growth = 1.25;
    return now - ended_ >= pause_ && left(now) >= std::max(least, growth * last_);
  }
  /// What may be taken now.
  double left(double now) const { return std::max(0.0, share_ * now - spent_); }
  /// It has been done: the next one is expected to take a quarter longer.
  void took(double now, double seconds) {
    ended_ = now;
    spent_ += seconds;
    last_ = seconds;
  }

 private:
  double share_;
  double pause_;
  double spent_ = 0.0;
  double last_ = 0.0;
  double ended_ = 0.0;
};

}  // namespace sonde
