#include "space/candidates.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <unordered_set>

#include "sonde/base/error.hpp"
#include "space/axis.hpp"

namespace sonde::space {
namespace {

constexpr double rare_share = 1e-3;

struct RowHash {
  std::size_t operator()(const std::vector<double>& row) const {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (const double value : row) {
      hash = (hash ^ std::bit_cast<std::uint64_t>(value)) * 0x100000001b3ULL;
      hash ^= hash >> 29;
    }
    return static_cast<std::size_t>(hash);
  }
};

// Rows kept in the order in which they came, each once.
class DistinctRows {
 public:
  explicit DistinctRows(Index dim) : dim_(dim) {}

  void add(VectorView row) {
    std::vector<double> key(row.begin(), row.end());
    if (seen_.insert(key).second) values_.insert(values_.end(), key.begin(), key.end());
  }
  Index count() const { return static_cast<Index>(seen_.size()); }
  Points points() const {
    return Eigen::Map<const Points>(values_.data(), static_cast<Index>(values_.size()) / dim_,
                                    dim_);
  }

 private:
  Index dim_;
  std::unordered_set<std::vector<double>, RowHash> seen_;
  std::vector<double> values_;
};

// 99.97 % stays below 100 %.
std::string percent(double share) {
  if (share >= 1.0) return "all of the box";
  const double hundredths = 100.0 * share;
  const int decimals =
      share > 0.99 ? static_cast<int>(std::ceil(-std::log10(100.0 - hundredths))) : 0;
  const double power = std::pow(10.0, std::max(decimals, share < 0.1 ? 1 : 0));
  return concat(std::round(hundredths * power) / power, " %");
}

}  // namespace

Domain without_distributions(const Domain& domain) {
  std::vector<Parameter> parameters = domain.parameters();
  for (Parameter& parameter : parameters) parameter.distribution.reset();
  return Domain(std::move(parameters), domain.constraints());
}

Points rows_from_quantiles(const Domain& domain, PointsView u) {
  Points x(u.rows(), u.cols());
  for (Index i = 0; i < u.rows(); ++i) {
    x.row(i) = domain.from_quantiles(u.row(i).transpose()).transpose();
  }
  return x;
}

double count_of_points(const Domain& domain) {
  double count = 1.0;
  for (const Parameter& p : domain.parameters()) {
    count *= p.discrete() ? p.upper - p.lower + 1.0 : std::numeric_limits<double>::infinity();
  }
  return count;
}

Points every_point(const Domain& domain) {
  Points points(static_cast<Index>(count_of_points(domain)), domain.dim());
  Vector levels(domain.dim());
  for (Index j = 0; j < domain.dim(); ++j) {
    levels[j] = domain.parameters()[static_cast<std::size_t>(j)].lower;
  }
  for (Index i = 0; i < points.rows(); ++i) {
    points.row(i) = levels.transpose();
    for (Index j = domain.dim() - 1; j >= 0; --j) {
      const Parameter& p = domain.parameters()[static_cast<std::size_t>(j)];
      if (++levels[j] <= p.upper) break;
      levels[j] = p.lower;
    }
  }
  return points;
}

Points admitted_rows(const Domain& domain, const Points& x) {
  const std::vector<bool> admitted = domain.rows_admitted(x);
  Points result(std::count(admitted.begin(), admitted.end(), true), x.cols());
  for (Index i = 0, k = 0; i < x.rows(); ++i) {
    if (admitted[static_cast<std::size_t>(i)]) result.row(k++) = x.row(i);
  }
  return result;
}

Points distinct_rows(PointsView x) {
  DistinctRows rows(x.cols());
  for (Index i = 0; i < x.rows(); ++i) rows.add(x.row(i).transpose());
  return rows.points();
}

Drawn first_admissible(const Domain& domain, Index n, const Source& source, Index patience) {
  DistinctRows found(domain.dim());
  Index drawn = 0;
  Index admissible = 0;
  while (found.count() < n) {
    const bool rare = static_cast<double>(admissible) < rare_share * static_cast<double>(drawn);
    const bool exhausted = admissible > 100 * (found.count() + n);
    if (drawn >= patience && (rare || exhausted)) break;
    const Index block = std::clamp<Index>(drawn, std::max<Index>(n, 64), 4096);
    const Points x = rows_from_quantiles(domain, source(block));
    const std::vector<bool> admitted = domain.rows_admitted(x);
    for (Index i = 0; i < block && found.count() < n; ++i, ++drawn) {
      if (!admitted[static_cast<std::size_t>(i)]) continue;
      ++admissible;
      found.add(x.row(i).transpose());
    }
  }
  return {found.points(), drawn};
}

std::vector<std::pair<std::string, double>> rejected_shares(const Domain& domain, PointsView x) {
  std::vector<std::pair<std::string, double>> shares;
  std::vector<std::vector<bool>> refused;
  for (const Constraint& constraint : domain.constraints()) {
    const auto known = std::find_if(shares.begin(), shares.end(), [&](const auto& share) {
      return share.first == constraint.name;
    });
    const auto place = static_cast<std::size_t>(known - shares.begin());
    if (known == shares.end()) {
      shares.emplace_back(constraint.name, 0.0);
      refused.emplace_back(static_cast<std::size_t>(x.rows()), false);
    }
    const Vector excess = constraint.excess.on_rows(x);
    for (Index i = 0; i < x.rows(); ++i) {
      if (!(excess[i] <= constraint.tolerance)) refused[place][static_cast<std::size_t>(i)] = true;
    }
  }
  for (std::size_t k = 0; k < shares.size(); ++k) {
    const auto count = std::count(refused[k].begin(), refused[k].end(), true);
    shares[k].second =
        static_cast<double>(count) / static_cast<double>(std::max<Index>(x.rows(), 1));
  }
  return shares;
}

std::string in_words(std::vector<std::pair<std::string, double>> rejected) {
  std::stable_sort(rejected.begin(), rejected.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string words;
  for (const auto& [name, share] : rejected) {
    if (share == 0.0) continue;
    words += concat(words.empty() ? "" : ", ", "'", name, "' ", words.empty() ? "excludes " : "",
                    percent(share));
  }
  return words;
}

}  // namespace sonde::space
