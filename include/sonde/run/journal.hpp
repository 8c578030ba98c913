#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sonde/base/error.hpp"
#include "sonde/run/campaign.hpp"
#include "sonde/space/domain.hpp"

namespace sonde {

/// Another process writes the journal now.
class JournalLocked : public StoreError {
 public:
  using StoreError::StoreError;
};

/// There is no room for what was to be recorded: nothing of it is. There may be room later.
class JournalFull : public StoreError {
 public:
  using StoreError::StoreError;
};

/// What a journal begins with.
struct Preamble {
  std::vector<Parameter> parameters;
  std::vector<Output> outputs;
  std::uint64_t seed = 0;
  std::string study{};    ///< text of the study file
  std::string uuid{};     ///< create() makes one where empty
  std::string version{};  ///< of the Sonde that wrote it; create() fills it in where empty
  std::string created{};  ///< when, UTC, as 2026-01-31T12:00:00Z; likewise
};

/// The record of a campaign: an append-only text file, the only truth.
///
/// One line an event: CRC32C (8 hex digits), a blank, JSON. Checksums are chained: each is seeded
/// with the one before, so that a lost or doubled line is noticed. One writer, by flock.
class Journal {
 public:
  /// Whether a campaign is recorded there. False also of a file in which not even the first line
  /// is whole, as when the machine stopped during create(), which may then be called again.
  /// \throws StoreError where the file is there, but cannot be read.
  static bool begun(const std::filesystem::path& file);
  /// \throws StoreError where a campaign is recorded there already, another process writes it
  ///   (JournalLocked), or the file cannot be written.
  static Journal create(const std::filesystem::path& file, const Preamble& preamble);
  /// To go on writing. Cuts off a torn last line, says so in torn_bytes().
  /// \throws StoreError where another process writes it (JournalLocked), the schema is newer,
  ///   nothing is recorded yet, or the middle is damaged; the message gives the byte offset.
  static Journal open(const std::filesystem::path& file);
  /// To read, also while another process writes: up to the last whole line; append() is refused.
  static Journal read(const std::filesystem::path& file);

  const Preamble& preamble() const noexcept;
  const std::vector<Event>& events() const noexcept;  ///< found by open() or read()
  std::vector<std::string> notes() const;             ///< likewise, text of each
  Index torn_bytes() const noexcept;

  /// On the disk when it returns. \throws StoreError; the file then ends with what was recorded
  ///   before: JournalFull where there may be room later. After a failed sync nothing more is
  ///   written.
  void append(const Event& event);
  /// The same of an event that a request has brought about: its name stands in the same line, so
  /// that no request is carried out twice, whenever the process ends.
  void append(const Event& event, const std::string& request);
  /// Several that are ready at once, a line each, by one sync.
  void append(std::span<const Event> events, const std::string& request = "");
  /// What was recorded with the name of that request, whoever did.
  const std::vector<Event>& events_of(const std::string& request) const;
  /// Anything the fold ignores: where it started, why it stopped.
  void note(const std::string& text);

  /// SHA-256, 64 hexadecimal digits, of all lines that are whole now.
  std::string sha256() const;

 private:
  struct State;
  explicit Journal(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace sonde
