// Plug-in libraries: the cantilever of simulators/, and libraries that misbehave.
#include <cmath>
#include <cstdlib>

#include "sonde/base/error.hpp"
#include "support/matchers.hpp"
#include "support/script_oracle.hpp"

namespace sonde {
namespace {

namespace fs = std::filesystem;
using testing_support::contains;
using testing_support::message_of;
using testing_support::TemporaryDirectory;
using testing_support::text_of;
using Status = Answer::Status;

struct Plugged {
  TemporaryDirectory folder;
  SimulatorSpec spec;
  // In another order than the library's.
  std::vector<Parameter> inputs = {
      Parameter::linear("t", 1, 4), Parameter::linear("w", 1, 4), Parameter::linear("E", 2e7, 4e7),
      Parameter::linear("X", 200, 800), Parameter::linear("Y", 700, 1300)};
  std::vector<ProcessOutput> outputs = {{{"stress", "psi"}, {}, {}},
                                        {{"displacement", "in"}, {}, {}}};

  explicit Plugged(const std::string& library) { spec.library = library; }

  Oracle oracle() const {
    return process_oracle(spec, inputs, outputs, {},
                          {folder.path(), folder / "runs", SONDE_RUN_PROGRAM, {}});
  }
  Answer ask() const {
    return oracle().ask(
        {.id = 0, .x = (Vector(5) << 3.0, 2.0, 29e6, 500.0, 1000.0).finished(), .why = "design"});
  }
  // A library of a few lines of C; none where there is no compiler.
  static std::string built(const fs::path& folder, const std::string& body) {
    std::ofstream(folder / "plugin.c")
        << "#include \"sonde/oracle/plugin.h\"\n#include <stdlib.h>\n"
        << body;
    const std::string library = (folder / "plugin.so").string();
    const std::string command = "cc -shared -fPIC -I" SONDE_INCLUDE " -o '" + library + "' '" +
                                (folder / "plugin.c").string() + "'";
    return std::system(command.c_str()) == 0 ? library : "";
  }
};

TEST_CASE("a plug-in library answers by name, whatever the order", "[library]") {
  const Answer answer = Plugged(SONDE_PLUGIN).ask();
  REQUIRE(answer.message.empty());
  REQUIRE(answer.status == Status::Ok);
  // w = 2, t = 3: 600 * 1000 / (2 * 9) + 600 * 500 / (4 * 3) = 33333.33 + 25000.
  CHECK(answer.y[0] == Approx(175000.0 / 3.0).epsilon(1e-14));
  // 4e6 / (29e6 * 6) * sqrt((1000 / 9)^2 + (500 / 4)^2)
  CHECK(answer.y[1] == Approx(4e6 / 174e6 * std::hypot(1000.0 / 9.0, 125.0)).epsilon(1e-14));
}

TEST_CASE("the gradient of a plug-in is the central difference of its values", "[library]") {
  const Plugged plugged(SONDE_PLUGIN);
  REQUIRE(plugged.ask().status == Status::Ok);
  const std::string said = text_of(plugged.folder / "runs/000000.1/stdout.txt");
  REQUIRE(contains(said, "\"gradient\""));
  // d displacement / dE = -displacement / E, third of the names asked.
  const double displacement = 4e6 / 174e6 * std::hypot(1000.0 / 9.0, 125.0);
  const std::size_t at = said.find("\"displacement\":[");
  REQUIRE(at != std::string::npos);
  const char* text = said.c_str() + at + 16;
  for (int skipped = 0; skipped < 2; ++skipped) text = std::strchr(text, ',') + 1;
  CHECK(std::strtod(text, nullptr) == Approx(-displacement / 29e6).epsilon(1e-12));
}

TEST_CASE("a plug-in that crashes, exits or says no is one failed run", "[library]") {
  const TemporaryDirectory folder;
  const std::string head =
      "static const char* const in[] = {\"t\", \"w\", \"E\", \"X\", \"Y\"};\n"
      "static const char* const out[] = {\"stress\", \"displacement\"};\n"
      "static int f(const double* x, double* y, char* m, unsigned long n) {\n";
  const std::string tail =
      "}\nstatic const struct sonde_plugin_table t = {SONDE_PLUGIN_VERSION, 5, 2, in, out, f, 0};\n"
      "const struct sonde_plugin_table* sonde_plugin(void) { return &t; }\n";
  const auto answered = [&](const std::string& body) {
    return Plugged(Plugged::built(folder.path(), head + body + tail)).ask();
  };
  CHECK(answered("abort();").kind == "signal");
  CHECK(answered("exit(0);").kind == "output missing");
  const Answer told = answered("m[0] = 'n'; m[1] = 'o'; return 1;");
  CHECK(told.kind == "told");
  CHECK(contains(told.message, "no"));
  CHECK(answered("y[0] = 1.0; return 0;").kind == "not finite");
  CHECK(answered("y[0] = 1.0; y[1] = x[1]; return 0;").y[1] == 2.0);
}

TEST_CASE("what is no plug-in is refused, or fails with the reason", "[library]") {
  const TemporaryDirectory folder;
  CHECK(contains(message_of<StudyError>([&] { Plugged("plugin.so").oracle(); }),
                 "expected an absolute path"));
  CHECK(contains(message_of<OracleError>([&] { Plugged("/no/such.so").oracle(); }),
                 "does not exist"));
  const fs::path text = folder / "text.so";
  std::ofstream(text) << "no library\n";
  CHECK(contains(message_of<OracleError>([&] { Plugged(text.string()).oracle(); }), "text.so"));
  fs::permissions(text, fs::perms::others_write, fs::perm_options::add);
  CHECK(contains(message_of<OracleError>([&] { Plugged(text.string()).oracle(); }),
                 "all may write it"));
  Plugged other(SONDE_PLUGIN);
  other.inputs[0].name = "thickness";
  CHECK(contains(message_of<StudyError>([&] { other.oracle(); }),
                 "the library's inputs are 'E', 'X', 'Y', 't', 'w', the study's"));
  Plugged unknown(SONDE_PLUGIN);
  unknown.outputs[0].output.name = "mass";
  CHECK(contains(message_of<StudyError>([&] { unknown.oracle(); }), "outputs"));
}

}  // namespace
}  // namespace sonde
