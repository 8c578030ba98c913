#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sonde/run/journal.hpp"

namespace sonde {

/// What could not be rescued of a damaged journal.
struct Loss {
  std::size_t offset = 0;
  std::size_t bytes = 0;
  std::string what{};
};

/// What is whole in a damaged journal, in order, and what is not.
struct Rescue {
  /// Something recorded, with the name of the request that brought it about.
  struct Entry {
    std::optional<Event> event{};
    std::string note{};  ///< where it is no event
    std::string request{};
  };

  Preamble preamble{};
  std::vector<Entry> entries{};
  std::vector<Loss> lost{};
  std::vector<std::string> restored{};  ///< what was found elsewhere, or stands in, in words
};

/// Where a query was asked, for one whose question is lost; nothing where nobody knows.
using KnownPoint = std::function<std::optional<Vector>(Index id)>;

/// Lines count whose checksum fits the line before, and one behind a gap whose successor fits it.
/// Lost questions are asked again where `known` has their point; others are closed as rejected, so
/// that ids stay what they are. An event that does not follow from those before is lost as well.
/// \param begun what the campaign began with, where not even the first line is whole
/// \throws StoreError where it is damaged, and `begun` is empty
Rescue rescued_journal(std::string_view text, const std::filesystem::path& file,
                       const std::optional<Preamble>& begun, const KnownPoint& known);

/// Writes what was rescued to a new journal in the place of the damaged one, of which a copy is
/// kept beside it: at every moment the one or the other stands there. The copy's name is returned.
/// \throws JournalLocked, StoreError
std::filesystem::path replace_journal(const std::filesystem::path& file, const Rescue& rescue);

}  // namespace sonde
