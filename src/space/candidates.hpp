#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sonde/space/domain.hpp"
#include "space/sequences.hpp"

namespace sonde::space {

/// The same box and constraints, every parameter uniform along its scale.
Domain without_distributions(const Domain& domain);

Points rows_from_quantiles(const Domain& domain, PointsView u);  ///< (n, d) -> (n, d)

/// Number of distinct points of the box; infinite where a parameter is continuous.
double count_of_points(const Domain& domain);
/// Every point of the box in the order of its levels. \pre count_of_points is small
Points every_point(const Domain& domain);

struct Drawn {
  Points points;    ///< (k, d) admissible, none twice
  Index candidates; /**< points of the box that it took */
};
/// The first n admissible points of the source; fewer where after `patience` candidates the share
/// of admissible ones is below 1e-3, or the same points come again and again.
Drawn first_admissible(const Domain& domain, Index n, const Source& source, Index patience);

/// The rows of x (n, d) that the domain admits.
Points admitted_rows(const Domain& domain, const Points& x);

/// x, each row once, in the order of first occurrence.
Points distinct_rows(PointsView x);

/// Share of the rows that each constraint refuses alone; fields of one name count as one.
std::vector<std::pair<std::string, double>> rejected_shares(const Domain& domain, PointsView x);
/// "'no stall' excludes 99.9 %, 'area' 12 %", the strictest first.
std::string in_words(std::vector<std::pair<std::string, double>> rejected);

}  // namespace sonde::space
