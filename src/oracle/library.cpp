#include "oracle/library.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json_text.hpp"
#include "oracle/captured.hpp"
#include "oracle/file.hpp"
#include "oracle/number.hpp"
#include "sonde/base/error.hpp"

namespace sonde {
namespace {

using Names = std::vector<std::string>;

constexpr double longest_load = 60.0;  // s

// Nobody else's: what is loaded may do all that we may.
void check_owner(const std::string& file) {
  require<StudyError>(std::filesystem::path(file).is_absolute(),
                      "simulator.library: expected an absolute path, got '", printable(file), "'");
  struct stat facts {};
  require<OracleError>(::stat(file.c_str(), &facts) == 0 && S_ISREG(facts.st_mode),
                       "simulator.library: '", printable(file), "' does not exist");
  require<OracleError>(
      (facts.st_uid == 0 || facts.st_uid == ::geteuid()) && (facts.st_mode & S_IWOTH) == 0,
      "simulator.library: '", printable(file),
      "' belongs to somebody else, or all may write it; it will not be loaded");
}

std::string listed(Names names) {
  std::sort(names.begin(), names.end());
  std::string words;
  for (const std::string& name : names)
    words += (words.empty() ? "'" : ", '") + printable(name) + "'";
  return words;
}

// Every name of the study's is one of the library's; of the inputs they are all.
void check_names(const char* what, const Names& study, const Names& library, bool all) {
  const bool known = std::all_of(study.begin(), study.end(), [&](const std::string& name) {
    return std::find(library.begin(), library.end(), name) != library.end();
  });
  require<StudyError>(known && (!all || study.size() == library.size()),
                      "simulator.library: the library's ", what, " are ", listed(library),
                      ", the study's ", listed(study));
}

}  // namespace

void check_library(const std::string& file, const std::filesystem::path& supervisor,
                   const std::vector<Parameter>& inputs,
                   const std::vector<ProcessOutput>& outputs) {
  check_owner(file);
  const Captured said =
      captured({supervisor.string(), "--library", file, "--describe"}, longest_load);
  if (!said.well()) {
    const std::string why = said.end == Captured::End::TimedOut
                                ? concat("it was not loaded within ", longest_load, " s")
                            : said.end == Captured::End::Exited && !said.error_output.empty()
                                ? printable(said.error_output, 400)
                                : "the process that loaded it died";
    throw OracleError("simulator.library: '" + printable(file) + "': " + why);
  }
  const JsonValue table = parsed_json(said.output.substr(said.output.rfind("\n{") + 1));
  require<OracleError>(table.is_object() && table.contains("inputs") && table.contains("outputs"),
                       "simulator.library: '", printable(file),
                       "': the process that loaded it ended without a word");
  Names names, values;
  for (const Parameter& input : inputs) names.push_back(input.name);
  for (const ProcessOutput& output : outputs)
    if (output.from.source == Extraction::Source::StdoutJson) values.push_back(output.output.name);
  check_names("inputs", names, table["inputs"].get<Names>(), true);
  check_names("outputs", values, table["outputs"].get<Names>(), false);
}

std::string library_question(const std::vector<Parameter>& inputs, const Query& query) {
  std::string names, x;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    names += (i == 0 ? "" : ", ") + json_quoted(inputs[i].name);
    x += (i == 0 ? "" : ", ") + shortest_decimal(query.x[static_cast<Index>(i)]);
  }
  return concat(R"({"names": [)", names, R"(], "x": [)", x, "]}\n");
}

}  // namespace sonde
