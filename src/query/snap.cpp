#include "sonde/query/snap.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "query/known_points.hpp"
#include "sonde/base/error.hpp"

namespace sonde {
namespace {

using query::KnownPoints;

// The nearest so far, the nearest first.
class Nearest {
 public:
  explicit Nearest(Index count) : count_(static_cast<std::size_t>(count)) {}

  double reach() const {
    return found_.size() < count_ ? std::numeric_limits<double>::infinity()
                                  : found_.back().distance;
  }

  void add(Neighbour neighbour, const Domain& domain, double same_point) {
    const Vector u = domain.to_unit(neighbour.x);
    const bool known = std::any_of(found_.begin(), found_.end(), [&](const Neighbour& other) {
      return (domain.to_unit(other.x) - u).lpNorm<Eigen::Infinity>() < same_point;
    });
    if (known) return;
    const auto place = std::upper_bound(
        found_.begin(), found_.end(), neighbour.distance,
        [](double distance, const Neighbour& other) { return distance < other.distance; });
    found_.insert(place, std::move(neighbour));
    if (found_.size() > count_) found_.pop_back();
  }

  std::vector<Neighbour> found() && { return std::move(found_); }

 private:
  std::size_t count_;
  std::vector<Neighbour> found_{};
};

}  // namespace

std::vector<std::vector<Neighbour>> nearest_in(const Pool& pool, const Domain& domain, PointsView x,
                                               Index count, PointsView taken, double same_point) {
  require(pool.dim() == domain.dim() && x.cols() == domain.dim(), "nearest_in: expected points of ",
          domain.dim(), " parameters, got ", x.cols(), " and a pool of ", pool.dim());
  require(count > 0, "nearest_in: expected a number of rows above 0, got ", count);
  KnownPoints known(domain, same_point);
  known.add_rows(taken);
  const Points centres = domain.rows_to_unit(x);
  std::vector<Nearest> nearest(static_cast<std::size_t>(x.rows()), Nearest(count));
  pool.visit([&](Index first, PointsView block) {
    const Points u = domain.rows_to_unit(block);
    for (Index i = 0; i < block.rows(); ++i) {
      bool checked = false;
      for (Index c = 0; c < centres.rows(); ++c) {
        Nearest& its = nearest[static_cast<std::size_t>(c)];
        const double distance = (u.row(i) - centres.row(c)).norm();
        if (!(distance < its.reach())) continue;
        if (!checked && (!domain.admits(block.row(i)) || known.has(u.row(i)))) break;
        checked = true;
        its.add({first + i, block.row(i), distance}, domain, same_point);
      }
    }
  });
  std::vector<std::vector<Neighbour>> found;
  for (Nearest& one : nearest) found.push_back(std::move(one).found());
  return found;
}

std::vector<Neighbour> snapped_to(const Pool& pool, const Domain& domain, PointsView x,
                                  PointsView taken, double same_point) {
  if (x.rows() == 0) return {};
  const auto candidates = nearest_in(pool, domain, x, x.rows(), taken, same_point);
  KnownPoints used(domain, same_point);
  std::vector<Neighbour> snapped;
  for (const std::vector<Neighbour>& of_one : candidates) {
    for (const Neighbour& neighbour : of_one) {
      if (used.has(domain.to_unit(neighbour.x))) continue;
      used.add(neighbour.x);
      snapped.push_back(neighbour);
      break;
    }
  }
  return snapped;
}

}  // namespace sonde
