#include "run/pool_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>
#include <utility>

#include "run/csv.hpp"
#include "run/csv_stream.hpp"
#include "run/durable.hpp"
#include "run/import_hdf5.hpp"
#include "run/pool_hdf5.hpp"
#include "sonde/base/error.hpp"

namespace sonde {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t doubles_at_once = 1u << 17;
constexpr Index rows_a_block = pool_block;
constexpr Index rows_a_mark = 4096;  // between places of the file that are remembered

/// A file without a name, gone with its descriptor.
FileDescriptor nameless_file(const fs::path& directory) {
  FileDescriptor file(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file) return file;
  std::string name = (directory / "pool.XXXXXX").string();
  file = FileDescriptor(::mkostemp(name.data(), O_CLOEXEC));
  if (!file) throw_errno(directory, "a copy of the pool cannot be made there");
  ::unlink(name.c_str());
  return file;
}

void append(const FileDescriptor& file, const std::vector<double>& values, const fs::path& where) {
  const char* at = reinterpret_cast<const char*>(values.data());
  for (std::size_t left = values.size() * sizeof(double); left > 0;) {
    const ssize_t wrote = ::write(file.get(), at, left);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) throw_errno(where, "there is no room for a copy of the pool");
    at += wrote;
    left -= static_cast<std::size_t>(wrote);
  }
}

std::optional<double> plain_number(std::string_view text) {
  double number = 0.0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

double value_of(const CsvStream& stream, std::size_t column, const Parameter& parameter) {
  const std::string_view text = stream.fields()[column];
  const bool number_alone = parameter.scale == Scale::Linear || parameter.scale == Scale::Log;
  if (const auto number = number_alone ? plain_number(text) : std::nullopt;
      number && std::isfinite(*number))
    return *number;
  return parse_value(text, parameter,
                     concat(stream.file(), ":", stream.line(), ": column '", parameter.name, "'"));
}

/// Where a file stood when it was read.
struct Stamp {
  off_t size;
  timespec changed;

  static Stamp of(const fs::path& file) {
    struct stat its {};
    if (::stat(file.c_str(), &its) != 0) throw_errno(file, "the file cannot be read");
    return {its.st_size, its.st_mtim};
  }
  bool operator==(const Stamp& other) const {
    return size == other.size && changed.tv_sec == other.changed.tv_sec &&
           changed.tv_nsec == other.changed.tv_nsec;
  }
};

/// Doubles in a file, seen as memory.
class Mapping {
 public:
  Mapping(const FileDescriptor& file, std::size_t bytes, int protection, const fs::path& where)
      : bytes_(bytes) {
    if (bytes == 0) return;
    at_ = ::mmap(nullptr, bytes, protection, MAP_SHARED, file.get(), 0);
    if (at_ == MAP_FAILED) throw_errno(where, "the copy of the pool cannot be mapped");
  }
  ~Mapping() {
    if (bytes_ > 0) ::munmap(at_, bytes_);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  double* doubles() const noexcept { return static_cast<double*>(at_); }

 private:
  void* at_ = nullptr;
  std::size_t bytes_;
};

}  // namespace

struct PoolFile::State {
  struct Mark {
    std::uint64_t offset;
    long line;
  };

  fs::path file;
  Stamp stamp;
  Index dim;
  Shard shard;
  Index rows = 0;    // of the file
  Index stored = 0;  // of them, in the mapping
  bool hdf5 = false;
  std::vector<std::string> carried{};
  std::vector<std::size_t> carried_columns{};  // of CSV
  std::vector<Mark> marks{};                   // of CSV
  std::unique_ptr<const Mapping> mapping{};

  bool has(Index row) const { return row / rows_a_block % shard.of == shard.part; }
  void read_csv(const std::vector<Parameter>& parameters, const fs::path& scratch);
  void read_hdf5(const std::vector<Parameter>& parameters, const fs::path& scratch);
};

void PoolFile::State::read_csv(const std::vector<Parameter>& parameters, const fs::path& scratch) {
  CsvStream stream(file);
  std::vector<std::size_t> columns;
  for (const Parameter& parameter : parameters) columns.push_back(stream.column(parameter.name));
  for (std::size_t c = 0; c < stream.head().size(); ++c) {
    if (std::find(columns.begin(), columns.end(), c) != columns.end()) continue;
    carried.push_back(stream.head()[c]);
    carried_columns.push_back(c);
  }
  const FileDescriptor copy = nameless_file(scratch);
  std::vector<double> values;
  values.reserve(doubles_at_once + columns.size());
  for (; stream.next(); ++rows) {
    if (rows % rows_a_mark == 0) marks.push_back({stream.offset(), stream.line()});
    if (!has(rows)) continue;
    ++stored;
    for (std::size_t j = 0; j < columns.size(); ++j)
      values.push_back(value_of(stream, columns[j], parameters[j]));
    if (values.size() < doubles_at_once) continue;
    append(copy, values, scratch);
    values.clear();
  }
  append(copy, values, scratch);
  const auto bytes = static_cast<std::size_t>(stored * dim) * sizeof(double);
  mapping = std::make_unique<const Mapping>(copy, bytes, PROT_READ, scratch);
}

void PoolFile::State::read_hdf5(const std::vector<Parameter>& parameters, const fs::path& scratch) {
  const PoolHdf5 pool = pool_in_hdf5(file, parameters);
  rows = pool.rows;
  carried = pool.carried;
  for (Index first = shard.part * rows_a_block; first < rows; first += shard.of * rows_a_block)
    stored += std::min(rows_a_block, rows - first);
  const auto bytes = static_cast<std::size_t>(stored * dim) * sizeof(double);
  const FileDescriptor copy = nameless_file(scratch);
  if (bytes > 0) {
    errno = ::posix_fallocate(copy.get(), 0, static_cast<off_t>(bytes));
    if (errno != 0) throw_errno(scratch, "there is no room for a copy of the pool");
  }
  auto writable = std::make_unique<const Mapping>(copy, bytes, PROT_READ | PROT_WRITE, scratch);
  read_points_of_hdf5(file, parameters, rows, shard, writable->doubles());
  mapping = std::make_unique<const Mapping>(copy, bytes, PROT_READ, scratch);
}

PoolFile::PoolFile(const fs::path& file, const std::vector<Parameter>& parameters,
                   const fs::path& scratch, Shard shard) {
  require(shard.of > 0 && shard.part >= 0 && shard.part < shard.of,
          "pool: expected a part from 0 to below ", shard.of, ", got ", shard.part);
  auto state = std::make_shared<State>(State{.file = file,
                                             .stamp = Stamp::of(file),
                                             .dim = static_cast<Index>(parameters.size()),
                                             .shard = shard,
                                             .hdf5 = is_hdf5(file)});
  if (state->hdf5)
    state->read_hdf5(parameters, scratch);
  else
    state->read_csv(parameters, scratch);
  require(state->rows > 0, file.string(), ": expected candidates, got a head without a row");
  state_ = std::move(state);
}

Pool PoolFile::pool() const {
  const std::shared_ptr<const State> state = state_;
  return {state->dim, [state](const Pool::Visitor& visitor) {
            const double* at = state->mapping->doubles();
            for (Index first = state->shard.part * rows_a_block; first < state->rows;
                 first += state->shard.of * rows_a_block) {
              const Index count = std::min(rows_a_block, state->rows - first);
              visitor(first, Eigen::Map<const Points>(at, count, state->dim));
              at += count * state->dim;
            }
          }};
}

Index PoolFile::rows() const noexcept {
  return state_->rows;
}

const std::vector<std::string>& PoolFile::carried() const noexcept {
  return state_->carried;
}

std::vector<std::vector<std::string>> PoolFile::carried_by(const std::vector<Index>& rows) const {
  std::vector<std::vector<std::string>> found(rows.size());
  if (state_->carried.empty()) return found;
  require<StoreError>(Stamp::of(state_->file) == state_->stamp, state_->file.string(),
                      ": the file has changed since it was read");
  for (const Index row : rows)
    require(row >= 0 && row < state_->rows, "pool: there is no row ", row);
  if (state_->hdf5) return columns_of_hdf5(state_->file, state_->carried, rows);
  CsvStream stream(state_->file);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const State::Mark& mark = state_->marks[static_cast<std::size_t>(rows[i] / rows_a_mark)];
    stream.seek(mark.offset, mark.line);
    for (Index step = 0; step <= rows[i] % rows_a_mark; ++step)
      require<StoreError>(stream.next(), state_->file.string(), ": row ", rows[i], " is gone");
    for (const std::size_t column : state_->carried_columns)
      found[i].emplace_back(stream.fields()[column]);
  }
  return found;
}

}  // namespace sonde
