#include "sonde/base/scalar_field.hpp"

#include "sonde/base/error.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"

using namespace sonde;

TEST_CASE("a field of one argument has no gradient and says so", "[scalar_field]") {
  const ScalarField field([](VectorView x) { return x.sum(); });
  Vector gradient(2);
  CHECK_FALSE(field.has_gradient());
  CHECK(field(Vector{{1.0, 2.0}}) == 3.0);
  CHECK(testing_support::contains(testing_support::message_of<ArgumentError>([&] {
                                    field(Vector{{1.0, 2.0}}, gradient);
                                  }),
                                  "a gradient was asked of a function that has none"));
}

TEST_CASE("a field of two arguments gives value and gradient, or the value alone",
          "[scalar_field]") {
  const ScalarField field([](VectorView x, VectorOut gradient) {
    if (gradient.size() > 0) gradient = 2.0 * x;
    return x.squaredNorm();
  });
  Vector gradient(2);
  CHECK(field.has_gradient());
  CHECK(field(Vector{{1.0, 2.0}}) == 5.0);
  CHECK(field(Vector{{1.0, 2.0}}, gradient) == 5.0);
  CHECK(gradient == Vector{{2.0, 4.0}});
}

TEST_CASE("rows are evaluated one by one unless a cheaper way is told", "[scalar_field]") {
  const ScalarField field([](VectorView x) { return x.sum(); });
  const Points x{{1.0, 2.0}, {3.0, 4.0}};
  CHECK(field.on_rows(x) == Vector{{3.0, 7.0}});
  const ScalarField batched =
      field.with_rows([](PointsView p) -> Vector { return -p.rowwise().sum(); });
  CHECK(batched.on_rows(x) == Vector{{-3.0, -7.0}});
  CHECK(batched(Vector{{1.0, 2.0}}) == 3.0);
}
