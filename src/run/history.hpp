#pragma once

#include <map>
#include <span>
#include <vector>

#include "sonde/gp/surrogate.hpp"
#include "sonde/run/campaign.hpp"

namespace sonde {

/// What surrogates had to learn from at some moment of a campaign.
class Known {
 public:
  void apply(const Event& event);
  Index size() const { return static_cast<Index>(ids().size()); }
  std::vector<Index> ids() const;                ///< of what is learnt from, rising
  Dataset data(Index dim, Index outputs) const;  ///< in the order of ids()

 private:
  bool teaches(Index id) const;
  void apply_one(const Fitted&) {}
  void apply_one(const Asked& asked);
  void apply_one(const Answered& answered);
  void apply_one(const Corrected& corrected);
  void apply_one(const Reviewed& reviewed);
  void apply_one(const Leased&) {}
  void apply_one(const Told&) {}
  void apply_one(const Edited&) {}  // what is known stays known
  void apply_one(const Marked& marked);
  void apply_one(const Promoted&) {}
  void apply_one(const Passed&) {}

  std::map<Index, Vector> asked_{};
  std::map<Index, Vector> moved_{};  ///< simulated elsewhere than asked
  std::map<Index, Vector> observed_{};
  std::map<Index, Role> roles_{};  ///< where it is not Train
};

/// Answers to fewer outputs than there are since the study was changed: the others were not
/// observed.
Event padded(const Event& event, Index outputs);

/// A surrogate whose parameters were searched, and the data they were searched in.
struct ModelVersion {
  Fitted fitted;
  bool current = true;  ///< of the domain and the outputs as they are now
  Dataset data;
  std::vector<Index> ids;        ///< the query of each row of data
  std::vector<Index> queries{};  ///< those that it made
};

/// In the order of their numbers.
std::vector<ModelVersion> model_versions(std::span<const Event> events, Index dim, Index outputs);

}  // namespace sonde
