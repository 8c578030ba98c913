#include <cstdio>

#include "cli/subcommands.hpp"

namespace sonde::cli {

Subcommand version_subcommand() {
  return {.name = "version", .help = "Print the version", .arguments = {}, .action = [] {
            std::puts("sonde " SONDE_VERSION);
            return 0;
          }};
}

}  // namespace sonde::cli
