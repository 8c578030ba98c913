#include "gp/observations.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "gp/response_state.hpp"
#include "gp/transform.hpp"
#include "sonde/base/error.hpp"

namespace sonde::stack {

Standard standard_of(const Vector& values) {
  constexpr double rounding = 1e-13;
  constexpr double least = 1.0 / largest_value;
  // Values of any size: they are divided by the largest before they are squared.
  const double largest = values.cwiseAbs().maxCoeff();
  const double unit = largest > 0.0 ? largest : 1.0;
  const Vector v = values / unit;
  const double mean = v.mean();
  const double sd = std::sqrt((v.array() - mean).square().mean());
  const bool varies = sd > rounding && sd * unit > least;
  return {mean * unit, std::max((varies ? sd : 1e-9) * unit, least), varies};
}

Observed observed(const Domain& domain, const Output& output, const Dataset& data, Index column) {
  Observed found;
  found.of_classes = output.is_class();
  for (Index i = 0; i < data.size(); ++i) {
    if (!std::isnan(data.y(i, column))) found.rows.push_back(i);
  }
  const Index n = static_cast<Index>(found.rows.size());
  require(n >= 2, "Surrogate: output '", output.name, "' has ", n,
          " observations; a fit takes two or more");
  found.y = data.y.col(column)(found.rows);
  if (data.noise_sd.size() > 0) found.noise_sd = data.noise_sd.col(column)(found.rows);
  for (Index i = 0; i < n; ++i) {
    const Index row = found.rows[static_cast<std::size_t>(i)];
    require(std::isfinite(found.y[i]), "Surrogate: output '", output.name, "' is ", found.y[i],
            " in row ", row, "; leave out what failed as NaN");
    require(
        found.noise_sd.size() == 0 || (std::isfinite(found.noise_sd[i]) && found.noise_sd[i] > 0.0),
        "Surrogate: expected a noise of output '", output.name, "' above zero in row ", row,
        ", got ", found.noise_sd.size() == 0 ? 0.0 : found.noise_sd[i]);
  }
  const Points x = data.x(found.rows, Eigen::all);
  found.place = replicates(domain.rows_to_unit(x));
  // Of one point alone nothing could be left out: its observations stand side by side.
  if (*std::max_element(found.place.begin(), found.place.end()) == 0)
    std::iota(found.place.begin(), found.place.end(), Index{0});
  std::vector<Index> firsts;
  for (std::size_t i = 0; i < found.place.size(); ++i) {
    if (found.place[i] < static_cast<Index>(firsts.size())) continue;
    firsts.push_back(static_cast<Index>(i));
    found.point_rows.push_back(found.rows[i]);
  }
  found.x = x(firsts, Eigen::all);
  found.standard = standard_of(found.y);
  require<NumericalError>(found.standard.scale <= largest_value, "Surrogate: output '", output.name,
                          "' varies by ", found.standard.scale,
                          ", the square of which has no place in double precision. Choose another "
                          "unit.");
  return found;
}

std::vector<Index> replicates(PointsView unit) {
  constexpr double rounding = 1e-9;  // of an input's range
  // Along the first input only those within reach are compared.
  std::vector<Index> order(static_cast<std::size_t>(unit.rows()));
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](Index a, Index b) { return unit(a, 0) < unit(b, 0); });
  std::vector<Index> first(order.size());  // earliest row that each repeats: itself, mostly
  std::iota(first.begin(), first.end(), Index{0});
  for (std::size_t i = 0; i < order.size(); ++i) {
    for (std::size_t j = i; j-- > 0 && unit(order[i], 0) - unit(order[j], 0) <= rounding;) {
      const double apart = (unit.row(order[i]) - unit.row(order[j])).cwiseAbs().maxCoeff();
      if (apart > rounding) continue;
      const Index earliest = std::min(first[static_cast<std::size_t>(order[i])],
                                      first[static_cast<std::size_t>(order[j])]);
      first[static_cast<std::size_t>(order[i])] = earliest;
      first[static_cast<std::size_t>(order[j])] = earliest;
    }
  }
  std::vector<Index> place(order.size());
  Index points = 0;
  for (std::size_t i = 0; i < place.size(); ++i) {
    const auto of = static_cast<std::size_t>(first[i]);
    place[i] = of == i ? points++ : place[of];
  }
  return place;
}

Observed only(const Observed& observed, const std::vector<Index>& points) {
  std::vector<Index> now(static_cast<std::size_t>(observed.x.rows()), -1);
  Observed part{{},
                {},
                {},
                observed.x(points, Eigen::all),
                {},
                {},
                {},
                observed.of_classes,
                observed.varying};
  for (std::size_t k = 0; k < points.size(); ++k)
    now[static_cast<std::size_t>(points[k])] = static_cast<Index>(k);
  std::vector<Index> taken;
  for (std::size_t i = 0; i < observed.place.size(); ++i) {
    const Index place = now[static_cast<std::size_t>(observed.place[i])];
    if (place < 0) continue;
    taken.push_back(static_cast<Index>(i));
    part.rows.push_back(observed.rows[i]);
    part.place.push_back(place);
  }
  part.y = observed.y(taken);
  if (observed.noise_sd.size() > 0) part.noise_sd = observed.noise_sd(taken);
  part.standard = standard_of(part.y);
  return part;
}

void find_varying_noise(const Domain& domain, const ModelOptions& options, Observed& observed) {
  const Index points = observed.x.rows();
  const bool told = observed.noise_sd.size() > 0 || !std::isnan(options.noise_sd);
  if (!options.varying_noise || told || points == observed.y.size() || !observed.standard.varies)
    return;
  const Features features(domain, false);
  for (const Transform transform : {Transform::None, Transform::SquareRoot, Transform::Log}) {
    const bool wanted =
        std::any_of(options.stack.begin(), options.stack.end(),
                    [&](const MemberKind& kind) { return kind.transform == transform; });
    if (!wanted || (transform != Transform::None && !(observed.y.minCoeff() > 0.0))) continue;
    Transformed seen = transformed({.transform = transform}, observed);
    seen.z /= standard_of(seen.z).scale;
    const Averages means = averages(seen, observed.place, points);
    observed.varying[static_cast<std::size_t>(transform)] = VaryingNoise::found(
        features, observed.x, {means.scatter, means.weight.array() - 1.0}, options.fit.min_noise);
  }
}

Transformed transformed(const MemberKind& kind, const Observed& observed) {
  Transformed seen{Vector(observed.y.size()), observed.noise_sd};
  for (Index i = 0; i < seen.z.size(); ++i) {
    const double y = observed.y[i];
    seen.z[i] = transform::forward(kind.transform, y);
    if (seen.noise.size() == 0) continue;
    const double sd = seen.noise[i] * std::exp(transform::log_slope(kind.transform, y));
    seen.noise[i] = sd * sd;
  }
  return seen;
}

Averages averages(const Transformed& seen, const std::vector<Index>& place, Index points) {
  Averages means{Vector::Zero(points), Vector::Zero(points), Vector::Zero(points)};
  const auto weight_of = [&](Index i) { return seen.noise.size() > 0 ? 1.0 / seen.noise[i] : 1.0; };
  for (Index i = 0; i < seen.z.size(); ++i) {
    const Index p = place[static_cast<std::size_t>(i)];
    means.weight[p] += weight_of(i);
    means.z[p] += (seen.z[i] - means.z[p]) * weight_of(i) / means.weight[p];
  }
  for (Index i = 0; i < seen.z.size(); ++i) {
    const Index p = place[static_cast<std::size_t>(i)];
    means.scatter[p] += (seen.z[i] - means.z[p]) * (seen.z[i] - means.z[p]);
  }
  return means;
}

}  // namespace sonde::stack
