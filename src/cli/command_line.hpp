#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace sonde::cli {

/// What the command line asks for; returns the exit status.
using Action = std::function<int()>;

/// Both ends belong to it.
struct Between {
  int least;
  int most;
};

/// Where what the command line says is put; what is not named stays. A bool is a flag without a
/// value.
using Place = std::variant<bool*, int*, std::ptrdiff_t*, std::string*, std::vector<std::string>*>;

struct Argument {
  std::string names;  ///< "study" by its position, "-o,--output" by one of its names
  Place place;
  std::string help;
  std::optional<Between> range{};      ///< of a number
  std::vector<std::string> choices{};  ///< what a text may be; anything where there are none
  std::optional<Between> count{};      ///< of the values of a list
  char delimiter = '\0';               ///< between the values of a list
  bool required = false;
  std::string excludes{};  ///< an earlier option that cannot stand beside this one
};

struct Subcommand {
  std::string name;
  std::string help;
  std::vector<Argument> arguments;  ///< their places live as long as the action
  Action action;
};

struct Program {
  std::string name;
  std::string help;
  std::string version;
  std::string footer;  ///< below the help of the program itself
  std::vector<Subcommand> subcommands;
};

/// The action of the subcommand that is named, its arguments in their places. Where help or the
/// version are wanted, an action that prints them; where the command line cannot be understood, one
/// that says so and returns Usage.
Action understood(const Program& program, int argc, const char* const* argv);

}  // namespace sonde::cli
