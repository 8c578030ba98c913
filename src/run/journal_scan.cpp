#include "run/journal_scan.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <utility>

#include "run/checksum.hpp"
#include "sonde/base/error.hpp"

namespace sonde::record {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void throw_damage(const fs::path& file, std::size_t offset, const std::string& what) {
  throw StoreError(concat(file.string(), ": damaged at byte ", offset, ": ", what,
                          ". Restore it from a copy, or rescue what is whole: sonde repair ",
                          file.parent_path().string()));
}

bool has_zeros(std::string_view line) {
  return line.find('\0') != std::string_view::npos;
}

// The number of the first record that was written at once with the one of this line; nothing where
// the line does not say.
std::optional<Index> group_of(std::string_view line) {
  constexpr std::string_view key = ",\"group\":";
  const std::size_t place = line.rfind(key);
  if (place == std::string_view::npos) return std::nullopt;
  Index group = 0;
  for (std::size_t i = place + key.size(); i < line.size() && line[i] != '}'; ++i) {
    if (line[i] < '0' || line[i] > '9' || group > 1'000'000'000'000) return std::nullopt;
    group = 10 * group + (line[i] - '0');
  }
  return group;
}

// Whether a tail whose first line is not whole is what a stopped machine left, with pages that
// never reached the disk: then all of its lines were written at once, or are not whole either.
// Otherwise something acknowledged was changed.
bool torn(std::string_view tail, Index seq) {
  std::size_t newline = tail.find('\n');
  if (newline == std::string_view::npos) return true;
  if (!has_zeros(tail.substr(0, newline))) return false;
  while (newline + 1 < tail.size()) {
    tail.remove_prefix(newline + 1);
    newline = tail.find('\n');
    if (newline == std::string_view::npos) return true;
    const std::string_view line = tail.substr(0, newline);
    if (has_zeros(line)) continue;
    const std::optional<Index> group = group_of(line);
    if (!group || *group > seq) return false;
  }
  return true;
}

class NewerSchema : public StoreError {
 public:
  using StoreError::StoreError;
};

void take_head(Scan& scan, Head head, const fs::path& file) {
  if (head.schema > schema) {
    throw NewerSchema(concat(file.string(), ": written by sonde ", head.preamble.version,
                             " (schema ", head.schema, "); this sonde reads schema ", schema,
                             ". Use the newer sonde."));
  }
  scan.preamble = std::move(head.preamble);
  scan.writer = std::move(head.writer);
}

}  // namespace

std::string digits_of(std::uint32_t checksum) {
  std::string text(checksum_digits, '0');
  for (std::size_t i = checksum_digits; i-- > 0; checksum >>= 4)
    text[i] = "0123456789abcdef"[checksum & 15u];
  return text;
}

std::string_view checked(std::string_view line, std::uint32_t before) {
  if (line.size() <= checksum_digits + 1 || line[checksum_digits] != ' ') return {};
  const std::string_view json = line.substr(checksum_digits + 1);
  return line.substr(0, checksum_digits) == digits_of(crc32c(json, before)) ? json
                                                                            : std::string_view{};
}

bool torn_head(std::string_view text) {
  constexpr std::string_view start = " {\"kind\":\"head\"";
  const std::size_t newline = text.find('\n');
  if (newline != std::string_view::npos && (newline + 1 < text.size() || !has_zeros(text)))
    return false;
  for (std::size_t i = 0; i < std::min(text.size(), checksum_digits + start.size()); ++i) {
    const bool digit = std::string_view("0123456789abcdef").find(text[i]) != std::string_view::npos;
    const bool fits = i < checksum_digits ? digit : text[i] == start[i - checksum_digits];
    if (!fits && text[i] != '\0') return false;
  }
  return true;
}

void take(Scan& scan, Record found, const fs::path& file) {
  auto* head = std::get_if<Head>(&found.content);
  require<StoreError>(found.seq == scan.next_seq && (head != nullptr) == (scan.next_seq == 0),
                      "expected record ", scan.next_seq, ", got ", head ? "the head, " : "",
                      "record ", found.seq);
  if (head) {
    take_head(scan, std::move(*head), file);
  } else if (auto* event = std::get_if<Event>(&found.content)) {
    if (!found.request.empty()) scan.requested[found.request].push_back(*event);
    scan.events.push_back(std::move(*event));
  } else if (auto* note = std::get_if<Note>(&found.content)) {
    if (note->writer) scan.writer = *note->writer;
    scan.notes.push_back(std::move(note->text));
  }
  ++scan.next_seq;
}

Scan scan_text(std::string_view text, const fs::path& file) {
  if (torn_head(text)) {
    throw StoreError(concat(file.string(),
                            ": nothing is recorded yet: not even the first line is "
                            "whole. Begin the campaign anew."));
  }
  Scan scan;
  while (scan.end < text.size()) {
    const std::size_t newline = text.find('\n', scan.end);
    if (newline == std::string_view::npos) break;
    const std::string_view json = checked(text.substr(scan.end, newline - scan.end), scan.checksum);
    if (json.empty()) {
      if (scan.next_seq > 0 && torn(text.substr(scan.end), scan.next_seq)) break;
      throw_damage(file, scan.end,
                   scan.next_seq == 0 ? "the first line is not that of a journal"
                                      : "the checksum of the line does not fit");
    }
    if (json.size() > max_line) throw_damage(file, scan.end, "the line is above 16 MiB");
    try {
      take(scan, read(json), file);
    } catch (const NewerSchema&) {
      throw;
    } catch (const StoreError& failure) {
      throw_damage(file, scan.end, failure.what());
    }
    scan.checksum = crc32c(json, scan.checksum);
    scan.end = newline + 1;
  }
  if (scan.next_seq == 0) throw_damage(file, 0, "the first line is not that of a journal");
  return scan;
}

}  // namespace sonde::record
