#include "query/supposing.hpp"

#include <utility>

#include "sonde/base/error.hpp"

namespace sonde::query {

Surrogate supposing_what_it_can(Surrogate surrogate, PointsView x) {
  if (x.rows() == 0) return surrogate;
  try {
    return surrogate.supposing(x);
  } catch (const NumericalError&) {
    if (x.rows() == 1) return surrogate;
  }
  for (Index i = 0; i < x.rows(); ++i)
    surrogate = supposing_what_it_can(std::move(surrogate), x.middleRows(i, 1));
  return surrogate;
}

}  // namespace sonde::query
