#pragma once

#include <map>
#include <span>
#include <vector>

#include "sonde/gp/surrogate.hpp"
#include "sonde/run/campaign.hpp"

namespace sonde {

/// What was known at some moment of a campaign.
class Known {
 public:
  void apply(const Event& event);
  Index size() const noexcept { return static_cast<Index>(observed_.size()); }
  std::vector<Index> ids() const;                ///< of what was answered Ok, rising
  Dataset data(Index dim, Index outputs) const;  ///< in the order of ids()

 private:
  void apply_one(const Asked& asked);
  void apply_one(const Answered& answered);
  void apply_one(const Corrected& corrected);
  void apply_one(const Reviewed& reviewed);
  void apply_one(const Leased&) {}
  void apply_one(const Told&) {}
  void apply_one(const Edited&) {}

  std::map<Index, Vector> asked_{};
  std::map<Index, Vector> moved_{};  ///< simulated elsewhere than asked
  std::map<Index, Vector> observed_{};
};

/// A surrogate that made queries: parameters, and the data with which they were first used.
struct ModelVersion {
  Matrix parameters;  ///< Surrogate::parameters()
  Dataset data;
  std::vector<Index> ids;        ///< the query of each row of data
  std::vector<Index> queries{};  ///< those that it made
};

/// In the order in which they came; a new one where the parameters changed.
std::vector<ModelVersion> model_versions(std::span<const Event> events, Index dim, Index outputs);

}  // namespace sonde
