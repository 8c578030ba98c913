#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "cli/exit_status.hpp"
#include "cli/files.hpp"
#include "cli/subcommands.hpp"

namespace sonde::cli {
namespace {

constexpr const char* study_text =
    R"(# A study: what may vary, what must hold, how to run the simulator, where its answers stand.
#   sonde check study.toml --try     what is understood, and one run
#   sonde run study.toml             begins, or goes on
sonde = 1
title = "cantilever beam"

[variables.width]                    # one table a variable
unit   = "mm"
bounds = [10, 60]
[variables.height]
unit   = "mm"
bounds = [10, 80]
[variables.length]
unit   = "m"
bounds = [0.5, 2]
# scale = "log"                      # equal ratios matter, not equal steps
# integer = true
# values = ["steel", "oak"]          # instead of bounds: one of these

# [constants]
# load = { value = 500, unit = "N" }
# [derived]                          # usable below and in templates
# slenderness = "1000 * length / height"

[constraints]                        # known before running; every query satisfies them
slender = "length >= 10 * height / 1000"

[outputs.deflection]
unit = "mm"
from = { regex = 'deflection\s*=\s*(?<v>\S+)', file = "stdout.txt" }
# from = { json = "result.json", path = "/forces/0/drag" }
# from = { csv = "history.csv", column = "drag", row = -1 }
# accept = "deflection > 0"          # otherwise the run has failed

[simulator]
run      = ["./simulator.sh", "{{width}}", "{{height}}", "{{length}}"]
parallel = 2
timeout  = "1 min"
# templates = { "case.inp.tmpl" = "case.inp" }     # {{width}}  {{width|%.8g}}  {{run.id}}
# fail_when = [ { file = "stdout.txt", regex = "(?i)diverged|nan" } ]

[design]
runs = 8                             # before the surrogate chooses; omitted: variables + 2

[stop]                               # whatever comes first
runs  = 25
error = 0.01                         # estimated error / spread
)";

constexpr const char* simulator_text = R"(#!/bin/sh
# Stands for your simulator. Deflection of a cantilever beam under 500 N, steel:
# width and height of the section in mm, length in m.
awk -v b="$1" -v h="$2" -v l="$3" 'BEGIN {
  E = 210e9                              # Pa
  I = (b / 1000) * (h / 1000) ^ 3 / 12   # m^4
  printf "deflection = %.9g mm\n", 1000 * 500 * l ^ 3 / (3 * E * I)
}'
)";

int carry_out(const std::string& named) {
  const std::filesystem::path study = named;
  const std::filesystem::path simulator = study.parent_path() / "simulator.sh";
  require<UsageError>(study.extension() == ".toml", named,
                      ": expected the name of a study, which ends in .toml");
  for (const std::filesystem::path& file : {study, simulator})
    require<UsageError>(
        !std::filesystem::exists(file), file.string(),
        ": stands there already; nothing was written. Choose another name or folder");
  if (study.has_parent_path()) std::filesystem::create_directories(study.parent_path());
  write_file(simulator, simulator_text);
  using std::filesystem::perms;
  std::filesystem::permissions(simulator,
                               perms::owner_exec | perms::group_exec | perms::others_exec,
                               std::filesystem::perm_options::add);
  write_file(study, study_text);
  std::printf("%s\n%s\n", study.string().c_str(), simulator.string().c_str());
  std::fprintf(stderr, "next: sonde check %s --try, sonde run %s\n", named.c_str(), named.c_str());
  return Done;
}

}  // namespace

Subcommand init_subcommand() {
  auto named = std::make_shared<std::string>("study.toml");
  return {.name = "init",
          .help = "Write a first study and a simulator to edit",
          .arguments = {{.names = "study",
                         .place = named.get(),
                         .help = "File to write; default: study.toml"}},
          .action = [named] { return carry_out(*named); }};
}

}  // namespace sonde::cli
