#include "sonde/run/journal.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <optional>
#include <random>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "run/checksum.hpp"
#include "run/durable.hpp"
#include "run/journal_record.hpp"
#include "run/journal_scan.hpp"
#include "sonde/base/error.hpp"

#ifndef SONDE_VERSION
#define SONDE_VERSION "0"
#endif

namespace sonde {
namespace {

namespace fs = std::filesystem;
using record::scan_text;
using record::torn_head;

std::size_t size_of(int descriptor, const fs::path& file) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) throw_errno(file, "cannot be read");
  return static_cast<std::size_t>(std::max<off_t>(status.st_size, 0));
}

// At most `most` bytes behind those that are there; whether there were any.
bool read_on(int descriptor, const fs::path& file, std::string& text, std::size_t most) {
  const std::size_t before = text.size();
  text.resize(before + most);
  ssize_t got = -1;
  do {
    got = ::pread(descriptor, text.data() + before, most, static_cast<off_t>(before));
  } while (got < 0 && errno == EINTR);
  if (got < 0) throw_errno(file, "cannot be read");
  text.resize(before + static_cast<std::size_t>(got));
  return got > 0;
}

std::string content_of(int descriptor, const fs::path& file) {
  const std::size_t size = size_of(descriptor, file);
  std::string text;
  text.reserve(size);
  while (text.size() < size && read_on(descriptor, file, text, size - text.size())) {
  }
  return text;
}

// With a byte of what stands behind it, if anything does.
std::string first_line(int descriptor, const fs::path& file) {
  constexpr std::size_t piece = 1u << 16;
  std::string text;
  std::size_t newline = std::string::npos;
  while (newline == std::string::npos || newline + 1 == text.size()) {
    const std::size_t seen = text.size();
    if (!read_on(descriptor, file, text, piece)) break;
    if (newline == std::string::npos) newline = text.find('\n', seen);
  }
  return text.substr(0, newline == std::string::npos ? newline : newline + 2);
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

// A model goes before what it asks.
std::vector<Event> with_models_apart(std::span<const Event> events) {
  std::vector<Event> apart;
  for (const Event& event : events) {
    const auto* asked = std::get_if<Asked>(&event);
    if (asked && asked->fitted) {
      apart.emplace_back(*asked->fitted);
      apart.emplace_back(Asked{asked->queries, asked->model, {}, asked->batch});
    } else {
      apart.push_back(event);
    }
  }
  return apart;
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
  record::Scan scan{};
  Index torn = 0;

  void append(const std::vector<std::string>& records);
  void write_lines(const std::string& lines);
  void sync();
  [[noreturn]] void undo(std::size_t bytes, int error_number);
};

void Journal::State::append(const std::vector<std::string>& records) {
  require<StoreError>(writable, file.string(), ": opened for reading; open() it to write");
  require<StoreError>(!unsure, file.string(),
                      ": nothing more is written after a failed write. Begin again: what is in the "
                      "file then counts.");
  std::uint32_t checksum = scan.checksum;
  std::string lines;
  for (const std::string& json : records) {
    require<StoreError>(json.size() <= record::max_line, file.string(), ": a record of ",
                        json.size(), " bytes; at most ", record::max_line,
                        " are written. Ask for fewer at a time.");
    checksum = crc32c(json, checksum);
    lines.append(record::digits_of(checksum)).append(1, ' ').append(json).append(1, '\n');
  }
  write_lines(lines);
  sync();
  scan.checksum = checksum;
  scan.end += lines.size();
  scan.next_seq += static_cast<Index>(records.size());
}

void Journal::State::write_lines(const std::string& lines) {
  std::string_view rest = lines;
  while (!rest.empty()) {
    const ssize_t written = ::write(descriptor.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) undo(lines.size(), written < 0 ? errno : ENOSPC);
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

void Journal::State::undo(std::size_t bytes, int error_number) {
  unsure = ::ftruncate(descriptor.get(), static_cast<off_t>(scan.end)) != 0;
  const std::string words = concat(file.string(), ": ", bytes,
                                   " bytes could not be written: ", std::strerror(error_number));
  const bool full = error_number == ENOSPC || error_number == EDQUOT;
  if (full && !unsure) throw JournalFull(words + ". Make room; nothing recorded is lost.");
  throw StoreError(words + ". Make room, or look at the disk; nothing recorded is lost.");
}

// A page that could not be written counts as written to the system afterwards, so a second sync
// would say nothing. What was to be recorded is taken back, that nobody reads it as recorded.
void Journal::State::sync() {
  if (::fdatasync(descriptor.get()) == 0) return;
  unsure = true;
  const std::string reason = std::strerror(errno);
  const bool cut = ::ftruncate(descriptor.get(), static_cast<off_t>(scan.end)) == 0;
  throw StoreError(concat(file.string(), ": cannot be synced to the disk: ", reason, ". ",
                          cut ? "All before stands; what is being recorded does not count"
                              : "What is in the file when it is read again counts",
                          ". Look at the disk, then go on with the same command."));
}

Journal::Journal(std::shared_ptr<State> state) : state_(std::move(state)) {}

bool Journal::begun(const fs::path& file) {
  if (!fs::exists(file)) return false;
  const FileDescriptor opened = open_file(file, O_RDONLY);
  return !torn_head(first_line(opened.get(), file));
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
  state->append({record::write(0, record::Head{record::schema, kept, this_process()})});
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
  state->append({record::write(state->scan.next_seq, record::Note{text_of_note, writer})});
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
  append(std::span(&event, 1), "");
}

void Journal::append(const Event& event, const std::string& request) {
  append(std::span(&event, 1), request);
}

void Journal::append(std::span<const Event> given, const std::string& request) {
  const std::vector<Event> events = with_models_apart(given);
  const Index first = state_->scan.next_seq;
  std::vector<std::string> records;
  for (const Event& event : events) {
    records.push_back(record::write(first + static_cast<Index>(records.size()), event, request,
                                    events.size() > 1 ? std::optional(first) : std::nullopt));
  }
  if (records.empty()) return;
  state_->append(records);
  if (request.empty()) return;
  std::vector<Event>& known = state_->scan.requested[request];
  known.insert(known.end(), events.begin(), events.end());
}

const std::vector<Event>& Journal::events_of(const std::string& request) const {
  static const std::vector<Event> none{};
  const auto found = state_->scan.requested.find(request);
  return found == state_->scan.requested.end() ? none : found->second;
}

void Journal::note(const std::string& text) {
  state_->append({record::write(state_->scan.next_seq, record::Note{text, std::nullopt})});
}

std::string Journal::sha256() const {
  const std::string text = content_of(state_->descriptor.get(), state_->file);
  return sonde::sha256(std::string_view(text).substr(0, state_->scan.end));
}

}  // namespace sonde
