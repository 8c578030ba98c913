#include <filesystem>
#include <memory>

#include "cli/campaign_folder.hpp"
#include "cli/contradiction.hpp"
#include "cli/exit_status.hpp"
#include "cli/files.hpp"
#include "cli/handover.hpp"
#include "cli/request.hpp"
#include "cli/stored_runs.hpp"
#include "cli/subcommands.hpp"

namespace sonde::cli {
namespace {

struct ImportChoices {
  Target target;
  std::vector<std::string> files{};  // in either order
  std::string wait = default_wait;
  bool yes = false;
};

// The table among the two files; the other one becomes the target.
std::string table_of(ImportChoices& choices) {
  std::string table;
  for (const std::string& file : choices.files) {
    const bool target =
        std::filesystem::is_directory(file) || std::filesystem::path(file).extension() == ".toml";
    std::string& place = target ? choices.target.named : table;
    require<UsageError>(place.empty(), "import: expected one table and one study, got '", place,
                        "' and '", file, "'");
    place = file;
  }
  require<UsageError>(!table.empty(),
                      "import: expected a file of earlier runs: CSV, or HDF5 that sonde exported");
  return table;
}

// The study that the campaign follows, or will.
Study study_to_import_into(const CampaignFolder& folder) {
  if (folder.begun()) return read_study(folder.recorded_study());
  Study study = read_study(folder.study);
  refuse_contradiction(study);
  return study;
}

int carry_out(ImportChoices choices) {
  const std::string file = table_of(choices);
  const CampaignFolder folder = locate(choices.target);
  const Study study = study_to_import_into(folder);
  const std::string request = is_hdf5(file)
                                  ? import_request(file, stored_runs(file, study), choices.yes)
                                  : import_request(file, read_file(file), choices.yes);
  return by_holder(folder, request, {.wait = wait_of(choices.wait), .threads = cores()});
}

}  // namespace

Subcommand import_subcommand() {
  auto choices = std::make_shared<ImportChoices>();
  return {
      .name = "import",
      .help = "Take earlier runs from a CSV or HDF5 file, also outside the bounds; columns by name",
      .arguments =
          {{.names = "files",
            .place = &choices->files,
            .help =
                "CSV file of inputs and outputs (an empty output failed), or the .h5 of another "
                "campaign; study file or campaign",
            .count = Between{1, 2},
            .required = true},
           {.names = "-C,--directory",
            .place = &choices->target.directory,
            .help = "The campaign's directory"},
           wait_argument(choices->wait),
           {.names = "-y,--yes",
            .place = &choices->yes,
            .help = "Agree to fit more than 5000 runs"}},
      .action = [choices] { return carry_out(*choices); }};
}

}  // namespace sonde::cli
