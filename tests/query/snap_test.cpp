#include "sonde/query/snap.hpp"

#include <algorithm>

#include "sonde/space/design.hpp"
#include "support/catch.hpp"

namespace sonde {
namespace {

Domain square() {
  return Domain({Parameter::linear("a", 0.0, 10.0), Parameter::linear("b", 0.0, 1.0)});
}

TEST_CASE("the nearest rows of a pool are those that sorting all by distance finds", "[snap]") {
  const Domain domain = square();
  Points rows = design::uniform(domain, 300, Rng(1));
  rows(7, 0) = 11.0;  // outside
  rows.row(9) = rows.row(8);
  const Points taken = rows.middleRows(20, 30);
  const Points x = design::uniform(domain, 4, Rng(2));
  const auto found = nearest_in(Pool(rows), domain, x, 5, taken);
  REQUIRE(found.size() == 4);
  for (Index i = 0; i < 4; ++i) {
    std::vector<std::pair<double, Index>> all;
    for (Index row = 0; row < 300; ++row) {
      if (row == 7 || row == 9 || (row >= 20 && row < 50)) continue;
      all.emplace_back((domain.to_unit(rows.row(row)) - domain.to_unit(x.row(i))).norm(), row);
    }
    std::sort(all.begin(), all.end());
    for (std::size_t k = 0; k < 5; ++k) {
      const Neighbour& neighbour = found[static_cast<std::size_t>(i)][k];
      CHECK(neighbour.row == all[k].second);
      CHECK(neighbour.distance == Approx(all[k].first));
      CHECK(neighbour.x == rows.row(neighbour.row).transpose());
    }
  }
}

TEST_CASE("points snap to rows of their own", "[snap]") {
  Points rows(3, 2);
  rows << 1.0, 0.1, 5.0, 0.5, 9.0, 0.9;
  Points x(4, 2);
  x << 4.0, 0.5, 4.5, 0.5, 5.0, 0.5, 0.0, 0.0;
  // The first has the middle row, the others what is left in the order of distance.
  const std::vector<Neighbour> snapped = snapped_to(Pool(rows), square(), x, Points(0, 2));
  REQUIRE(snapped.size() == 3);
  CHECK(snapped[0].row == 1);
  CHECK(snapped[1].row == 0);
  CHECK(snapped[2].row == 2);
}

}  // namespace
}  // namespace sonde
