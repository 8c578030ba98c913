#include "query/measure.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

#include "query/weighing.hpp"
#include "sonde/base/error.hpp"
#include "sonde/base/parallel.hpp"

namespace sonde::query {
namespace {

constexpr Index rows_a_task = 256;

}  // namespace

Measure distance_from(const KnownPoints& known, const std::string& reason) {
  const auto points = std::make_shared<const KnownPoints>(known);
  const auto worth = [points](VectorView x) {
    if (points->size() == 0) return 1.0;
    const Vector u = points->domain().to_unit(x);
    return std::sqrt(
        (points->unit_rows().rowwise() - u.transpose()).rowwise().squaredNorm().minCoeff());
  };
  return {Acquisition(worth), concat("space filling: ", reason), true};
}

Measure measure_of(const Surrogate& surrogate, const Criterion& criterion, const KnownPoints& known,
                   Rng rng) {
  try {
    return {wanted(criterion, surrogate, rng.child("criterion")),
            criterion.why ? criterion.why(surrogate) : criterion.name};
  } catch (const NumericalError& failure) {
    return distance_from(known, failure.what());
  }
}

Vector scored(const Acquisition& worth, PointsView x, int threads) {
  Vector values(x.rows());
  const Index tasks = (x.rows() + rows_a_task - 1) / rows_a_task;
  parallel_for(tasks, threads, [&](Index t) {
    const Index first = t * rows_a_task;
    const Index count = std::min(rows_a_task, x.rows() - first);
    values.segment(first, count) = worth.on_rows(x.middleRows(first, count));
  });
  return values;
}

}  // namespace sonde::query
