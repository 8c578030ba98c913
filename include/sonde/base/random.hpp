#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string_view>

namespace sonde {

/// A stream of random numbers, a value.
///
/// Streams form a tree: `rng.child("fit", 3)` depends on the seed and the path alone, never on how
/// many numbers were drawn before. A function that needs randomness takes an Rng by value. Own
/// transforms, as those of <random> differ between standard libraries.
///
/// \see Blackman & Vigna (2021), ACM TOMS 47(4), xoshiro256++; Steele, Lea & Flood (2014), SplitMix
class Rng {
 public:
  using result_type = std::uint64_t;

  explicit Rng(std::uint64_t seed);

  /// The stream named so below this one.
  Rng child(std::string_view name, std::uint64_t index = 0) const;

  double uniform();                          ///< in [0, 1)
  double normal();                           ///< mean 0, variance 1
  std::uint64_t below(std::uint64_t limit);  ///< uniform in {0, ..., limit - 1}; \pre limit > 0

  // UniformRandomBitGenerator.
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }
  result_type operator()();

 private:
  std::uint64_t key_;  // names this stream; children derive from it, never from state_
  std::array<std::uint64_t, 4> state_;
};

}  // namespace sonde
