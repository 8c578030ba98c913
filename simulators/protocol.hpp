#pragma once

#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// What a small simulator needs in order to be a program: the protocol of README.md.
namespace sonde_simulator {

/// One number that a simulator is given.
struct Input {
  std::string name;
  std::string unit;  ///< "1" where it has none
  double lower;      ///< of the range in which the source uses it; values outside are computed too
  double upper;
  std::string meaning;
};

/// One number that a simulator answers.
struct Output {
  std::string name;
  std::string unit;
  std::string meaning;
};

/// A function of named numbers, and what is known about it.
struct Simulator {
  std::string name;
  std::string version;
  std::string source;  ///< author (year), where
  std::vector<Input> inputs;
  std::vector<Output> outputs;
  /// (d) values in the order of `inputs` -> (m) values in the order of `outputs`.
  /// Throws Failure where it has no answer.
  std::function<std::vector<double>(std::span<const double>)> evaluate;
};

/// A simulation that was begun and came to nothing: exit status 1.
struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What was asked cannot be understood: exit status 2.
struct Refusal : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// One question, as it stood on standard input.
struct Request {
  std::string id = "-";  ///< as written, "-" where none was given
  int attempt = 1;
  std::vector<double> x;  ///< (d), in the order of Simulator::inputs
};

/// Reads {"id": 12, "attempt": 1, "x": {"name": number, ...}}; "x" alone is required, and keys
/// beside these three are passed over.
///
/// \throws Refusal where `text` is not one JSON object, an input is missing, unknown, not a number
///   or not finite.
Request read_request(const Simulator& simulator, std::string_view text);

/// {"y": {"name": number, ...}} without a line end, every number with the fewest digits that read
/// back as the same double. \throws Failure where a value is not finite or the count is wrong.
std::string answer_line(const Simulator& simulator, std::span<const double> y);

/// The shortest decimal that reads back as the same double.
std::string shortest(double value);

/// All of standard input.
std::string read_standard_input();

/// Runs the simulator once, as a program: one question from standard input, one line to standard
/// output. Also does `--help`, `--version` and `--describe` (inputs and outputs as JSON).
///
/// A simulator with options of its own takes them out of `argv` before calling this.
///
/// \return the exit status: 0 answered, 1 failed, 2 not understood.
int serve(int argc, char** argv, const Simulator& simulator);

}  // namespace sonde_simulator
