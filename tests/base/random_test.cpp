#include "sonde/base/random.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "support/catch.hpp"

using sonde::Rng;

TEST_CASE("a child stream depends on seed and path, not on what was drawn", "[random]") {
  Rng drawn(7);
  for (int i = 0; i < 100; ++i) drawn();
  Rng a = Rng(7).child("fit", 3);
  Rng b = drawn.child("fit", 3);
  for (int i = 0; i < 10; ++i) CHECK(a() == b());
}

TEST_CASE("streams of other names, indices and seeds differ", "[random]") {
  const Rng root(7);
  std::array<std::uint64_t, 6> first = {
      root.child("fit", 0)(),   root.child("fit", 1)(),
      root.child("ask", 0)(),   root.child("fit", 0).child("fit", 0)(),
      Rng(8).child("fit", 0)(), Rng(root)()};
  std::sort(first.begin(), first.end());
  CHECK(std::adjacent_find(first.begin(), first.end()) == first.end());
}

TEST_CASE("uniform and normal numbers have their moments", "[random]") {
  // Standard errors of mean and variance over n draws; five of them is a false alarm of 1e-6.
  const int n = 200000;
  Rng rng(1);
  double sum = 0, squares = 0, normal_sum = 0, normal_squares = 0;
  for (int i = 0; i < n; ++i) {
    const double u = rng.uniform();
    REQUIRE((u >= 0.0 && u < 1.0));
    sum += u;
    squares += u * u;
    const double z = rng.normal();
    normal_sum += z;
    normal_squares += z * z;
  }
  CHECK(std::abs(sum / n - 0.5) < 5 * std::sqrt(1.0 / 12 / n));
  CHECK(std::abs(squares / n - 1.0 / 3) < 5 * std::sqrt(4.0 / 45 / n));
  CHECK(std::abs(normal_sum / n) < 5 / std::sqrt(n));
  CHECK(std::abs(normal_squares / n - 1) < 5 * std::sqrt(2.0 / n));
}

TEST_CASE("below() reaches every remainder equally often", "[random]") {
  Rng rng(3);
  std::array<int, 6> counts{};
  const int n = 60000;
  for (int i = 0; i < n; ++i) ++counts[rng.below(6)];
  double chi_square = 0;
  for (const int count : counts) chi_square += std::pow(count - n / 6, 2) / (n / 6);
  CHECK(chi_square < 30);  // five degrees of freedom: exceeded with probability 1.5e-5
}
