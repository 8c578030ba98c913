#include "run/import_hdf5.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "base/json_text.hpp"
#include "base/text.hpp"
#include "run/confined.hpp"
#include "run/csv.hpp"
#include "run/export_runs.hpp"
#include "run/hdf5_reading.hpp"
#include "sonde/base/error.hpp"

namespace sonde {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_names = 10000;
constexpr std::string_view signature = "\x89HDF\r\n\x1a\n";

void check_schema(const hdf5::Group& root) {
  const std::string schema = root.text("sonde_schema");
  require<StoreError>(!schema.empty(),
                      "is no file that sonde exported: it has no attribute 'sonde_schema'. Bring "
                      "its runs in as CSV");
  require<StoreError>(schema.starts_with("1."), "has schema ", schema,
                      "; this sonde reads schema 1. Take a newer sonde");
}

bool is_name(std::string_view text) {
  constexpr std::size_t longest = 64;
  if (text.empty() || text.size() > longest || is_digit(text.front())) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
}

std::vector<std::string> names_in(const hdf5::Group& group, const std::string& dataset) {
  const hdf5::Dataset names = group.dataset(dataset);
  require<StoreError>(
      names.lengths().size() == 1 && names.lengths()[0] > 0 && names.lengths()[0] <= most_names,
      names.path(), ": expected a list of 1 to ", most_names, " names");
  std::vector<std::string> texts = names.texts();
  std::set<std::string> seen;
  for (const std::string& name : texts) {
    require<StoreError>(is_name(name), names.path(),
                        ": expected names of letters, digits and _, got ", json_quoted(name));
    require<StoreError>(seen.insert(name).second, names.path(), ": the name '", name,
                        "' stands twice");
  }
  return texts;
}

/// The labels of an input, none where it is no choice.
std::vector<std::string> labels_in(const std::string& text, const std::string& place) {
  const JsonValue json = parsed_json(text, /*deepest=*/2);
  const bool list =
      json.is_array() && std::all_of(json.begin(), json.end(),
                                     [](const JsonValue& label) { return label.is_string(); });
  require<StoreError>(list, place, ": expected a JSON list of labels, got ", json_quoted(text));
  return json.get<std::vector<std::string>>();
}

/// The runs of an opened file, column by column.
class Reading {
 public:
  explicit Reading(const hdf5::Group& group) : group_(group) {
    const std::vector<std::string> inputs = names_in(group, "input");
    const std::vector<std::string> outputs = names_in(group, "output");
    const hdf5::Dataset x = group.dataset("x");
    require<StoreError>(x.lengths().size() == 2, x.path(), ": expected runs times inputs");
    rows_ = x.lengths()[0];
    x.require_lengths({rows_, inputs.size()});
    x_ = x.numbers();
    status_ = column("status").numbers();
    read_inputs(inputs);
    const std::vector<std::string> places = names_in_runs(outputs);
    for (std::size_t j = 0; j < outputs.size(); ++j) {
      const hdf5::Dataset values = column(places[j]);
      found_.outputs.push_back({outputs[j], values.text("units")});
      y_.push_back(values.numbers());
      const std::string names = values.text("labels");
      y_labels_.push_back(names.empty() ? std::vector<std::string>{}
                                        : labels_in(names, values.path()));
    }
  }

  StoredRuns runs() && {
    head();
    for (std::size_t i = 0; i < rows_; ++i) {
      if (is_left_out(i))
        ++found_.left_out;
      else
        line(i);
    }
    return std::move(found_);
  }

 private:
  hdf5::Dataset column(const std::string& name) const {
    hdf5::Dataset values = group_.dataset(name);
    values.require_lengths({rows_});
    return values;
  }

  void read_inputs(const std::vector<std::string>& names) {
    const hdf5::Dataset units = group_.dataset("input_unit");
    const hdf5::Dataset labels = group_.dataset("input_labels");
    units.require_lengths({names.size()});
    labels.require_lengths({names.size()});
    const std::vector<std::string> unit = units.texts();
    const std::vector<std::string> label = labels.texts();
    for (std::size_t j = 0; j < names.size(); ++j) {
      found_.inputs.push_back({names[j], unit[j]});
      labels_.push_back(labels_in(label[j], labels.path()));
    }
  }

  // Flags as export_hdf5 writes them: ok, failed, timed out, open, excluded.
  bool is_left_out(std::size_t run) const {
    const double status = status_[run];
    require<StoreError>(status >= 0.0 && status <= 4.0 && status == std::round(status),
                        group_.path(), "/status: expected 0 to 4, got ", status, " for run ", run);
    return status >= 3.0;
  }

  void head() {
    std::string separator;
    for (const auto* columns : {&found_.inputs, &found_.outputs}) {
      for (const StoredRuns::Column& column : *columns) {
        found_.csv += separator + column.name;
        separator = ",";
      }
    }
    found_.csv += '\n';
  }

  void line(std::size_t run) {
    const std::size_t inputs = labels_.size();
    for (std::size_t j = 0; j < inputs; ++j)
      found_.csv += (j > 0 ? "," : "") + input(run, j, x_[run * inputs + j]);
    const bool ok = status_[run] == 0.0;
    for (std::size_t j = 0; j < y_.size(); ++j) {
      found_.csv += ',';
      if (ok && !std::isnan(y_[j][run]))
        found_.csv += labelled(run, found_.outputs[j].name, y_labels_[j], y_[j][run]);
    }
    found_.csv += '\n';
    found_.runs.push_back(static_cast<long>(run));
  }

  std::string input(std::size_t run, std::size_t j, double value) const {
    return labelled(run, found_.inputs[j].name, labels_[j], value);
  }

  std::string labelled(std::size_t run, const std::string& name,
                       const std::vector<std::string>& labels, double value) const {
    if (labels.empty()) return fmt::format("{}", value);
    const bool known =
        value >= 0.0 && value < static_cast<double>(labels.size()) && value == std::round(value);
    require<StoreError>(known, group_.path(), ": '", name, "' of run ", run, " has one of ",
                        labels.size(), " labels, counted from 0; got ", value);
    return csv_field(labels[static_cast<std::size_t>(value)]);
  }

  const hdf5::Group& group_;
  std::size_t rows_ = 0;
  std::vector<double> x_{};
  std::vector<double> status_{};
  std::vector<std::vector<std::string>> labels_{};    // an input
  std::vector<std::vector<double>> y_{};              // an output
  std::vector<std::vector<std::string>> y_labels_{};  // likewise
  StoredRuns found_{};
};

JsonValue as_json(const std::vector<StoredRuns::Column>& columns) {
  JsonValue list = JsonValue::array();
  for (const StoredRuns::Column& column : columns)
    list.push_back(JsonValue::array({column.name, column.unit}));
  return list;
}

std::vector<StoredRuns::Column> columns_of(const JsonValue& list) {
  std::vector<StoredRuns::Column> columns;
  for (const JsonValue& column : list)
    columns.push_back({column.at(0).get<std::string>(), column.at(1).get<std::string>()});
  return columns;
}

/// What the child hands back: the parent believes none of it unseen.
std::string reply_of(const fs::path& file) {
  const hdf5::Quiet quiet;
  const hdf5::Handle opened = hdf5::open_to_read(file);
  open_no_more_files();
  const hdf5::Group root = hdf5::Group::root_of(opened);
  check_schema(root);
  const hdf5::Group group = root.group("runs");
  const StoredRuns runs = Reading(group).runs();
  return json_text({{"inputs", as_json(runs.inputs)},
                    {"outputs", as_json(runs.outputs)},
                    {"csv", runs.csv},
                    {"runs", runs.runs},
                    {"left_out", runs.left_out}});
}

StoredRuns runs_in_reply(const std::string& reply) {
  const JsonValue json = parsed_json(reply, /*deepest=*/4);
  return {columns_of(json.at("inputs")), columns_of(json.at("outputs")),
          json.at("csv").get<std::string>(), json.at("runs").get<std::vector<long>>(),
          Index{whole(json.at("left_out"))}};
}

}  // namespace

bool is_hdf5(const fs::path& file) {
  const std::string kind = file.extension().string();
  if (kind == ".h5" || kind == ".hdf5") return true;
  if (!fs::is_regular_file(file)) return false;  // what is read of a pipe is gone
  std::array<char, signature.size()> begin{};
  std::ifstream stream(file, std::ios::binary);
  return stream.read(begin.data(), begin.size()) &&
         std::string_view(begin.data(), begin.size()) == signature;
}

StoredRuns runs_in_hdf5(const fs::path& file, const Confinement& bounds) {
  const std::string name = file.string() + ": ";
  require<StoreError>(fs::is_regular_file(file), name, "the file cannot be read");
  try {
    return runs_in_reply(confined([&] { return reply_of(file); }, bounds));
  } catch (const ChildDied& died) {
    throw StoreError(concat(name, "reading it ", died.what(),
                            ": the file is damaged, or made to do harm. Nothing was imported"));
  } catch (const StoreError& failure) {
    throw StoreError(name + failure.what());
  } catch (const JsonValue::exception&) {
    throw StoreError(name + "reading it gave no runs: the file is made to do harm");
  }
}

}  // namespace sonde
