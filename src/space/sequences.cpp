#include "space/sequences.hpp"

#include <boost/random/sobol.hpp>
#include <cmath>
#include <numeric>
#include <vector>

#include "sonde/base/error.hpp"

namespace sonde::space {
namespace {

constexpr Index sobol_dimensions = 3667;

std::uint64_t mixed(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

// Nested uniform scrambling of the upper 32 bits: each is flipped or not by a random function of
// the bits above it. Below them, no point of a practical sequence shares its path with another, so
// that 21 random bits do.
double scrambled(std::uint64_t bits, std::uint64_t seed) {
  std::uint64_t result = 0;
  for (int level = 0; level < 32; ++level) {
    // A leading 1 keeps prefixes of different lengths apart.
    const std::uint64_t prefix = (1ULL << level) | (level == 0 ? 0 : bits >> (64 - level));
    const std::uint64_t flip = mixed(seed + prefix * 0x9e3779b97f4a7c15ULL) >> 63;
    result = (result << 1) | (((bits >> (63 - level)) & 1U) ^ flip);
  }
  const std::uint64_t tail = mixed(seed ^ mixed((bits >> 32) + 0x632be59bd9b4e019ULL)) >> 43;
  return static_cast<double>((result << 21) | tail) * 0x1.0p-53;
}

bool is_prime(int n) {
  for (int k = 2; k * k <= n; ++k) {
    if (n % k == 0) return false;
  }
  return n > 1;
}

std::vector<int> first_primes(Index count) {
  std::vector<int> primes;
  for (int n = 2; static_cast<Index>(primes.size()) < count; ++n) {
    if (is_prime(n)) primes.push_back(n);
  }
  return primes;
}

double radical_inverse(std::uint64_t index, int base) {
  const auto b = static_cast<std::uint64_t>(base);
  double value = 0.0;
  double weight = 1.0 / base;
  for (; index > 0; index /= b, weight /= base) value += weight * static_cast<double>(index % b);
  return value;
}

}  // namespace

std::vector<Index> shuffled(Index n, Rng& rng) {
  std::vector<Index> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), Index{0});
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[rng.below(i)]);
  return order;
}

Source independent(Index dim, Rng rng) {
  return [dim, rng](Index k) mutable {
    Points u(k, dim);
    for (Index i = 0; i < k; ++i) {
      for (Index j = 0; j < dim; ++j) u(i, j) = rng.uniform();
    }
    return u;
  };
}

Source shifted_halton(Index dim, Rng rng) {
  Vector shift(dim);
  for (Index j = 0; j < dim; ++j) shift[j] = rng.uniform();
  return [primes = first_primes(dim), shift, dim, next = std::uint64_t{0}](Index k) mutable {
    Points u(k, dim);
    for (Index i = 0; i < k; ++i, ++next) {
      for (Index j = 0; j < dim; ++j) {
        const double moved = radical_inverse(next, primes[static_cast<std::size_t>(j)]) + shift[j];
        u(i, j) = moved - std::floor(moved);
      }
    }
    return u;
  };
}

Source scrambled_sobol(Index dim, Rng rng) {
  require(dim <= sobol_dimensions, "design: Sobol points have at most ", sobol_dimensions,
          " coordinates, got ", dim, ". Use \"latin hypercube\" or \"uniform\".");
  std::vector<std::uint64_t> seeds(static_cast<std::size_t>(dim));
  for (std::uint64_t& seed : seeds) seed = rng();
  // Boost leaves out the origin, without which the first 2^m points are no net.
  return [engine = boost::random::sobol(static_cast<std::size_t>(dim)), seeds, dim,
          at_origin = true](Index k) mutable {
    Points u(k, dim);
    for (Index i = 0; i < k; ++i) {
      for (Index j = 0; j < dim; ++j) {
        u(i, j) = scrambled(at_origin ? 0 : engine(), seeds[static_cast<std::size_t>(j)]);
      }
      at_origin = false;
    }
    return u;
  };
}

Points latin_strata(Index n, Index dim, Within within, Rng rng) {
  Points u(n, dim);
  for (Index j = 0; j < dim; ++j) {
    const std::vector<Index> order = shuffled(n, rng);
    for (Index i = 0; i < n; ++i) {
      const double inside = within == Within::Middle ? 0.5 : rng.uniform();
      u(i, j) = (static_cast<double>(order[static_cast<std::size_t>(i)]) + inside) /
                static_cast<double>(n);
    }
  }
  return u;
}

}  // namespace sonde::space
