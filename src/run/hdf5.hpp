#pragma once

#include <hdf5.h>

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sonde/base/types.hpp"

/// The HDF5 library, one throwing function a call. All of it throws StoreError with the library's
/// own words. Groups and datasets remember the order in which they were made, as netCDF wants.
namespace sonde::hdf5 {

/// An identifier and how to give it back.
class Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Handle(hid_t id, Close close) noexcept : id_(id), close_(close) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  hid_t id() const noexcept { return id_; }

 private:
  hid_t id_;
  Close close_;
};

/// While it lives the library prints nothing of its own.
class Quiet {
 public:
  Quiet();
  ~Quiet();
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;

 private:
  H5E_auto2_t print_ = nullptr;
  void* data_ = nullptr;
};

/// `what`, then the library's own words for why. \throws StoreError, always
[[noreturn]] void give_up(const std::string& what);

/// The result of a call, which is negative where it failed. \throws StoreError
template <class Result>
Result checked(Result result, const std::string& what) {
  if (result < 0) give_up(what);
  return result;
}

/// A new list of properties. \throws StoreError
Handle properties(hid_t kind);

/// A file in memory, in the format that all releases since 1.8 read.
Handle create_image();
/// Its bytes.
std::vector<unsigned char> bytes_of(const Handle& file);

Handle create_group(const Handle& parent, const std::string& name);

void attribute(const Handle& object, const std::string& name, const std::string& text);
void attribute(const Handle& object, const std::string& name, std::uint64_t value);
void attribute(const Handle& object, const std::string& name, std::span<const std::int8_t> values);

/// A dimension: the dataset that names its places, to which others are attached.
struct Axis {
  Handle scale;
  hsize_t length;
  bool growing = false;
};
using Axes = std::span<const Axis* const>;

/// What every variable says of itself.
struct Meaning {
  std::string units = "1";
  std::string long_name{};
};

// Datasets, one value a place of their axes, the last axis fastest; without axes a single value.
Handle write(const Handle& parent, const std::string& name, Axes axes,
             std::span<const double> values, const Meaning& meaning);
Handle write(const Handle& parent, const std::string& name, Axes axes,
             std::span<const std::int64_t> values, const Meaning& meaning);
Handle write(const Handle& parent, const std::string& name, Axes axes,
             std::span<const std::int8_t> values, const Meaning& meaning);
Handle write(const Handle& parent, const std::string& name, Axes axes,
             std::span<const std::string> values, const Meaning& meaning);

// Dimensions. One that is growing may be appended to by other programs.
Axis axis(const Handle& parent, const std::string& name, std::span<const std::int64_t> places,
          const Meaning& meaning, bool growing = false);
Axis axis(const Handle& parent, const std::string& name, std::span<const std::string> places,
          const Meaning& meaning);

}  // namespace sonde::hdf5
