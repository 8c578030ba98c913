#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "run/toml_reader.hpp"
#include "sonde/math/expression.hpp"
#include "sonde/run/study.hpp"

namespace sonde {

constexpr std::int64_t most_parallel = 10000;  // runs at a time
constexpr std::int64_t most_runs = 10'000'000;

/// The names a study gives: of one form, each once whatever its case, none of a function.
class StudyNames {
 public:
  /// \param reader of the table in which the entry stands \throws StudyError at the entry's key
  void add(const TomlReader& reader, const TomlValue::Entry& entry);
  /// The same of a name that becomes a column of the results, which has columns of its own.
  void add_column(const TomlReader& reader, const TomlValue::Entry& entry,
                  std::initializer_list<std::string_view> taken = {});

 private:
  std::vector<std::pair<std::string, std::string>> taken_;  // in lower case, path
};

/// What the sections are read into.
struct StudyBuilder {
  Study study;
  StudyNames names{};
  std::vector<std::pair<std::string, std::string>> derived_formulas{};
};

/// Variables, constants, derived quantities, constraints: study_space.cpp.
void read_space(TomlReader& root, StudyBuilder& builder);
/// Outputs, simulator, echo: study_simulator.cpp. Needs read_space() before it.
void read_simulation(TomlReader& root, StudyBuilder& builder);

/// What people have to do with the queries: of a manual simulator, [review], [tags];
/// study_people.cpp.
void read_people(TomlReader& simulator, Study& study);
void read_review(TomlReader& root, Study& study);
/// A table of conditions on the inputs, by name. Needs read_space() before it.
std::vector<std::pair<std::string, Expression>> read_conditions(TomlReader& root,
                                                                std::string_view table,
                                                                const Study& study);

/// `query` of [method]: study_query.cpp. After the outputs.
void read_query(TomlReader& method, Study& study);
/// `weights` of [method]: after the segments.
void read_weights(TomlReader& method, Study& study);
/// `goal` of an output, added to the study.
void read_goal(TomlReader& output, Study& study);

/// [pool] and, after it, [hybrid]: study_pool.cpp.
void read_pool(TomlReader& root, Study& study);
void read_hybrid(TomlReader& root, Study& study);
/// [stream], before [hybrid], after the simulator: study_stream.cpp.
void read_stream(TomlReader& root, Study& study);

/// `batch` of [method]; [cost] and, after the outputs, [validation] and it, [stop]: study_stop.cpp.
void read_batch(TomlReader& method, Study& study);
void read_cost(TomlReader& root, Study& study);
void read_stop(TomlReader& root, Study& study);

/// `values`: two texts or more, each once, none empty.
std::vector<std::string> labels_of(TomlReader& reader);
/// Letters, digits and _, not a digit first, not longer than 64.
bool well_formed_name(const std::string& name);
/// What is done about failures, and what a run may use: study_remedies.cpp.
void read_remedies(TomlReader& simulator, SimulatorSpec& spec);
/// The table [tokens]; before read_remedies().
void read_token_pool(TomlReader& root, SimulatorSpec& spec);
/// `tokens` of a simulator. After read_token_pool().
void read_tokens(TomlReader& simulator, SimulatorSpec& spec);
std::optional<Remedy> remedy_at(TomlReader& reader, std::string_view key);

/// Whether [simulator] is of kind "umbridge", which decides how outputs are taken.
bool is_umbridge(TomlReader& root);
/// `from` of an output of such a study, which may be left out: then it is value number `place`.
Extraction umbridge_value(TomlReader& output, Index place);
/// [simulator] of such a study: study_umbridge.cpp.
void read_umbridge(TomlReader& simulator, Study& study);

/// The names a formula over the inputs may use, so far.
Symbols input_symbols(const Study& study);

/// The formula, compiled. What is wrong with it stands behind the place of its entry.
Expression compiled(const TomlReader& reader, std::string_view key, const TomlValue& formula,
                    const Symbols& symbols);

}  // namespace sonde
