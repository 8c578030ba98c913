#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "oracle/file.hpp"
#include "oracle/supervised.hpp"

namespace sonde {

/// Named resources of this machine, of which there are so many: licences, cards. A token is a file
/// NAME.0, NAME.1, ... that whoever holds it keeps locked, so that the kernel gives back what the
/// dead held. All campaigns that name a resource share it, as far as they share the directory: what
/// SONDE_TOKENS names, else one of the user's in the folder for temporary files.
class Tokens {
 public:
  /// \param pool how many there are of each  \param needed how many a run holds
  /// \throws StudyError where more are needed than there are, or of a name without a number.
  Tokens(std::vector<std::pair<std::string, int>> pool,
         std::vector<std::pair<std::string, int>> needed);

  /// All that a run needs, or, where a stop is wished before they can be had, none. Never some: two
  /// runs that wait for each other's do not happen. \throws StoreError
  std::vector<Descriptor> take(const StopEvent& stop) const;
  bool none() const noexcept { return needed_.empty(); }

 private:
  std::vector<Descriptor> try_all(const std::filesystem::path& folder) const;

  std::vector<std::pair<std::string, int>> pool_;
  std::vector<std::pair<std::string, int>> needed_;
};

}  // namespace sonde
