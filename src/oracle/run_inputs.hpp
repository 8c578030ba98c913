#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oracle/render.hpp"
#include "sonde/oracle/process.hpp"

namespace sonde {

/// What is laid into a run's directory before it begins: templates, copies, links, standard input.
class RunInputs {
 public:
  /// Reads the templates. \throws StudyError where a source cannot be read, leaves the study's
  ///   directory, or a target leaves the run's, stands twice, or lies in what is linked.
  RunInputs(const SimulatorSpec& spec, const Values& names, std::filesystem::path study_directory);

  /// Never through a symbolic link, never over a file that is there.
  /// \param question for standard input, where no template is given for it
  /// \throws Error where something cannot be written, StudyError as Template::rendered().
  void lay_into(const std::filesystem::path& directory, const Values& values,
                const std::string& question) const;

  /// All formats with which `name` is written.
  std::vector<std::string> formats_of(std::string_view name) const;

 private:
  struct Rendered {
    Template text;
    std::filesystem::path target;
    mode_t mode;
  };
  Rendered read(const std::string& source, const std::filesystem::path& target,
                const std::string& key, const Values& names) const;
  void check_source(const std::string& source, const std::string& key) const;

  std::filesystem::path study_directory_;
  std::vector<Rendered> templates_;
  std::optional<Rendered> standard_input_;
  std::vector<std::filesystem::path> copies_;
  std::vector<std::filesystem::path> links_;
};

}  // namespace sonde
