#include <cstdio>

#include "cli/subcommands.hpp"

namespace sonde::cli {

void add_version(CLI::App& app, Action& action) {
  app.add_subcommand("version", "Print the version")->callback([&action] {
    action = [] {
      std::puts("sonde " SONDE_VERSION);
      return 0;
    };
  });
}

}  // namespace sonde::cli
