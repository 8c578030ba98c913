#include "sonde/base/random.hpp"

#include <bit>
#include <cmath>
#include <numbers>

namespace sonde {
namespace {

std::uint64_t mixed(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

// FNV-1a (Fowler, Noll, Vo), 64 bits.
std::uint64_t hash_of(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

}  // namespace

Rng::Rng(std::uint64_t seed) : key_(seed), state_{} {
  std::uint64_t z = seed;
  for (std::uint64_t& word : state_) word = mixed(z += 0x9e3779b97f4a7c15ULL);
}

Rng Rng::child(std::string_view name, std::uint64_t index) const {
  return Rng(mixed(mixed(key_ + 0x9e3779b97f4a7c15ULL) ^ hash_of(name)) +
             mixed(index + 0x632be59bd9b4e019ULL));
}

Rng::result_type Rng::operator()() {
  const std::uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

double Rng::uniform() {
  return static_cast<double>((*this)() >> 11) * 0x1.0p-53;
}

double Rng::normal() {
  // Box & Muller (1958); the second number is not kept, so that a draw depends on the stream alone.
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

std::uint64_t Rng::below(std::uint64_t limit) {
  // Drawn again below this threshold, so that every remainder is equally likely.
  const std::uint64_t threshold = (0 - limit) % limit;
  for (;;) {
    const std::uint64_t draw = (*this)();
    if (draw >= threshold) return draw % limit;
  }
}

}  // namespace sonde
