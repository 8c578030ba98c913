// Included by stationary.hpp.
#pragma once

#include <utility>

namespace sonde {

namespace detail {

/// A stationary kernel whose profile is known by two functions of s alone.
class ProfileFunctions {
 public:
  virtual ~ProfileFunctions() = default;
  virtual double value(double s) const = 0;
  virtual double slope(double s) const = 0;
};

Kernel stationary_of(std::shared_ptr<const ProfileFunctions> profile, Vector lengths);

template <Profile P>
class ProfileHolder final : public ProfileFunctions {
 public:
  explicit ProfileHolder(P profile) : profile_(std::move(profile)) {}
  double value(double s) const override { return profile_.value(s); }
  double slope(double s) const override { return profile_.slope(s); }

 private:
  P profile_;
};

}  // namespace detail

template <Profile P>
Kernel stationary(P profile, Vector lengths) {
  return detail::stationary_of(std::make_shared<detail::ProfileHolder<P>>(std::move(profile)),
                               std::move(lengths));
}

}  // namespace sonde
