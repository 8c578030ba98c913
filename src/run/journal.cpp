#include "sonde/run/journal.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <map>
#include <random>
#include <string_view>
#include <utility>

#include "run/checksum.hpp"
#include "run/durable.hpp"
#include "run/journal_record.hpp"
#include "sonde/base/error.hpp"

#ifndef SONDE_VERSION
#define SONDE_VERSION "0"
#endif

namespace sonde {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t checksum_digits = 8;

/// All that a journal's text says.
struct Scan {
  Preamble preamble{};
  record::Writer writer{};  ///< the last that opened it
  std::vector<Event> events{};
  std::vector<std::string> notes{};
  std::map<std::string, std::vector<Event>> requested{};  ///< by the name of the request
  Index next_seq = 0;
  std::uint32_t checksum = 0;
  std::size_t end = 0;  ///< bytes of whole lines
};

std::string digits_of(std::uint32_t checksum) {
  std::array<char, checksum_digits + 1> text{};
  std::snprintf(text.data(), text.size(), "%08x", static_cast<unsigned>(checksum));
  return text.data();
}

/// The JSON of a line whose checksum is right after `before`; otherwise empty.
std::string_view checked(std::string_view line, std::uint32_t before) {
  if (line.size() <= checksum_digits + 1 || line[checksum_digits] != ' ') return {};
  const std::string_view json = line.substr(checksum_digits + 1);
  return line.substr(0, checksum_digits) == digits_of(crc32c(json, before)) ? json
                                                                            : std::string_view{};
}

/// What a machine that stopped within create() may leave: nothing, or a piece of the first line,
/// parts of it zero.
bool torn_head(std::string_view text) {
  constexpr std::string_view start = " {\"kind\":\"head\"";
  if (text.find('\n') != std::string_view::npos) return false;
  for (std::size_t i = 0; i < std::min(text.size(), checksum_digits + start.size()); ++i) {
    const bool digit = std::string_view("0123456789abcdef").find(text[i]) != std::string_view::npos;
    const bool fits = i < checksum_digits ? digit : text[i] == start[i - checksum_digits];
    if (!fits && text[i] != '\0') return false;
  }
  return true;
}

[[noreturn]] void throw_damage(const fs::path& file, std::size_t offset, const std::string& what) {
  throw StoreError(concat(file.string(), ": damaged at byte ", offset, ": ", what,
                          ". Restore it from a copy, or keep only what stands before: truncate -s ",
                          offset, " ", file.string()));
}

/// Whether a last line with its newline, but not its checksum, is one that a stopped machine left,
/// with pages that never reached the disk. Otherwise something acknowledged was changed.
bool torn(std::string_view line) {
  return line.find('\0') != std::string_view::npos;
}

void take_head(Scan& scan, record::Head head, const fs::path& file) {
  if (head.schema > record::schema) {
    throw StoreError(concat(file.string(), ": written by sonde ", head.preamble.version,
                            " (schema ", head.schema, "); this sonde reads schema ", record::schema,
                            ". Use the newer sonde."));
  }
  scan.preamble = std::move(head.preamble);
  scan.writer = std::move(head.writer);
}

/// \pre scan.end is where the line of the record begins
void take(Scan& scan, record::Record found, const fs::path& file) {
  auto* head = std::get_if<record::Head>(&found.content);
  if (found.seq != scan.next_seq || (head != nullptr) != (scan.next_seq == 0)) {
    throw_damage(file, scan.end,
                 concat("expected record ", scan.next_seq, ", got ", head ? "the head, " : "",
                        "record ", found.seq));
  }
  if (head) {
    take_head(scan, std::move(*head), file);
  } else if (auto* event = std::get_if<Event>(&found.content)) {
    if (!found.request.empty()) scan.requested[found.request].push_back(*event);
    scan.events.push_back(std::move(*event));
  } else if (auto* note = std::get_if<record::Note>(&found.content)) {
    if (note->writer) scan.writer = *note->writer;
    scan.notes.push_back(std::move(note->text));
  }
  ++scan.next_seq;
}

/// Reads whole lines. A last one that is not whole is left out: behind it nothing was acknowledged.
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
    const std::string_view line = text.substr(scan.end, newline - scan.end);
    const std::string_view json = checked(line, scan.checksum);
    if (json.empty()) {
      if (newline + 1 == text.size() && scan.next_seq > 0 && torn(line)) break;
      throw_damage(file, scan.end,
                   scan.next_seq == 0 ? "the first line is not that of a journal"
                                      : "the checksum of the line does not fit");
    }
    if (json.size() > record::max_line) throw_damage(file, scan.end, "the line is above 16 MiB");
    record::Record found;
    try {
      found = record::read(json);
    } catch (const StoreError& failure) {
      throw_damage(file, scan.end, failure.what());
    }
    scan.checksum = crc32c(json, scan.checksum);
    take(scan, std::move(found), file);
    scan.end = newline + 1;
  }
  if (scan.next_seq == 0) throw_damage(file, 0, "the first line is not that of a journal");
  return scan;
}

std::string content_of(int descriptor, const fs::path& file) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) throw_errno(file, "cannot be read");
  std::string text(static_cast<std::size_t>(std::max<off_t>(status.st_size, 0)), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t got =
        ::pread(descriptor, text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno(file, "cannot be read");
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  text.resize(done);
  return text;
}

FileDescriptor open_file(const fs::path& file, int flags) {
  FileDescriptor opened(::open(file.c_str(), flags | O_CLOEXEC, 0666));
  if (!opened) throw_errno(file, "cannot be opened");
  return opened;
}

std::string writer_named_in(int descriptor, const fs::path& file) {
  try {
    const record::Writer writer = scan_text(content_of(descriptor, file), file).writer;
    return concat("process ", writer.process, " on ", writer.host);
  } catch (const StoreError&) {
    return "another process";
  }
}

void lock(const FileDescriptor& opened, const fs::path& file) {
  if (lock_to_write(opened, file)) return;
  throw JournalLocked(concat(file.string(), ": being written by ",
                             writer_named_in(opened.get(), file),
                             ". Wait until it ends, or stop it."));
}

std::string time_now() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text.data();
}

std::string random_uuid() {
  std::random_device device;
  std::string text;
  for (int i = 0; i < 36; ++i) {
    const unsigned nibble = device() & 15u;
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      text += '-';
    } else {
      text += "0123456789abcdef"[i == 14 ? 4u : i == 19 ? 8u + nibble % 4u : nibble];
    }
  }
  return text;
}

record::Writer this_process() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return {static_cast<long>(::getpid()), host.data()};
}

}  // namespace

struct Journal::State {
  fs::path file;
  FileDescriptor descriptor{};
  bool writable = false;
  bool unsure = false;  ///< after a failed sync nobody knows what is on the disk
  Scan scan{};
  Index torn = 0;

  void append(const std::string& json);
  void write_line(const std::string& line);
};

void Journal::State::append(const std::string& json) {
  require<StoreError>(writable, file.string(), ": opened for reading; open() it to write");
  require<StoreError>(!unsure, file.string(),
                      ": nothing more is written after a failed write. Begin again: what is in the "
                      "file then counts.");
  require<StoreError>(json.size() <= record::max_line, file.string(), ": a record of ", json.size(),
                      " bytes; at most ", record::max_line,
                      " are written. Ask for fewer at a time.");
  const std::uint32_t checksum = crc32c(json, scan.checksum);
  const std::string line = digits_of(checksum) + ' ' + json + '\n';
  write_line(line);
  scan.checksum = checksum;
  scan.end += line.size();
  ++scan.next_seq;
}

void Journal::State::write_line(const std::string& line) {
  ssize_t written = -1;
  do {
    written = ::write(descriptor.get(), line.data(), line.size());
  } while (written < 0 && errno == EINTR);
  if (written != static_cast<ssize_t>(line.size())) {
    const std::string reason =
        written < 0 ? std::strerror(errno) : "only a part fitted on the disk";
    unsure = ::ftruncate(descriptor.get(), static_cast<off_t>(scan.end)) != 0;
    throw StoreError(concat(file.string(), ": ", line.size(), " bytes could not be written: ",
                            reason, ". Make room; nothing recorded is lost."));
  }
  if (::fdatasync(descriptor.get()) != 0) {
    unsure = true;
    throw_errno(file, "cannot be synced to the disk");
  }
}

Journal::Journal(std::shared_ptr<State> state) : state_(std::move(state)) {}

bool Journal::begun(const fs::path& file) {
  if (!fs::exists(file)) return false;
  const FileDescriptor opened = open_file(file, O_RDONLY);
  return !torn_head(content_of(opened.get(), file));
}

Journal Journal::create(const fs::path& file, const Preamble& preamble) {
  auto state = std::make_shared<State>();
  state->file = file;
  state->descriptor = open_file(file, O_RDWR | O_APPEND | O_CREAT);
  const int descriptor = state->descriptor.get();
  lock(state->descriptor, file);
  require<StoreError>(torn_head(content_of(descriptor, file)), file.string(),
                      ": a journal stands there already. Open it, or take another place.");
  if (::ftruncate(descriptor, 0) != 0) throw_errno(file, "cannot be written");

  state->writable = true;
  Preamble& kept = state->scan.preamble;
  kept = preamble;
  if (kept.uuid.empty()) kept.uuid = random_uuid();
  if (kept.version.empty()) kept.version = SONDE_VERSION;
  if (kept.created.empty()) kept.created = time_now();
  state->append(record::write(0, record::Head{record::schema, kept, this_process()}));
  sync_directory(directory_of(file));
  return Journal(std::move(state));
}

Journal Journal::open(const fs::path& file) {
  auto state = std::make_shared<State>();
  state->file = file;
  state->descriptor = open_file(file, O_RDWR | O_APPEND);
  const int descriptor = state->descriptor.get();
  lock(state->descriptor, file);
  const std::string text = content_of(descriptor, file);
  state->scan = scan_text(text, file);
  state->torn = static_cast<Index>(text.size() - state->scan.end);
  if (state->torn > 0 && (::ftruncate(descriptor, static_cast<off_t>(state->scan.end)) != 0 ||
                          ::fdatasync(descriptor) != 0)) {
    throw_errno(file,
                concat("the last ", state->torn, " bytes, of a torn line, cannot be cut off"));
  }
  state->writable = true;
  const record::Writer writer = this_process();
  const std::string text_of_note = concat("opened by process ", writer.process, " on ", writer.host,
                                          ", sonde ", SONDE_VERSION, ", ", time_now());
  state->append(record::write(state->scan.next_seq, record::Note{text_of_note, writer}));
  return Journal(std::move(state));
}

Journal Journal::read(const fs::path& file) {
  auto state = std::make_shared<State>();
  state->file = file;
  state->descriptor = open_file(file, O_RDONLY);
  const std::string text = content_of(state->descriptor.get(), file);
  state->scan = scan_text(text, file);
  state->torn = static_cast<Index>(text.size() - state->scan.end);
  return Journal(std::move(state));
}

const Preamble& Journal::preamble() const noexcept {
  return state_->scan.preamble;
}
const std::vector<Event>& Journal::events() const noexcept {
  return state_->scan.events;
}
std::vector<std::string> Journal::notes() const {
  return state_->scan.notes;
}
Index Journal::torn_bytes() const noexcept {
  return state_->torn;
}

void Journal::append(const Event& event) {
  state_->append(record::write(state_->scan.next_seq, event, ""));
}

void Journal::append(const Event& event, const std::string& request) {
  state_->append(record::write(state_->scan.next_seq, event, request));
  if (!request.empty()) state_->scan.requested[request].push_back(event);
}

const std::vector<Event>& Journal::events_of(const std::string& request) const {
  static const std::vector<Event> none{};
  const auto found = state_->scan.requested.find(request);
  return found == state_->scan.requested.end() ? none : found->second;
}

void Journal::note(const std::string& text) {
  state_->append(record::write(state_->scan.next_seq, record::Note{text, std::nullopt}));
}

std::string Journal::sha256() const {
  const std::string text = content_of(state_->descriptor.get(), state_->file);
  return sonde::sha256(std::string_view(text).substr(0, state_->scan.end));
}

}  // namespace sonde
