#include "run/hdf5_reading.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "sonde/base/error.hpp"

namespace sonde::hdf5 {
namespace {

constexpr hsize_t most_chunk_bytes = 256u << 20;  // bytes, unpacked
constexpr std::size_t longest_text = 1u << 20;

template <class... Parts>
void require_sound(bool condition, const Parts&... parts) {
  require<StoreError>(condition, parts...);
}

const char* word_of(H5I_type_t kind) {
  switch (kind) {
    case H5I_GROUP:
      return "a group";
    case H5I_DATASET:
      return "a dataset";
    default:
      return "something else";
  }
}

const char* word_of(H5L_type_t link) {
  switch (link) {
    case H5L_TYPE_SOFT:
      return "a soft link";
    case H5L_TYPE_EXTERNAL:
      return "a link into another file";
    default:
      return "a link of an unknown kind";
  }
}

std::string words_of(const std::vector<hsize_t>& lengths) {
  if (lengths.empty()) return "a single value";
  std::string words;
  for (const hsize_t length : lengths) words += (words.empty() ? "" : " x ") + concat(length);
  return words;
}

/// As long as texts of the library are there to be read.
class Texts {
 public:
  Texts(std::size_t count, const Handle& type, const Handle& space)
      : texts(count, nullptr), type_(type), space_(space) {}
  ~Texts() { H5Dvlen_reclaim(type_.id(), space_.id(), H5P_DEFAULT, texts.data()); }
  Texts(const Texts&) = delete;
  Texts& operator=(const Texts&) = delete;
  std::vector<char*> texts;

 private:
  const Handle& type_;
  const Handle& space_;
};

std::vector<std::string> copied(const std::vector<char*>& texts, const std::string& path) {
  std::vector<std::string> copies;
  for (const char* text : texts) {
    copies.emplace_back(text ? text : "");
    require_sound(copies.back().size() <= longest_text, path, ": a text has more than ",
                  longest_text, " bytes");
  }
  return copies;
}

/// How it is to be read: as text of any length.
Handle memory_type_of_text(const Handle& stored, const std::string& path) {
  require_sound(H5Tget_class(stored.id()) == H5T_STRING && H5Tis_variable_str(stored.id()) > 0,
                path, ": expected texts of variable length, got something else");
  Handle type(checked(H5Tcopy(stored.id()), path), H5Tclose);
  return type;
}

/// The text of an attribute, empty where there is none.
std::string attribute_text(const Handle& object, const std::string& path, const std::string& name) {
  if (H5Aexists(object.id(), name.c_str()) <= 0) return {};
  const std::string place = path + "@" + name;
  const Handle attribute(checked(H5Aopen(object.id(), name.c_str(), H5P_DEFAULT), place), H5Aclose);
  const Handle stored(checked(H5Aget_type(attribute.id()), place), H5Tclose);
  const Handle space(checked(H5Aget_space(attribute.id()), place), H5Sclose);
  require_sound(H5Sget_simple_extent_npoints(space.id()) == 1, place, ": expected one text");
  const Handle type = memory_type_of_text(stored, place);
  Texts texts(1, type, space);
  checked(H5Aread(attribute.id(), type.id(), texts.texts.data()), place);
  return copied(texts.texts, place).front();
}

}  // namespace

Handle open_to_read(const std::filesystem::path& file) {
  // A file system without locks must not keep anybody from reading.
  ::setenv("HDF5_USE_FILE_LOCKING", "FALSE", 1);
  checked(H5open(), "the library does not start");
  checked(H5PLset_loading_state(0), "plug-ins cannot be kept out");
  const Handle access = properties(H5P_FILE_ACCESS);
  checked(H5Pset_fapl_sec2(access.id()), "no access to files");
  return {checked(H5Fopen(file.c_str(), H5F_ACC_RDONLY, access.id()), "cannot be opened"),
          H5Fclose};
}

Group Group::root_of(const Handle& file) {
  return {Handle(checked(H5Gopen2(file.id(), "/", H5P_DEFAULT), "no root"), H5Gclose), ""};
}

bool Group::has(const std::string& name) const {
  return checked(H5Lexists(handle_.id(), name.c_str(), H5P_DEFAULT), path_) > 0;
}

Handle Group::opened(const std::string& name, H5I_type_t kind) const {
  const std::string place = path_ + "/" + name;
  require_sound(has(name), "there is no ", place,
                ". Expected a file that sonde exported, such as CAMPAIGN.h5");
  H5L_info_t link{};
  checked(H5Lget_info(handle_.id(), name.c_str(), &link, H5P_DEFAULT), place);
  require_sound(link.type == H5L_TYPE_HARD, place, ": is ", word_of(link.type),
                ", which is not followed. Copy into the file what it stands for");
  Handle object(checked(H5Oopen(handle_.id(), name.c_str(), H5P_DEFAULT), place), H5Oclose);
  const H5I_type_t its = H5Iget_type(object.id());
  require_sound(its == kind, place, ": expected ", word_of(kind), ", got ", word_of(its));
  return object;
}

Group Group::group(const std::string& name) const {
  return {opened(name, H5I_GROUP), path_ + "/" + name};
}

Dataset Group::dataset(const std::string& name, hsize_t most) const {
  return {opened(name, H5I_DATASET), path_ + "/" + name, most};
}

std::vector<std::string> Group::names() const {
  std::vector<std::string> names;
  hsize_t from = 0;
  const auto add = [](hid_t, const char* name, const H5L_info_t*, void* list) -> herr_t {
    static_cast<std::vector<std::string>*>(list)->emplace_back(name);
    return 0;
  };
  checked(H5Literate(handle_.id(), H5_INDEX_NAME, H5_ITER_INC, &from, add, &names), path_);
  return names;
}

std::string Group::text(const std::string& attribute) const {
  return attribute_text(handle_, path_.empty() ? "/" : path_, attribute);
}

Dataset::Dataset(Handle handle, std::string path, hsize_t most)
    : handle_(std::move(handle)), path_(std::move(path)), most_(most) {
  require_own_storage();
  const Handle space(checked(H5Dget_space(handle_.id()), path_), H5Sclose);
  const H5S_class_t kind = H5Sget_simple_extent_type(space.id());
  require_sound(kind == H5S_SCALAR || kind == H5S_SIMPLE, path_, ": has no values");
  lengths_.resize(static_cast<std::size_t>(checked(H5Sget_simple_extent_ndims(space.id()), path_)));
  checked(H5Sget_simple_extent_dims(space.id(), lengths_.data(), nullptr), path_);
  require_sound(size() <= most_, path_, ": claims ", words_of(lengths_), " values; at most ", most_,
                " are read");
}

/// Before its extent is looked at: that of a virtual dataset is asked of other files.
void Dataset::require_own_storage() const {
  const Handle creation(checked(H5Dget_create_plist(handle_.id()), path_), H5Pclose);
  const H5D_layout_t layout = H5Pget_layout(creation.id());
  require_sound(layout != H5D_VIRTUAL && H5Pget_external_count(creation.id()) == 0, path_,
                ": its values lie in other files, which are not read. Copy them into this one");
  const int filters = checked(H5Pget_nfilters(creation.id()), path_);
  for (int i = 0; i < filters; ++i) {
    unsigned flags = 0, config = 0;
    std::size_t values = 0;
    const H5Z_filter_t filter = H5Pget_filter2(creation.id(), static_cast<unsigned>(i), &flags,
                                               &values, nullptr, 0, nullptr, &config);
    require_sound(filter == H5Z_FILTER_DEFLATE || filter == H5Z_FILTER_SHUFFLE ||
                      filter == H5Z_FILTER_FLETCHER32,
                  path_, ": is packed by filter ", filter,
                  ", which sonde does not unpack. Repack it: h5repack -f GZIP=4");
  }
  if (layout != H5D_CHUNKED) return;
  std::array<hsize_t, H5S_MAX_RANK> chunk{};
  const int rank = checked(H5Pget_chunk(creation.id(), H5S_MAX_RANK, chunk.data()), path_);
  const Handle type(checked(H5Dget_type(handle_.id()), path_), H5Tclose);
  hsize_t bytes = std::max<hsize_t>(1, H5Tget_size(type.id()));
  for (int i = 0; i < rank; ++i) {
    const hsize_t length = std::max<hsize_t>(1, chunk[static_cast<std::size_t>(i)]);
    require_sound(bytes <= most_chunk_bytes / length, path_, ": is stored in pieces of more than ",
                  most_chunk_bytes >> 20, " MiB");
    bytes *= length;
  }
}

/// No more than most_ + 1, whatever is claimed.
hsize_t Dataset::size() const {
  hsize_t size = 1;
  for (const hsize_t length : lengths_) {
    if (length == 0) return 0;
    size = length > most_ / size ? most_ + 1 : size * length;
    if (size > most_) break;
  }
  return size;
}

void Dataset::require_lengths(const std::vector<hsize_t>& expected) const {
  require_sound(lengths_ == expected, path_, ": expected ", words_of(expected), " values, got ",
                words_of(lengths_));
}

bool Dataset::has_numbers() const {
  const Handle type(checked(H5Dget_type(handle_.id()), path_), H5Tclose);
  const H5T_class_t kind = H5Tget_class(type.id());
  return (kind == H5T_INTEGER || kind == H5T_FLOAT) && H5Tget_size(type.id()) <= 8;
}

std::vector<double> Dataset::numbers() const {
  require_sound(has_numbers(), path_, ": expected numbers of up to 8 bytes, got something else");
  std::vector<double> values(size());
  if (values.empty()) return values;
  checked(H5Dread(handle_.id(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()),
          path_);
  return values;
}

std::vector<std::string> Dataset::texts() const {
  const Handle stored(checked(H5Dget_type(handle_.id()), path_), H5Tclose);
  const Handle space(checked(H5Dget_space(handle_.id()), path_), H5Sclose);
  const Handle type = memory_type_of_text(stored, path_);
  Texts texts(size(), type, space);
  if (texts.texts.empty()) return {};
  checked(H5Dread(handle_.id(), type.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, texts.texts.data()),
          path_);
  return copied(texts.texts, path_);
}

/// Marks that part of the list in its space; its own space in memory is returned.
Handle Dataset::part_of(const Handle& space, hsize_t first, hsize_t count) const {
  require_sound(lengths_.size() == 1 && first <= lengths_[0] && count <= lengths_[0] - first, path_,
                ": expected a list of ", first + count, " values or more, got ",
                words_of(lengths_));
  checked(H5Sselect_hyperslab(space.id(), H5S_SELECT_SET, &first, nullptr, &count, nullptr), path_);
  return {checked(H5Screate_simple(1, &count, nullptr), path_), H5Sclose};
}

std::vector<double> Dataset::numbers(hsize_t first, hsize_t count) const {
  require_sound(has_numbers(), path_, ": expected numbers of up to 8 bytes, got something else");
  const Handle space(checked(H5Dget_space(handle_.id()), path_), H5Sclose);
  const Handle memory = part_of(space, first, count);
  std::vector<double> values(count);
  if (count == 0) return values;
  checked(
      H5Dread(handle_.id(), H5T_NATIVE_DOUBLE, memory.id(), space.id(), H5P_DEFAULT, values.data()),
      path_);
  return values;
}

std::vector<std::string> Dataset::texts(hsize_t first, hsize_t count) const {
  const Handle stored(checked(H5Dget_type(handle_.id()), path_), H5Tclose);
  const Handle space(checked(H5Dget_space(handle_.id()), path_), H5Sclose);
  const Handle memory = part_of(space, first, count);
  const Handle type = memory_type_of_text(stored, path_);
  Texts texts(count, type, memory);
  if (count == 0) return {};
  checked(
      H5Dread(handle_.id(), type.id(), memory.id(), space.id(), H5P_DEFAULT, texts.texts.data()),
      path_);
  return copied(texts.texts, path_);
}

std::string Dataset::text(const std::string& attribute) const {
  return attribute_text(handle_, path_, attribute);
}

}  // namespace sonde::hdf5
