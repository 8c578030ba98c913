#include "cli/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <sstream>
#include <type_traits>

#include "base/nearest_name.hpp"
#include "cli/exit_status.hpp"

namespace sonde::cli {
namespace {

CLI::Option* placed(CLI::App& app, const Argument& argument) {
  return std::visit(
      [&](auto* place) {
        if constexpr (std::is_same_v<decltype(place), bool*>)
          return app.add_flag(argument.names, *place, argument.help);
        else
          return app.add_option(argument.names, *place, argument.help);
      },
      argument.place);
}

void add(CLI::App& app, const Argument& argument) {
  CLI::Option* option = placed(app, argument);
  if (argument.range) option->check(CLI::Range(argument.range->least, argument.range->most));
  if (!argument.choices.empty()) option->check(CLI::IsMember(argument.choices));
  if (argument.count) option->expected(argument.count->least, argument.count->most);
  if (argument.delimiter != '\0') option->delimiter(argument.delimiter);
  if (argument.required) option->required();
  if (!argument.excludes.empty()) option->excludes(app.get_option(argument.excludes));
}

Action printing(const CLI::App& app, const CLI::Success& wanted) {
  std::ostringstream text;
  const int status = app.exit(wanted, text, text);
  return [text = text.str(), status] {
    std::fputs(text.c_str(), stdout);
    return status;
  };
}

// What was wrong with "--count" is said of "-n, --count": either may have been written.
std::string by_all_names(const Program& program, const std::string& reason) {
  const std::string named = reason.substr(0, reason.find(':'));
  for (const Subcommand& subcommand : program.subcommands) {
    for (const Argument& argument : subcommand.arguments) {
      const std::size_t comma = argument.names.find(',');
      if (comma != std::string::npos && argument.names.substr(comma + 1) == named)
        return argument.names.substr(0, comma) + ", " + reason;
    }
  }
  return reason;
}

Action refusing(const std::string& reason) {
  return [reason] {
    std::fprintf(stderr, "sonde: %s\nRun with --help for what may stand here.\n", reason.c_str());
    return Usage;
  };
}

}  // namespace

Action understood(const Program& program, int argc, const char* const* argv) {
  CLI::App app(program.help, program.name);
  app.set_version_flag("--version", program.version);
  app.require_subcommand(1);
  Action action;
  for (const Subcommand& subcommand : program.subcommands) {
    CLI::App& named = *app.add_subcommand(subcommand.name, subcommand.help);
    for (const Argument& argument : subcommand.arguments) add(named, argument);
    named.callback([&] { action = subcommand.action; });
  }
  // Now, so that subcommands do not repeat it.
  app.footer(program.footer);
  if (argc > 1 && argv[1][0] != '-') {
    std::vector<std::string> names;
    for (const Subcommand& subcommand : program.subcommands) names.push_back(subcommand.name);
    if (std::find(names.begin(), names.end(), argv[1]) == names.end())
      return refusing(concat("'", argv[1], "' is no command", suggestion(argv[1], names)));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wanted) {
    return printing(app, wanted);
  } catch (const CLI::ParseError& failure) {
    return refusing(by_all_names(program, failure.what()));
  }
  return action;
}

}  // namespace sonde::cli
