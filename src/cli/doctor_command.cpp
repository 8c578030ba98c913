#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "cli/campaign_folder.hpp"
#include "cli/exit_status.hpp"
#include "cli/fitting_cost.hpp"
#include "cli/subcommands.hpp"
#include "cli/text_table.hpp"
#include "math/dense.hpp"
#include "oracle/slurm_commands.hpp"
#include "oracle/supervised.hpp"

namespace sonde::cli {
namespace {

namespace fs = std::filesystem;

struct Finding {
  enum class Kind { Fine, Note, Fault };
  Kind kind;
  std::string what;
  std::string words;
};

std::string output_of(const std::string& command) {
  std::string text;
  FILE* pipe = popen((command + " 2>/dev/null").c_str(), "r");
  if (!pipe) return text;
  char block[256];
  while (std::size_t count = std::fread(block, 1, sizeof block, pipe)) text.append(block, count);
  pclose(pipe);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

Finding supervisor_finding() {
  try {
    return {Finding::Kind::Fine, "supervisor", supervisor_program({}).string()};
  } catch (const Error& failure) {
    return {Finding::Kind::Fault, "supervisor", failure.what()};
  }
}

// Whose study needs it is told in its own words that it is missing.
std::optional<Finding> slurm_finding(bool needed) {
  try {
    const SlurmCommands::Queue queue = SlurmCommands({.command_seconds = 20.0}).queue(-1);
    if (!queue.tasks)
      return Finding{needed ? Finding::Kind::Fault : Finding::Kind::Note, "slurm",
                     "does not answer: '" + queue.words + "'"};
    return Finding{Finding::Kind::Fine, "slurm",
                   fmt::format("answers; {} jobs of yours are in the queue", queue.tasks->size())};
  } catch (const Error& failure) {
    if (!needed) return std::nullopt;
    return Finding{Finding::Kind::Fault, "slurm", failure.what()};
  }
}

// h5py and the like are not needed by Sonde; they are what people open NAME.h5 with.
Finding python_finding() {
  std::vector<std::string> found;
  for (const char* module : {"h5py", "xarray", "netCDF4"}) {
    const std::string version =
        output_of(fmt::format("python3 -c 'import {0}; print({0}.__version__)'", module));
    if (!version.empty()) found.push_back(fmt::format("{} {}", module, version));
  }
  std::string words;
  for (const std::string& one : found) words += (words.empty() ? "" : ", ") + one;
  return {
      Finding::Kind::Note, "python",
      words.empty() ? "none of h5py, xarray, netCDF4 (only needed to read NAME.h5 there)" : words};
}

Finding disk_finding(const fs::path& folder) {
  std::error_code problem;
  const fs::space_info space = fs::space(folder, problem);
  if (problem) return {Finding::Kind::Fault, "disk", folder.string() + ": " + problem.message()};
  const double gigabytes = static_cast<double>(space.available) / 1e9;
  return {gigabytes < 1.0 ? Finding::Kind::Fault : Finding::Kind::Fine, "disk",
          fmt::format("{:.1f} GB free in {}", gigabytes, fs::absolute(folder).string())};
}

// What libgomp saw when it was loaded; the program may have changed its environment since.
std::string environment_at_start(const std::string& name) {
  std::ifstream stream("/proc/self/environ");
  std::string entry;
  while (std::getline(stream, entry, '\0')) {
    if (entry.starts_with(name + "=")) return entry.substr(name.size() + 1);
  }
  return "";
}

Finding policy_finding() {
  const std::string policy = environment_at_start("OMP_WAIT_POLICY");
  if (policy == "passive" || policy == "PASSIVE")
    return {Finding::Kind::Fine, "threads",
            fmt::format("{} cores; OpenMP waits passively", cores())};
  return {Finding::Kind::Note, "threads",
          fmt::format("{} cores; OpenMP may spin while it waits (OMP_WAIT_POLICY is '{}'), which "
                      "takes time from running simulations",
                      cores(), policy)};
}

Finding memory_finding() {
  const std::optional<double> available = available_memory();
  if (!available) return {Finding::Kind::Note, "memory", "unknown"};
  return {Finding::Kind::Fine, "memory",
          fmt::format("{:.1f} GB available: enough to fit {} runs", *available / 1e9, most_runs())};
}

// The servers of a study that has some.
void add_servers(const CampaignFolder& folder, std::vector<Finding>& findings) {
  std::error_code problem;
  if (!fs::exists(folder.study, problem)) return;
  const Study study = read_study(folder.study);
  if (study.kind != Study::Kind::Umbridge) return;
  for (const UmbridgeReport& server : umbridge_reports(study.umbridge)) {
    const bool fine = server.problem.empty();
    findings.push_back(
        {fine ? Finding::Kind::Fine : Finding::Kind::Fault, "server",
         server.url + ": " +
             (fine ? "offers model '" + study.umbridge.model + "'" : server.problem)});
  }
}

std::vector<Finding> campaign_findings(const CampaignFolder& folder) {
  std::vector<Finding> findings;
  if (!folder.begun()) {
    findings.push_back({Finding::Kind::Note, "campaign", folder.shown() + " has not begun"});
    return findings;
  }
  const Journal journal = Journal::read(folder.journal());
  findings.push_back({Finding::Kind::Fine, "journal",
                      fmt::format("{}: whole, {} events, by sonde {}", folder.journal().string(),
                                  journal.events().size(), journal.preamble().version)});
  if (folder.being_written()) {
    findings.push_back({Finding::Kind::Note, "running", "another process writes it now"});
  } else if (journal.torn_bytes() > 0) {
    findings.push_back({Finding::Kind::Note, "torn",
                        fmt::format("the last {} bytes are of a line that was never whole; the "
                                    "next run cuts them off",
                                    journal.torn_bytes())});
  }
  read_campaign(folder, 1);
  findings.push_back({Finding::Kind::Fine, "events", "they follow each other"});
  return findings;
}

Study study_of(const Target& target) {
  const CampaignFolder folder = locate(target);
  return folder.begun() ? read_campaign(folder, 1).study : read_study(folder.study);
}

int carry_out(const Target& target) {
  std::vector<Finding> findings{{Finding::Kind::Fine, "sonde", SONDE_VERSION},
                                {Finding::Kind::Fine, "arithmetic", dense::arithmetic().name},
                                policy_finding(),
                                memory_finding(),
                                supervisor_finding(),
                                python_finding()};
  const bool named = !target.named.empty() || !target.directory.empty();
  if (named) {
    const CampaignFolder folder = locate(target);
    findings.push_back(disk_finding(folder.begun() ? folder.directory : fs::path(".")));
    for (Finding& finding : campaign_findings(folder)) findings.push_back(std::move(finding));
    add_servers(folder, findings);
  } else {
    findings.push_back(disk_finding("."));
  }
  if (auto slurm = slurm_finding(named && study_of(target).slurm.has_value()))
    findings.push_back(std::move(*slurm));
  bool faults = false;
  for (const Finding& finding : findings) {
    const char* mark = finding.kind == Finding::Kind::Fine    ? "ok   "
                       : finding.kind == Finding::Kind::Fault ? "FAULT"
                                                              : "note ";
    std::printf("%s %-11s %s\n", mark, finding.what.c_str(), finding.words.c_str());
    faults = faults || finding.kind == Finding::Kind::Fault;
  }
  return faults ? Unexpected : Done;
}

}  // namespace

Subcommand doctor_subcommand() {
  auto target = std::make_shared<Target>();
  return {.name = "doctor",
          .help = "Look at this machine, and at a campaign where one is named",
          .arguments = target_arguments(*target),
          .action = [target] { return carry_out(*target); }};
}

}  // namespace sonde::cli
