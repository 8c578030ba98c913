#pragma once

#include <cstdint>
#include <string>

namespace sonde {

/// Tells for how long a simulation has written nothing, neither to its streams nor to files below
/// `folder`. Times in seconds of a monotonic clock.
class ProgressWatch {
 public:
  /// \param limit seconds, may be infinite: then nothing is ever looked at
  ProgressWatch(double limit, double now, std::string folder = ".");

  void heard(double now) { last_sign_ = now; }  ///< something came through a stream
  bool stalled(double now);                     ///< may scan the directory
  double next_look() const;                     ///< when stalled() is worth calling again

 private:
  std::string folder_;
  double limit_;
  double last_sign_;
  double next_scan_;
  std::uint64_t fingerprint_;
};

}  // namespace sonde
