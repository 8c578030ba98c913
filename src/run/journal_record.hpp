#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "sonde/run/journal.hpp"

namespace sonde::record {

inline constexpr int schema = 1;
inline constexpr std::size_t max_line = 16u << 20;  ///< bytes, without the newline
inline constexpr int max_depth = 32;                ///< of nested brackets

/// Who holds a journal open for writing.
struct Writer {
  long process = 0;
  std::string host{};
};

struct Head {
  int schema = 0;
  Preamble preamble{};
  Writer writer{};
};

struct Note {
  std::string text{};
  std::optional<Writer> writer{};  ///< of the note with which a writer begins
};

struct Unknown {};  ///< a kind of a later release: kept in the file, of no effect

struct Record {
  Index seq = 0;
  std::variant<Head, Event, Note, Unknown> content;
  std::string request{};  ///< that brought an event about; empty: none did
};

// To compact JSON without a newline. Text that is not UTF-8 has U+FFFD where it is not.
std::string write(Index seq, const Head& head);
/// \param group number of the first of several records that are written at once
std::string write(Index seq, const Event& event, const std::string& request,
                  std::optional<Index> group = std::nullopt);
std::string write(Index seq, const Note& note);

/// \throws StoreError that says what was expected, without where. Of a head of a newer schema
///   only `schema` and the version are read.
Record read(std::string_view json);

}  // namespace sonde::record
