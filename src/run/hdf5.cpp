#include "run/hdf5.hpp"

#include <hdf5_hl.h>

#include <algorithm>

#include "sonde/base/error.hpp"

namespace sonde::hdf5 {
namespace {

constexpr hsize_t least_growing_chunk = 64;
constexpr hsize_t largest_chunk = 1024;

/// The library's words for what went wrong, nearest to the cause.
herr_t keep_description(unsigned, const H5E_error2_t* entry, void* words) {
  if (entry->desc) *static_cast<std::string*>(words) = entry->desc;
  return 0;
}

}  // namespace

void give_up(const std::string& what) {
  std::string words;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, keep_description, &words);
  H5Eclear2(H5E_DEFAULT);
  throw StoreError(concat("HDF5: ", what, words.empty() ? "" : ": ", words));
}

Handle properties(hid_t kind) {
  return {checked(H5Pcreate(kind), "no property list"), H5Pclose};
}

namespace {

constexpr unsigned in_order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;

Handle text_type() {
  Handle type(checked(H5Tcopy(H5T_C_S1), "no text type"), H5Tclose);
  checked(H5Tset_size(type.id(), H5T_VARIABLE), "no text of any length");
  checked(H5Tset_cset(type.id(), H5T_CSET_UTF8), "no UTF-8");
  return type;
}

void write_attribute(const Handle& object, const std::string& name, hid_t type, const Handle& space,
                     const void* value) {
  const Handle made(
      checked(H5Acreate2(object.id(), name.c_str(), type, space.id(), H5P_DEFAULT, H5P_DEFAULT),
              "attribute '" + name + "'"),
      H5Aclose);
  checked(H5Awrite(made.id(), type, value), "attribute '" + name + "'");
}

Handle scalar() {
  return {checked(H5Screate(H5S_SCALAR), "no scalar"), H5Sclose};
}

Handle space_of(const std::vector<hsize_t>& lengths, Axes axes) {
  if (axes.empty()) return scalar();
  std::vector<hsize_t> most = lengths;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (axes[i]->growing) most[i] = H5S_UNLIMITED;
  }
  return {checked(H5Screate_simple(static_cast<int>(lengths.size()), lengths.data(), most.data()),
                  "no dataspace"),
          H5Sclose};
}

bool compressible(const std::vector<hsize_t>& lengths, bool text) {
  return !text && lengths.size() > 1 && H5Zfilter_avail(H5Z_FILTER_DEFLATE) > 0;
}

/// Text goes without filters, which HDF5 refuses for it.
Handle creation_of(const std::vector<hsize_t>& lengths, Axes axes, bool text) {
  Handle list = properties(H5P_DATASET_CREATE);
  checked(H5Pset_attr_creation_order(list.id(), in_order), "no order of attributes");
  checked(H5Pset_obj_track_times(list.id(), false), "no dataset without a date");
  const bool growing = std::any_of(axes.begin(), axes.end(), [](auto* a) { return a->growing; });
  const bool small = compressible(lengths, text);
  if (!growing && !small) return list;
  std::vector<hsize_t> chunk;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    const hsize_t least = axes[i]->growing ? least_growing_chunk : 1;
    chunk.push_back(std::clamp(lengths[i], least, largest_chunk));
  }
  checked(H5Pset_chunk(list.id(), static_cast<int>(chunk.size()), chunk.data()), "no chunks");
  if (small) {
    checked(H5Pset_shuffle(list.id()), "no shuffling");
    checked(H5Pset_deflate(list.id(), 4), "no compression");
  }
  return list;
}

/// \pre `values` points at as many elements as the axes have places
Handle write_any(const Handle& parent, const std::string& name, Axes axes,
                 const std::vector<hsize_t>& lengths, hid_t type, const void* values,
                 const Meaning& meaning) {
  const bool text = H5Tget_class(type) == H5T_STRING;
  const Handle space = space_of(lengths, axes);
  const Handle creation = creation_of(lengths, axes, text);
  Handle made(checked(H5Dcreate2(parent.id(), name.c_str(), type, space.id(), H5P_DEFAULT,
                                 creation.id(), H5P_DEFAULT),
                      "dataset '" + name + "'"),
              H5Dclose);
  if (H5Sget_simple_extent_npoints(space.id()) > 0) {
    checked(H5Dwrite(made.id(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values),
            "values of '" + name + "'");
  }
  attribute(made, "units", meaning.units);
  if (!meaning.long_name.empty()) attribute(made, "long_name", meaning.long_name);
  return made;
}

void attach(const Handle& dataset, Axes axes, const std::string& name) {
  for (std::size_t i = 0; i < axes.size(); ++i) {
    checked(H5DSattach_scale(dataset.id(), axes[i]->scale.id(), static_cast<unsigned>(i)),
            "dimensions of '" + name + "'");
  }
}

std::vector<hsize_t> lengths_of(Axes axes, std::size_t values, const std::string& name) {
  std::vector<hsize_t> lengths;
  hsize_t expected = 1;
  for (const Axis* axis : axes) {
    lengths.push_back(axis->length);
    expected *= axis->length;
  }
  require(expected == values, "HDF5: '", name, "' takes ", expected, " values, got ", values);
  return lengths;
}

std::vector<const char*> pointers(std::span<const std::string> texts) {
  std::vector<const char*> pointers;
  for (const std::string& text : texts) pointers.push_back(text.c_str());
  return pointers;
}

template <class Value>
Handle write_attached(const Handle& parent, const std::string& name, Axes axes, hid_t type,
                      std::span<const Value> values, const Meaning& meaning) {
  Handle made = write_any(parent, name, axes, lengths_of(axes, values.size(), name), type,
                          values.data(), meaning);
  attach(made, axes, name);
  return made;
}

Axis make_axis(const Handle& parent, const std::string& name, hid_t type, const void* values,
               std::size_t length, const Meaning& meaning, bool growing) {
  Axis made{Handle(-1, H5Dclose), length, growing};
  const Axis* self = &made;
  made.scale = write_any(parent, name, Axes(&self, 1), {made.length}, type, values, meaning);
  checked(H5DSset_scale(made.scale.id(), name.c_str()), "dimension '" + name + "'");
  return made;
}

}  // namespace

Quiet::Quiet() {
  H5Eget_auto2(H5E_DEFAULT, &print_, &data_);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

Quiet::~Quiet() {
  H5Eset_auto2(H5E_DEFAULT, print_, data_);
}

namespace {

/// Links and attributes stand in the order in which they come, and nothing bears a date: equal
/// campaigns make equal files.
Handle group_creation(hid_t kind) {
  Handle creation = properties(kind);
  checked(H5Pset_link_creation_order(creation.id(), in_order), "no order of links");
  checked(H5Pset_attr_creation_order(creation.id(), in_order), "no order of attributes");
  checked(H5Pset_obj_track_times(creation.id(), false), "no group without a date");
  return creation;
}

}  // namespace

Handle create_image() {
  const Handle access = properties(H5P_FILE_ACCESS);
  checked(H5Pset_fapl_core(access.id(), 1u << 20, false), "no file in memory");
  checked(H5Pset_libver_bounds(access.id(), H5F_LIBVER_EARLIEST, H5F_LIBVER_V18), "no version");
  const Handle creation = group_creation(H5P_FILE_CREATE);
  return {checked(H5Fcreate("sonde", H5F_ACC_TRUNC, creation.id(), access.id()), "no file"),
          H5Fclose};
}

std::vector<unsigned char> bytes_of(const Handle& file) {
  checked(H5Fflush(file.id(), H5F_SCOPE_GLOBAL), "file");
  const ssize_t size = checked(H5Fget_file_image(file.id(), nullptr, 0), "size of the file");
  std::vector<unsigned char> bytes(static_cast<std::size_t>(size));
  checked(H5Fget_file_image(file.id(), bytes.data(), bytes.size()), "bytes of the file");
  return bytes;
}

Handle create_group(const Handle& parent, const std::string& name) {
  const Handle creation = group_creation(H5P_GROUP_CREATE);
  return {checked(H5Gcreate2(parent.id(), name.c_str(), H5P_DEFAULT, creation.id(), H5P_DEFAULT),
                  "group '" + name + "'"),
          H5Gclose};
}

void attribute(const Handle& object, const std::string& name, const std::string& text) {
  const char* value = text.c_str();
  const Handle type = text_type();
  write_attribute(object, name, type.id(), scalar(), &value);
}

void attribute(const Handle& object, const std::string& name, std::uint64_t value) {
  write_attribute(object, name, H5T_NATIVE_UINT64, scalar(), &value);
}

void attribute(const Handle& object, const std::string& name, std::span<const std::int8_t> values) {
  const hsize_t length = values.size();
  const Handle space(checked(H5Screate_simple(1, &length, nullptr), "no dataspace"), H5Sclose);
  write_attribute(object, name, H5T_NATIVE_INT8, space, values.data());
}

Handle write(const Handle& parent, const std::string& name, Axes axes,
             std::span<const double> values, const Meaning& meaning) {
  return write_attached(parent, name, axes, H5T_NATIVE_DOUBLE, values, meaning);
}

Handle write(const Handle& parent, const std::string& name, Axes axes,
             std::span<const std::int64_t> values, const Meaning& meaning) {
  return write_attached(parent, name, axes, H5T_NATIVE_INT64, values, meaning);
}

Handle write(const Handle& parent, const std::string& name, Axes axes,
             std::span<const std::int8_t> values, const Meaning& meaning) {
  return write_attached(parent, name, axes, H5T_NATIVE_INT8, values, meaning);
}

Handle write(const Handle& parent, const std::string& name, Axes axes,
             std::span<const std::string> values, const Meaning& meaning) {
  const std::vector<const char*> texts = pointers(values);
  const Handle type = text_type();
  return write_attached(parent, name, axes, type.id(), std::span<const char* const>(texts),
                        meaning);
}

Axis axis(const Handle& parent, const std::string& name, std::span<const std::int64_t> places,
          const Meaning& meaning, bool growing) {
  return make_axis(parent, name, H5T_NATIVE_INT64, places.data(), places.size(), meaning, growing);
}

Axis axis(const Handle& parent, const std::string& name, std::span<const std::string> places,
          const Meaning& meaning) {
  const std::vector<const char*> texts = pointers(places);
  const Handle type = text_type();
  return make_axis(parent, name, type.id(), texts.data(), texts.size(), meaning, false);
}

}  // namespace sonde::hdf5
