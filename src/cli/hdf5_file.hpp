#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/allowance.hpp"
#include "cli/campaign_folder.hpp"
#include "sonde/run/metrics.hpp"

namespace sonde::cli {

/// The learning curve up to now; its errors on held-out runs where a comparison has kept some.
std::vector<MetricsRow> metrics_of(OpenCampaign& open, const std::vector<Event>& events);

/// Writes the HDF5 file anew. \param journal with the events that made the campaign what it is:
/// the writer reads its own again, a reader has it.  \throws StoreError
void write_hdf5(OpenCampaign& open, const Journal& journal, const std::filesystem::path& file);

/// The campaign's HDF5 file while the campaign runs: made anew where something was recorded, in at
/// most 2 % of the time. Parameters are not searched for it: its newest model has all runs, and the
/// parameters that the campaign found last. Models that were replaced, and the learning curve
/// before this session, come in once there is plenty of time for them.
class LiveFile {
 public:
  using Say = std::function<void(const std::string&)>;

  /// \param say what went wrong, once: the file is derived, and will be made again
  LiveFile(OpenCampaign& open, Say say);
  /// Cheap where nothing is to be done.
  void look();

 private:
  double seconds() const;
  void write();

  OpenCampaign& open_;
  Say say_;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  Allowance allowance_;
  std::uintmax_t seen_ = 0;      // bytes of the journal that the file was made from
  std::size_t replaced_ = 0;     // models, in what was written last
  double each_ = 0.0;            // s, what the newest model and all runs took last
  bool with_model_ = false;      // so was that
  bool whole_ = false;           // nothing is left out any more
  bool curve_is_whole_ = false;  // it begins with the campaign, not with this session
  std::vector<MetricsRow> curve_{};
  std::string said_{};
};

}  // namespace sonde::cli
