#include "cli/stored_runs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "cli/exit_status.hpp"
#include "cli/text_table.hpp"

namespace sonde::cli {
namespace {

using Columns = std::vector<StoredRuns::Column>;

std::string quoted_list(const std::vector<std::string>& names) {
  std::string words;
  for (const std::string& name : names)
    words += fmt::format("{}'{}'", words.empty() ? "" : ", ", name);
  return words;
}

template <class Columns>
std::vector<std::string> column_names(const Columns& columns) {
  std::vector<std::string> names;
  for (const auto& column : columns) names.push_back(column.name);
  return names;
}

const StoredRuns::Column* column_called(const Columns& columns, const std::string& name) {
  const auto found =
      std::find_if(columns.begin(), columns.end(), [&](const auto& c) { return c.name == name; });
  return found == columns.end() ? nullptr : &*found;
}

// A number without a unit has the unit 1.
bool same_unit(const std::string& one, const std::string& other) {
  const auto is_plain = [](const std::string& unit) { return unit.empty() || unit == "1"; };
  return one == other || (is_plain(one) && is_plain(other));
}

// Of this study's columns those that the file has not; those that it has in the same unit.
template <class Wanted>
std::vector<std::string> missing_in(const Columns& columns, const std::vector<Wanted>& wanted,
                                    const std::string& file) {
  std::vector<std::string> missing;
  for (const Wanted& one : wanted) {
    const StoredRuns::Column* column = column_called(columns, one.name);
    if (!column) missing.push_back(one.name);
    require<UsageError>(!column || same_unit(column->unit, one.unit), file, ": '", one.name,
                        "' is in '", column ? printable(column->unit) : "", "', in the study in '",
                        one.unit, "'. Export it as CSV, and convert that");
  }
  return missing;
}

void hold_against_study(const StoredRuns& stored, const Study& study, const std::string& file) {
  const std::vector<std::string> inputs = missing_in(stored.inputs, study.parameters, file);
  require<UsageError>(inputs.empty(), file, ": is of another study: it has no input ",
                      quoted_list(inputs), "; its inputs are ",
                      quoted_list(column_names(stored.inputs)));
  const std::vector<Output> outputs = study.output_names();
  const std::vector<std::string> missing = missing_in(stored.outputs, outputs, file);
  require<UsageError>(missing.size() < outputs.size(), file,
                      ": is of another study: it has no output ", quoted_list(missing),
                      "; its outputs are ", quoted_list(column_names(stored.outputs)));
}

void tell_of(const std::string& file, const std::string& words) {
  std::fprintf(stderr, "sonde: %s: %s\n", printable(file).c_str(), words.c_str());
}

// What the file has besides, which may be what its runs differ in.
void say_unknown(const StoredRuns& stored, const Study& study, const std::string& file) {
  std::vector<std::string> unknown;
  for (const StoredRuns::Column& column : stored.inputs) {
    const auto is_it = [&](const Parameter& p) { return p.name == column.name; };
    if (std::none_of(study.parameters.begin(), study.parameters.end(), is_it))
      unknown.push_back(column.name);
  }
  if (!unknown.empty())
    tell_of(file, fmt::format("the study has no variable {}: passed over", quoted_list(unknown)));
}

}  // namespace

StoredRuns stored_runs(const std::filesystem::path& file, const Study& study) {
  const StoredRuns stored = [&] {
    try {
      return runs_in_hdf5(file);
    } catch (const StoreError& failure) {
      throw UsageError(failure.what());
    }
  }();
  hold_against_study(stored, study, file.string());
  say_unknown(stored, study, file.string());
  if (stored.left_out > 0)
    tell_of(file.string(), fmt::format("{} run{} without an answer left out", stored.left_out,
                                       stored.left_out == 1 ? "" : "s"));
  return stored;
}

}  // namespace sonde::cli
