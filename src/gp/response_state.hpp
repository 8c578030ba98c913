#pragma once

#include <optional>
#include <vector>

#include "gp/noise.hpp"
#include "sonde/gp/surrogate.hpp"

namespace sonde {

/// How queries become what the kernels see: the unit cube, with m columns of 0 and 1 / sqrt(2) for
/// a Choice of m > 2 labels, so that any two labels are one apart.
class Features {
 public:
  /// \param log_inputs Linear parameters with a lower bound above 0 run along their logarithm.
  Features(const Domain& domain, bool log_inputs);

  Index size() const noexcept { return size_; }             ///< p
  Points rows(PointsView x) const;                          ///< (n, d) -> (n, p)
  Vector point(VectorView x) const;                         ///< (d) -> (p)
  Vector chained(VectorView x, VectorView gradient) const;  ///< gradient (p) -> natural (d)
  Vector shortest(VectorView log_lengths) const;            ///< (p) -> (d)

 private:
  struct Column {
    Index first;
    Index count;  // 1, or the labels of a Choice
  };
  Points in_reach(PointsView x) const;

  Domain domain_;
  std::vector<Column> columns_;  // (d)
  Vector least_;                 // (d) of what has a logarithm
  Index size_ = 0;
};

struct Response::State {
  std::vector<Member> members;
  std::vector<Features> features;  // of each member
  std::vector<Index> train_rows;   // (n)
  std::vector<Index> place;        // (n) the point of each
  Points x;                        // (m, d) natural units
  std::vector<Index> point_rows;   // (m)
  Vector observed;
  Vector noise_sd;  // (n) of each observation where it is known, or empty
  double spread;
  std::vector<std::optional<VaryingNoise>> varying_noise{};  // of each member
  Points supposed{};                                         // natural units

  /// (n) Of a further observation, in parts of the member's noise variance; empty: all 1.
  Vector noise_shares(std::size_t member, PointsView at) const {
    return varying_noise[member] ? varying_noise[member]->on_rows(at) : Vector();
  }
};

}  // namespace sonde
