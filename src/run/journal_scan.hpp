#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "run/journal_record.hpp"

namespace sonde::record {

/// All that a journal's text says.
struct Scan {
  Preamble preamble{};
  Writer writer{};  ///< the last that opened it
  std::vector<Event> events{};
  std::vector<std::string> notes{};
  std::map<std::string, std::vector<Event>> requested{};  ///< by the name of the request
  Index next_seq = 0;
  std::uint32_t checksum = 0;
  std::size_t end = 0;  ///< bytes of whole lines
};

/// A line is these digits of its checksum, a blank, JSON, and a newline.
inline constexpr std::size_t checksum_digits = 8;
std::string digits_of(std::uint32_t checksum);
/// The JSON of a line whose checksum is right after `before`; otherwise empty.
std::string_view checked(std::string_view line, std::uint32_t before);

/// What a machine that stopped while a journal was created may leave: nothing, or a piece of the
/// first line, parts of it zero.
bool torn_head(std::string_view text);

/// Of whole lines. What a stopped machine left behind them is left out: it was never acknowledged.
/// \throws StoreError where something that was acknowledged is damaged, with its offset
Scan scan_text(std::string_view text, const std::filesystem::path& file);

/// Takes one record more. \throws StoreError, without where, if it is not the next one
void take(Scan& scan, Record found, const std::filesystem::path& file);

}  // namespace sonde::record
