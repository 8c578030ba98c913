#include "run/pool_hdf5.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

#include "base/json_text.hpp"
#include "base/nearest_name.hpp"
#include "run/confined.hpp"
#include "run/hdf5_reading.hpp"
#include "sonde/base/error.hpp"

namespace sonde {
namespace {

namespace fs = std::filesystem;

constexpr hsize_t most_rows = 1u << 31;
constexpr std::size_t most_columns = 1000;
// Of a pool of a hundred million candidates, packed.
constexpr Confinement reading{.memory = 2u << 30, .cpu_seconds = 600, .wall_seconds = 1200.0};

std::string in_child(const fs::path& file,
                     const std::function<std::string(const hdf5::Group&)>& act) {
  const std::string name = file.string() + ": ";
  require<StoreError>(fs::is_regular_file(file), name, "the file cannot be read");
  try {
    return confined(
        [&] {
          const hdf5::Quiet quiet;
          const hdf5::Handle opened = hdf5::open_to_read(file);
          open_no_more_files();
          return act(hdf5::Group::root_of(opened));
        },
        reading);
  } catch (const ChildDied& died) {
    throw StoreError(
        concat(name, "reading it ", died.what(), ": the file is damaged, or made to do harm"));
  } catch (const StoreError& failure) {
    throw StoreError(name + failure.what());
  }
}

hdf5::Dataset column_of(const hdf5::Group& root, const std::string& name) {
  require<StoreError>(root.has(name), "there is no list '", name, "'",
                      suggestion(name, root.names()));
  return root.dataset(name, most_rows);
}

double label_of(const std::string& text, const Parameter& parameter, hsize_t row) {
  const auto found = std::find(parameter.labels.begin(), parameter.labels.end(), text);
  require<StoreError>(found != parameter.labels.end(), parameter.name, " of row ", row, ": '", text,
                      "' is no value of it", suggestion(text, parameter.labels));
  return static_cast<double>(found - parameter.labels.begin());
}

void read_column(const hdf5::Dataset& column, const Parameter& parameter, hsize_t first,
                 hsize_t count, std::vector<double>& values) {
  if (parameter.scale == Scale::Choice && !column.has_numbers()) {
    values.clear();
    const std::vector<std::string> texts = column.texts(first, count);
    for (hsize_t i = 0; i < count; ++i) values.push_back(label_of(texts[i], parameter, first + i));
    return;
  }
  values = column.numbers(first, count);
  for (hsize_t i = 0; i < count; ++i)
    require<StoreError>(std::isfinite(values[i]), column.path(), ": row ", first + i,
                        ": expected a number, got ", values[i]);
}

}  // namespace

PoolHdf5 pool_in_hdf5(const fs::path& file, const std::vector<Parameter>& parameters) {
  const std::string reply = in_child(file, [&](const hdf5::Group& root) {
    const hsize_t rows = [&] {
      const hdf5::Dataset first = column_of(root, parameters.front().name);
      require<StoreError>(first.lengths().size() == 1, first.path(),
                          ": expected a list of one value a candidate");
      return first.lengths()[0];
    }();
    for (const Parameter& parameter : parameters)
      column_of(root, parameter.name).require_lengths({rows});
    JsonValue carried = JsonValue::array();
    for (const std::string& name : root.names()) {
      const bool is_parameter =
          std::any_of(parameters.begin(), parameters.end(),
                      [&](const Parameter& parameter) { return parameter.name == name; });
      if (is_parameter || carried.size() == most_columns) continue;
      try {
        if (root.dataset(name, most_rows).lengths() == std::vector<hsize_t>{rows})
          carried.push_back(name);
      } catch (const StoreError&) {  // a group, or what is not to be read: not carried along
      }
    }
    return json_text({{"rows", rows}, {"carried", carried}});
  });
  try {
    const JsonValue json = parsed_json(reply, /*deepest=*/3);
    return {Index{whole(json.at("rows"))}, json.at("carried").get<std::vector<std::string>>()};
  } catch (const JsonValue::exception&) {
    throw StoreError(file.string() + ": reading it gave no candidates: it is made to do harm");
  }
}

void read_points_of_hdf5(const fs::path& file, const std::vector<Parameter>& parameters, Index rows,
                         Shard shard, double* to) {
  in_child(file, [&](const hdf5::Group& root) {
    const auto n = static_cast<hsize_t>(rows);
    const std::size_t d = parameters.size();
    std::vector<double> values;
    for (std::size_t j = 0; j < d; ++j) {
      const hdf5::Dataset column = column_of(root, parameters[j].name);
      column.require_lengths({n});
      double* at = to + j;
      for (auto first = static_cast<hsize_t>(shard.part * pool_block); first < n;
           first += static_cast<hsize_t>(shard.of * pool_block)) {
        const hsize_t count = std::min(static_cast<hsize_t>(pool_block), n - first);
        read_column(column, parameters[j], first, count, values);
        for (hsize_t i = 0; i < count; ++i, at += d) *at = values[i];
      }
    }
    return std::string("done");
  });
}

std::vector<std::vector<std::string>> columns_of_hdf5(const fs::path& file,
                                                      const std::vector<std::string>& columns,
                                                      const std::vector<Index>& rows) {
  const std::string reply = in_child(file, [&](const hdf5::Group& root) {
    JsonValue found = JsonValue::array();
    for (const Index row : rows) {
      JsonValue texts = JsonValue::array();
      for (const std::string& name : columns) {
        const hdf5::Dataset column = column_of(root, name);
        const auto at = static_cast<hsize_t>(row);
        texts.push_back(column.has_numbers() ? fmt::format("{}", column.numbers(at, 1).front())
                                             : column.texts(at, 1).front());
      }
      found.push_back(texts);
    }
    return json_text(found);
  });
  try {
    return parsed_json(reply, /*deepest=*/3).get<std::vector<std::vector<std::string>>>();
  } catch (const JsonValue::exception&) {
    throw StoreError(file.string() + ": reading it gave no texts: it is made to do harm");
  }
}

}  // namespace sonde
