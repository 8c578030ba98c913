#include "base/allowance.hpp"

#include <algorithm>
#include <vector>

#include "support/catch.hpp"

using sonde::Allowance;

namespace {

struct Spent {
  double seconds = 0.0;
  double largest_share = 0.0;  // at the end of any
  int times = 0;
};

/// Looks ten times a second whether it is due; the one that begins at t takes cost(t).
template <class Cost>
Spent lived(double until, double first, Cost cost) {
  Allowance allowance(0.02, /*pause=*/1.0);
  Spent spent;
  for (double now = 0.0; now < until; now += 0.1) {
    if (!allowance.due(now, spent.times == 0 ? first : 0.0)) continue;
    const double seconds = cost(now);
    now += seconds;
    allowance.took(now, seconds);
    spent.seconds += seconds;
    spent.largest_share = std::max(spent.largest_share, spent.seconds / now);
    ++spent.times;
  }
  return spent;
}

}  // namespace

TEST_CASE("what is done now and then takes no more than its share at any time", "[allowance]") {
  const auto constant = [](double) { return 0.05; };
  const auto rising = [](double now) { return 0.01 + 1e-4 * now; };
  for (const Spent& spent : {lived(600.0, 0.05, constant), lived(600.0, 0.02, rising)}) {
    CHECK(spent.largest_share <= 0.02);
    CHECK(spent.seconds > 0.01 * 600.0);  // and makes use of it
  }
}

TEST_CASE("what costs nothing is done once a pause", "[allowance]") {
  const Spent spent = lived(100.0, 0.0, [](double) { return 0.0; });
  CHECK(spent.times >= 90);
  CHECK(spent.times <= 100);
}

TEST_CASE("what once took long is made up for", "[allowance]") {
  Allowance allowance(0.02, 1.0);
  allowance.took(10.0, 5.0);
  CHECK(allowance.left(100.0) == 0.0);
  CHECK_FALSE(allowance.due(5.0 / 0.02, 0.0));          // all of the share until then is spent
  CHECK_FALSE(allowance.due((5.0 + 6.2) / 0.02, 0.0));  // another takes a quarter longer
  CHECK(allowance.due((5.0 + 6.3) / 0.02, 0.0));
  CHECK_FALSE(allowance.due((5.0 + 6.3) / 0.02, 7.0));  // or longer than that, for a reason
}
