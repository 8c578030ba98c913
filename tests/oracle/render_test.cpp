#include "oracle/render.hpp"

#include <cmath>
#include <filesystem>
#include <fstream>

#include "sonde/base/error.hpp"
#include "support/matchers.hpp"
#include "support/temporary_directory.hpp"

namespace sonde {
namespace {

using testing_support::contains;
using testing_support::message_of;
using testing_support::TemporaryDirectory;

const std::vector<Parameter> inputs = {Parameter::linear("chord", 120, 180, "mm"),
                                       Parameter::integer("ribs", 2, 8),
                                       Parameter::choice("material", {"AL6061", "CFRP"})};

Query query() {
  return Query{.id = 12, .x = (Vector(3) << 150.1, 4.0, 1.0).finished(), .why = "design"};
}

TemplateValues others() {
  const Symbols symbols{{"chord", "ribs", "material"}, {}, {{"rho", 1.225}}, {}};
  return {{{"rho", 1.225}}, {{"q", Expression("2*chord", symbols)}}};
}

std::string rendered(const std::string& text) {
  return render(text, "case.tmpl", query(), 2, inputs, others());
}

std::string refusal(const std::string& text) {
  return message_of<StudyError>([&] { rendered(text); });
}

TEST_CASE("a template's names become what they stand for", "[render]") {
  CHECK(rendered("c={{chord}} r={{ ribs }} m={{material}}\n") == "c=150.1 r=4 m=CFRP\n");
  CHECK(rendered("{{rho}} {{q}} {{run.id}} {{run.attempt}}") == "1.225 300.2 12 2");
  CHECK(rendered("no names, { braces }, }}") == "no names, { braces }, }}");
  CHECK(rendered("").empty());
  CHECK(rendered("{{chord}}{{chord}}") == "150.1150.1");
}

TEST_CASE("a template may say how a number is written", "[render]") {
  CHECK(rendered("{{chord|%.8g}}") == "150.1");
  CHECK(rendered("{{chord | %10.3f}}|") == "   150.100|");
  CHECK(rendered("{{chord|%-12.4E}}|") == "1.5010E+02  |");
  CHECK(rendered("{{ribs|%03d}}") == "004");
  CHECK(rendered("{{ribs|%.1f}}") == "4.0");
}

TEST_CASE("the seed of a run depends on the query alone", "[render]") {
  const std::string seed = render("{{run.seed}}", "t", query(), 1, inputs, others());
  CHECK(seed == rendered("{{run.seed}}"));
  Query other = query();
  other.id = 13;
  CHECK(seed != render("{{run.seed}}", "t", other, 1, inputs, others()));
}

TEST_CASE("a template that cannot be rendered says where and why", "[render]") {
  CHECK(contains(refusal("a\nb {{chrod}}\n"), "case.tmpl:2:3: unknown name 'chrod'"));
  CHECK(contains(refusal("{{chrod}}"), "'chord'"));
  CHECK(contains(refusal("x {{chord"), "case.tmpl:1:3: expected }} behind {{"));
  CHECK(contains(refusal("{{chord\n}}"), "expected }} behind {{ on the same line"));
  CHECK(contains(refusal("{{chord|%d}}"), "'chord' is no integer"));
  CHECK(contains(refusal("{{material|%s}}"), "expected a format such as"));
  CHECK(contains(refusal("{{material|%g}}"), "is a word, which takes no format"));
  for (const char* format : {"%n", "%s", "%g%g", "%*d", "g", "%5000.1f", "%lf", "%g ml"}) {
    INFO(format);
    CHECK(contains(refusal(std::string("{{chord|") + format + "}}"), "expected a format such as"));
  }
  CHECK(contains(refusal("{{chord|}}"), "behind the |"));
}

TEST_CASE("what is not finite is never written into a template", "[render]") {
  const Symbols symbols{{"chord", "ribs", "material"}, {}, {}, {}};
  const TemplateValues roots{{}, {{"root", Expression("sqrt(-chord)", symbols)}}};
  const std::string message =
      message_of<StudyError>([&] { render("{{root}}", "case.tmpl", query(), 1, inputs, roots); });
  CHECK(contains(message, "case.tmpl:1:1: 'root' is"));
  CHECK(contains(message, "expected a finite number"));
}

TEST_CASE("arguments are rendered one by one, and the program is found", "[render]") {
  const TemporaryDirectory study;
  std::ofstream(study / "solver") << "#!/bin/sh\n";
  std::filesystem::permissions(study / "solver", std::filesystem::perms::owner_all);
  SimulatorSpec spec;
  spec.run = {"./solver", "--chord={{chord}}", "a b; rm {{ribs}}"};
  CHECK(arguments(spec, query(), 1, inputs, others(), study.path()) ==
        std::vector<std::string>{(study / "solver").string(), "--chord=150.1", "a b; rm 4"});
  spec.run = {"sh"};
  CHECK(arguments(spec, query(), 1, inputs, others(), study.path())[0].ends_with("/sh"));
}

TEST_CASE("a program that cannot be run is named with the place", "[render]") {
  const TemporaryDirectory study;
  std::ofstream(study / "notes.txt") << "no program\n";
  const auto message = [&](const std::string& program) {
    SimulatorSpec spec;
    spec.run = {program};
    return message_of<OracleError>(
        [&] { arguments(spec, query(), 1, inputs, others(), study.path()); });
  };
  CHECK(contains(message("./absent"), (study / "absent").string()));
  CHECK(contains(message("./notes.txt"), "may not be executed"));
  CHECK(contains(message("no-such-program-anywhere"), "is not on PATH"));
  CHECK(contains(message("./"), "may not be executed"));
}

TEST_CASE("the question on standard input has words, whole and real numbers", "[render]") {
  CHECK(question_line(inputs, query(), 3) ==
        "{\"id\": 12, \"attempt\": 3, "
        "\"x\": {\"chord\": 150.1, \"ribs\": 4, \"material\": \"CFRP\"}}\n");
}

}  // namespace
}  // namespace sonde
