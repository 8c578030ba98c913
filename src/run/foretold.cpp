#include "run/foretold.hpp"

#include <limits>

namespace sonde {

Foretold foretold(const Surrogate& surrogate, PointsView x, int threads) {
  const auto m = static_cast<Index>(surrogate.outputs().size());
  Foretold all{Matrix(x.rows(), m), Matrix(x.rows(), m)};
  for (Index j = 0; j < m; ++j) {
    const Marginals its = surrogate[j].predict(x, threads);
    all.value.col(j) = its.mean;
    all.deviation.col(j) = its.variance.cwiseMax(0.0).cwiseSqrt();
    if (!surrogate.outputs()[static_cast<std::size_t>(j)].is_class()) continue;
    if (!surrogate.classes(j)) {  // one class alone was seen: it is what is foretold
      all.value.col(j).setConstant(surrogate[j].observed()[0]);
      all.deviation.col(j).setConstant(std::numeric_limits<double>::quiet_NaN());
      continue;
    }
    const Matrix p = surrogate.classes(j)->probability(x);
    for (Index i = 0; i < x.rows(); ++i) {
      Index likely = 0;
      all.deviation(i, j) = 1.0 - p.row(i).maxCoeff(&likely);
      all.value(i, j) = static_cast<double>(likely);
    }
  }
  return all;
}

}  // namespace sonde
