#include "sonde/run/study.hpp"

#include <cmath>
#include <filesystem>
#include <fstream>

#include "sonde/base/error.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"

using namespace sonde;
using testing_support::contains;
using testing_support::message_of;

namespace {

const std::string whole_study = R"(sonde = 1
title = "airfoil drag"
[variables.chord]
unit = "mm"
bounds = [120, 180]
[variables.reynolds]
bounds = [1e5, 1e7]
scale = "log"
[variables.ribs]
bounds = [2, 8]
integer = true
[variables.material]
values = ["AL6061", "CFRP"]
[variables.mach]
bounds = [0.2, 0.75]
dist = { type = "truncnormal", mean = 0.45, sd = 0.08 }
[constants]
rho = { value = 1.225, unit = "kg/m3" }
sound = 340
[derived]
q = "0.5*rho*(sound*mach)^2"
[constraints]
thin = "chord <= 150 + 100*mach"
window = { expr = "100 <= chord*mach^0 && chord <= 170", tol = 1e-6 }
[outputs.drag]
unit = "N"
from = { json = "result.json", path = "/forces/0/drag" }
tolerance = 0.5
[outputs.tmax]
unit = "K"
from = { regex = 'T_max\s*=\s*(?<v>\S+)', file = "run.log", take = "first", factor = 1e-3 }
accept = "tmax > 0 && tmax < 4000*q"
goal = "observe"
[echo]
chord = { regex = 'CHORD\s+(?<v>\S+)', file = "run.log", tol = 1e-4 }
[simulator]
run = ["./solver", "-in", "case.inp"]
templates = { "case.inp.tmpl" = "case.inp" }
copy = ["mesh.msh"]
env = { OMP_NUM_THREADS = "1" }
parallel = 4
timeout = "45 min"
stall = "1.5 h"
retries = 1
fail_when = [ { file = "run.log", regex = "(?i)diverged", kind = "diverged" } ]
exit = "any"
keep = "failed"
on_death = "end"
[design]
kind = "latin hypercube"
runs = 24
[method]
query = "variance"
margin = 0.1
batch = 4
pace = "batches"
seed = 7
[stop]
runs = 120
wall = "2 d"
error = 0.02
plateau = 15
)";

const std::string small_study = R"(sonde = 1
[variables.a]
bounds = [-5, 10]
[variables.b]
bounds = [0, 15]
[outputs.value]
[simulator]
run = ["./branin"]
)";

std::string with(std::string text, const std::string& old, const std::string& fresh) {
  const std::size_t at = text.find(old);
  REQUIRE(at != std::string::npos);
  return text.replace(at, old.size(), fresh);
}

// What is said about the small study with `old` replaced.
std::string refusal(const std::string& old, const std::string& fresh) {
  const std::string text = with(small_study, old, fresh);
  return message_of<StudyError>([&] { parse_study(text, "wing.toml"); });
}

std::string whole_refusal(const std::string& old, const std::string& fresh) {
  const std::string text = with(whole_study, old, fresh);
  return message_of<StudyError>([&] { parse_study(text, "wing.toml"); });
}

TEST_CASE("a study of UM-Bridge servers names them with their limits, the config as JSON") {
  const Study study = parse_study(R"(sonde = 1
[variables.a]
bounds = [0, 1]
[outputs.first]
[outputs.third]
from = { index = 2, factor = 1e3 }
[simulator]
kind = "umbridge"
urls = ["http://one:4242/", { url = "http://two", parallel = 5 }]
model = "poisson"
config = { level = 2, names = ["x"], deep = { yes = true } }
parallel = 2
timeout = "3 min"
)",
                                  "study.toml");
  CHECK(study.kind == Study::Kind::Umbridge);
  CHECK(study.parallel == 7);
  REQUIRE(study.umbridge.servers.size() == 2);
  CHECK(study.umbridge.servers[0].url == "http://one:4242");
  CHECK(study.umbridge.servers[0].parallel == 2);
  CHECK(study.umbridge.servers[1].url == "http://two:80");
  CHECK(study.umbridge.servers[1].parallel == 5);
  CHECK(study.umbridge.model == "poisson");
  CHECK(study.umbridge.config == R"({"level":2,"names":["x"],"deep":{"yes":true}})");
  CHECK(study.umbridge.timeout_seconds == 180.0);
  CHECK(study.outputs[0].from.index == 0);
  CHECK(study.outputs[1].from.index == 2);
  CHECK(study.outputs[1].from.factor == 1e3);
}

}  // namespace

TEST_CASE("a study's variables are understood in the author's order", "[study]") {
  const Study study = parse_study(whole_study, "wing.toml");
  REQUIRE(study.parameters.size() == 5);
  const char* names[] = {"chord", "reynolds", "ribs", "material", "mach"};
  const Scale scales[] = {Scale::Linear, Scale::Log, Scale::Integer, Scale::Choice, Scale::Linear};
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(study.parameters[i].name == names[i]);
    CHECK(study.parameters[i].scale == scales[i]);
  }
  CHECK(study.title == "airfoil drag");
  CHECK(study.parameters[0].unit == "mm");
  CHECK(study.parameters[0].upper == 180.0);
  CHECK(study.parameters[3].labels == std::vector<std::string>{"AL6061", "CFRP"});
  CHECK(study.parameters[4].distribution->sd == 0.08);
  CHECK(study.constants.size() == 2);
}

TEST_CASE("a study's formulas know variables, constants and derived quantities", "[study]") {
  const Study study = parse_study(whole_study, "wing.toml");
  const Vector x{{150.0, 1e6, 4.0, 1.0, 0.5}};
  CHECK(study.derived[0].second(x) == Approx(0.5 * 1.225 * 170.0 * 170.0));
  // A chain is one name and several inequalities.
  REQUIRE(study.constraints.size() == 3);
  CHECK(study.constraints[1].name == "window");
  CHECK(study.constraints[2].name == "window");
  CHECK(study.constraints[2].tolerance == 1e-6);
  CHECK(study.formulas.size() == 2);
  CHECK(study.domain().admits(x));
  CHECK_FALSE(study.domain().admits(Vector{{175.0, 1e6, 4.0, 1.0, 0.5}}));
  // Inputs, then outputs: drag and tmax.
  REQUIRE(study.outputs[1].accept);
  CHECK((*study.outputs[1].accept)(Vector{{150, 1e6, 4, 1, 0.5, 1.0, 300.0}}) == 1.0);
  CHECK((*study.outputs[1].accept)(Vector{{150, 1e6, 4, 1, 0.5, 1.0, -1.0}}) == 0.0);
}

TEST_CASE("a study's simulator, outputs and methods are understood", "[study]") {
  const Study study = parse_study(whole_study, "dir/wing.toml");
  CHECK(study.outputs[0].from.source == Extraction::Source::Json);
  CHECK(study.outputs[0].from.path == "/forces/0/drag");
  CHECK(study.outputs[1].from.take == Extraction::Take::First);
  CHECK(study.outputs[1].from.factor == 1e-3);
  CHECK(study.tolerances[0] == 0.5);
  CHECK(std::isnan(study.tolerances[1]));
  CHECK(study.goals == std::vector<std::string>{"learn", "observe"});
  const SimulatorSpec& simulator = study.simulator;
  CHECK(simulator.run == std::vector<std::string>{"./solver", "-in", "case.inp"});
  CHECK(simulator.templates[0].second == "case.inp");
  CHECK(simulator.timeout_seconds == 2700.0);
  CHECK(simulator.stall_seconds == 5400.0);
  CHECK(simulator.retries == 1);
  CHECK(simulator.fail_when[0].kind == "diverged");
  CHECK(simulator.any_exit_status);
  CHECK(simulator.keep == SimulatorSpec::Keep::Failed);
  CHECK(simulator.on_death == SimulatorSpec::OnDeath::End);
  CHECK(simulator.echo[0].tolerance == 1e-4);
  CHECK(study.parallel == 4);
  CHECK(study.campaign_options().initial == 24);
  CHECK(study.campaign_options().design == "latin hypercube");
  CHECK(study.query == "variance");
  CHECK(study.pace == Pace::Batches);
  CHECK(study.seed == 7);
  CHECK(study.stop.wall_seconds == 172800.0);
  CHECK(study.campaign_options().synthesis.margin == 0.1);
  CHECK(study.stop.plateau == 15);
}

TEST_CASE("a study of few words has the documented defaults", "[study]") {
  const Study study = parse_study(small_study, "wing.toml");
  CHECK(study.outputs[0].from.source == Extraction::Source::StdoutJson);
  CHECK(study.query == "auto");
  CHECK(study.pace == Pace::Streaming);
  CHECK(study.design == "maximin");
  CHECK_FALSE(study.stop.runs);
  CHECK(study.output_names()[0].unit == "1");
}

TEST_CASE("what ends a campaign, what runs cost, and how many there are at a time", "[study]") {
  const std::string more = R"([validation]
share = 0.2
[cost]
per_run = 2
per_hour = 10.5
error = 1000
unit = "EUR"
[stop]
runs = 40
cost = 500
held_out = 0.05
tolerance = "held out"
worth = 0.01
marginal = true
when = "runs or cost or (held_out and tolerance) or worth or marginal"
[method]
pace = "batches"
batch = { most = 8 }
)";
  const std::string text =
      with(small_study, "[outputs.value]", "[outputs.value]\ntolerance = 0.5") + more;
  const Study study = parse_study(text, "wing.toml");
  CHECK(study.cost.per_hour == 10.5);
  CHECK(study.cost.of_error == 1000.0);
  CHECK(study.cost.unit == "EUR");
  CHECK(study.stop.cost == 500.0);
  CHECK(study.stop.held_out == 0.05);
  CHECK(study.stop.tolerance == StopPlan::Judge::HeldOut);
  CHECK(study.stop.worth == 0.01);
  CHECK(study.stop.marginal);
  CHECK(study.max_queries() == 40);
  CHECK(study.batch.least == 1);
  CHECK(study.batch.most == 8);
  const auto refusal = [&](const std::string& old, const std::string& fresh) {
    const std::string changed = with(text, old, fresh);
    return message_of<StudyError>([&] { parse_study(changed, "wing.toml"); });
  };
  CHECK(contains(refusal("share = 0.2", "share = 0.2\n[gold]\nevery = 5") +
                     refusal("[validation]\nshare = 0.2\n", ""),
                 "stop.held_out: needs runs that are held out"));
  CHECK(
      contains(refusal("tolerance = 0.5", ""), "stop.tolerance: needs an output with a tolerance"));
  CHECK(contains(refusal("per_run = 2\nper_hour = 10.5\n", ""),
                 "stop.cost: needs [cost] per_run or per_hour"));
  CHECK(contains(refusal("error = 1000\n", ""), "stop.marginal: needs [cost] error"));
  CHECK(contains(refusal("worth = 0.01", "worth = 2"), "expected a part of the largest worth"));
  CHECK(contains(refusal("or worth or", "or"), "stop.when: 'worth' is given and not named"));
  CHECK(contains(refusal("per_run = 2", "per_run = -2"), "cost.per_run: expected a number from 0"));
  CHECK(contains(refusal("most = 8", "least = 9, most = 8"), "method.batch.least"));
  CHECK(contains(refusal("most = 8", "least = 2"), "most = 8: as many at a time"));
}

TEST_CASE("an error may be wanted where segments hold", "[study]") {
  const std::string more = R"([segments]
low = "a < 0"
high = "a > 5"
[stop]
runs = 40
error_in = { low = 0.05, high = 0.1 }
when = "runs or error_in"
)";
  const Study study = parse_study(std::string(small_study) + more, "wing.toml");
  REQUIRE(study.stop.error_in.size() == 2);
  CHECK(study.stop.error_in[1] == std::pair<std::string, double>("high", 0.1));
  CHECK(study.stop.given() == std::vector<std::string>{"runs", "error_in"});
  CHECK(study.max_queries() == 40);
  const auto refusal = [&](const std::string& old, const std::string& fresh) {
    const std::string changed = std::string(small_study) + with(more, old, fresh);
    return message_of<StudyError>([&] { parse_study(changed, "wing.toml"); });
  };
  CHECK(contains(refusal("{ low", "{ lou"),
                 "expected the name of one of [segments]; did you mean "
                 "'low'?"));
  CHECK(contains(refusal("low = 0.05", "low = 0"), "stop.error_in.low"));
  CHECK(contains(refusal("{ low = 0.05, high = 0.1 }", "{}"), "expected an error where a segment"));
  CHECK(contains(refusal("runs or error_in", "runs"), "'error_in' is given and not named"));
}

TEST_CASE("a misspelt key is answered with its place and the nearest one", "[study]") {
  CHECK(refusal("bounds = [-5, 10]", "bonds = [-5, 10]") ==
        "wing.toml:3:1: key 'bonds' is unknown here; did you mean 'bounds'?");
  CHECK(refusal("[simulator]", "[simulatr]") ==
        "wing.toml:7:2: key 'simulatr' is unknown here; did you mean 'simulator'?");
  CHECK(contains(whole_refusal("timeout =", "time_out ="), "did you mean 'timeout'?"));
  CHECK(contains(whole_refusal("plateau =", "wibble ="),
                 "'wibble' is unknown here; known are 'runs', 'wall', 'cost', 'error', 'error_in', "
                 "'held_out', 'tolerance', 'plateau', 'worth', 'marginal' and 'when'"));
  CHECK(contains(whole_refusal("path = \"/f", "pth = \"/f"), "did you mean 'path'?"));
}

TEST_CASE("a wrong value is answered with its place, what was expected and what was got",
          "[study]") {
  const auto value = GENERATE(table<std::string, std::string, std::string>(
      {{"[-5, 10]", "\"5 mm\"", "3:10: variables.a.bounds: expected two numbers, got \"5 mm\""},
       {"[-5, 10]", "[10, -5]", "3:10: variables.a.bounds: expected lower < upper, got [10, -5]"},
       {"[-5, 10]", "[1, 1]", "variables.a.bounds: expected lower < upper, got [1, 1]"},
       {"[-5, 10]", "[nan, 1]", "variables.a.bounds: expected two finite numbers"},
       {"[-5, 10]", "[-5, 10]\nscale = \"log\"", "expected a lower bound above 0 on a log scale"},
       {"[-5, 10]", "[-5, 10]\nscale = \"logg\"", "\"logg\" is unknown; did you mean 'log'?"},
       {"[-5, 10]", "[-5.5, 10]\ninteger = true", "expected whole bounds of an integer"},
       {"bounds = [-5, 10]", "values = [\"x\"]", "expected two texts or more, got [\"x\"]"},
       {"bounds = [-5, 10]", "values = [\"x\", \"x\"]", "'x' stands twice"},
       {"bounds = [-5, 10]", "unit = \"m\"", "2:1: variables.a: the key 'bounds' is missing"},
       {"sonde = 1", "sonde = 2", "1:9: sonde: this Sonde reads schema 1, got 2"},
       {"sonde = 1\n", "", "the key 'sonde' is missing"},
       {"run = [\"./branin\"]", "run = \"./branin\"",
        "8:7: simulator.run: expected an array of texts, got \"./branin\""},
       {"run = [\"./branin\"]", "run = []", "expected a program and its arguments, got []"},
       {"run = [", "timeout = 45\nrun = [", "simulator.timeout: expected a duration such as"},
       {"run = [", "timeout = \"45 mn\"\nrun = [", "got \"45 mn\""},
       {"run = [", "parallel = 0\nrun = [", "expected a whole number from 1 to 10000, got 0"},
       {"run = [", "parallel = 10001\nrun = [", "expected a whole number from 1 to 10000"},
       {"run = [", "kind = \"comand\"\nrun = [", "\"comand\" is unknown; did you mean 'command'?"},
       {"run = [", "templates = { \"../t\" = \"t\" }\nrun = [",
        "expected the name of a file below the directory, without '..', got \"../t\""},
       {"[outputs.value]", "[outputs.value]\nfrom = { json = \"/etc/r\", path = \"/y\" }",
        "expected the name of a file below the directory"},
       {"[outputs.value]", "[outputs.value]\nfrom = { file = \"r\" }",
        "expected one of json, regex, csv and stdout"},
       {"[outputs.value]", "[outputs.value]\naccept = \"value + 1\"",
        "7:10: outputs.value.accept: expected a condition such as"},
       {"[outputs.value]", "[constraints]\nc = \"a + b\"\n[outputs.value]",
        "7:5: constraints.c: expected a condition such as"},
       {"[outputs.value]", "[design]\nkind = \"maximal\"\n[outputs.value]",
        "\"maximal\" is unknown"},
       {"[outputs.value]", "[method]\nquery = \"varianc\"\n[outputs.value]",
        "did you mean 'variance'?"},
       {"[outputs.value]", "[method]\nmargin = 0.5\n[outputs.value]",
        "method.margin: expected a part of each range, from 0 to 0.45, got 0.5"},
       {"[outputs.value]", "[echo]\nA2 = { stdout = \"json\" }\n[outputs.value]",
        "expected the name of a variable"}}));
  const auto [old, fresh, expected] = value;
  CAPTURE(old, fresh);
  CHECK(contains(refusal(old, fresh), "wing.toml:"));
  CHECK(contains(refusal(old, fresh), expected));
}

TEST_CASE("names are of one form, and each stands once whatever its case", "[study]") {
  CHECK(contains(refusal("variables.b", "variables.A"),
                 "4:12: variables.A: the name is taken by variables.a"));
  CHECK(contains(refusal("outputs.value", "outputs.B"), "the name is taken by variables.b"));
  CHECK(
      contains(refusal("variables.b", "variables.\"b c\""), "expected a name of letters, digits"));
  CHECK(contains(refusal("variables.b", "variables.9b"), "not a digit first"));
  CHECK(contains(refusal("variables.b", "variables.sqrt"), "'sqrt' has a meaning in formulas"));
  CHECK(contains(refusal("outputs.value", "outputs.status"), "column of the results"));
}

TEST_CASE("a formula that cannot be understood is shown with its place", "[study]") {
  const std::string message =
      refusal("[outputs.value]", "[constraints]\nc = \"a + chrod <= 3\"\n[outputs.value]");
  CHECK(contains(message, "wing.toml:7:5: constraints.c: "));
  CHECK(contains(message, "chrod"));
  CHECK(contains(message, "^"));
}

TEST_CASE("runs go out through Slurm where the study says so", "[study]") {
  const std::string table =
      "[slurm]\npartition = \"fast\"\ntime = \"2 h\"\nextra = [\"--mem=4G\"]\n[outputs.value]";
  const std::string local = with(small_study, "[outputs.value]", table);
  CHECK(!parse_study(local, "wing.toml").slurm);
  const Study study = parse_study(with(local, "run = [", "where = \"slurm\"\nrun = ["), "w.toml");
  REQUIRE(study.slurm);
  CHECK(study.slurm->partition == "fast");
  CHECK(study.slurm->time_seconds == 7200.0);
  CHECK(study.slurm->extra == std::vector<std::string>{"--mem=4G"});
}

TEST_CASE("what could not be handed to sbatch as one argument is refused", "[study]") {
  const auto said = [](const std::string& line) {
    return refusal("[outputs.value]", "[slurm]\n" + line + "\n[outputs.value]");
  };
  CHECK(contains(said("extra = [\"--mem=4G\\n#SBATCH --wrap=x\"]"), "slurm.extra: expected"));
  CHECK(contains(said("extra = [\"; rm -rf\"]"), "slurm.extra: expected"));
  CHECK(contains(said("extra = [\"--wrap=reboot\"]"), "'--wrap' is set by Sonde itself"));
  CHECK(contains(said("partition = \"a b\""), "slurm.partition: expected the name"));
  CHECK(contains(said("time = \"-1 h\""), "slurm.time"));
  CHECK(contains(said("partitoin = \"a\""), "partition"));
}

TEST_CASE("a study says what is done about failures, and what a run may use", "[study]") {
  std::string text = small_study;
  text.insert(text.find("run = ["),
              "nudge = 1e-3\non_failure = { signal = \"nudge\", licence = \"retry\" }\n"
              "fail_when = [ { file = \"stderr.txt\", regex = \"no licence\", kind = \"licence\" },"
              " { file = \"run.log\", regex = \"diverged\", then = \"give up\" } ]\n"
              "limits = { memory = \"4 GiB\", cpu = \"1 h\", file = \"20 MB\" }\n"
              "tokens = { solver = 2 }\n");
  text += "[tokens]\nsolver = 3\n";
  const SimulatorSpec spec = parse_study(text, "wing.toml").simulator;
  CHECK(spec.nudge == 1e-3);
  CHECK(spec.on_failure.size() == 2);
  CHECK(spec.on_failure[1] == std::pair{std::string("licence"), Remedy::Retry});
  CHECK(spec.fail_when[1].then == Remedy::GiveUp);
  CHECK_FALSE(spec.fail_when[0].then.has_value());
  CHECK(spec.memory_limit == 4.0 * 1073741824.0);
  CHECK(spec.cpu_limit_seconds == 3600.0);
  CHECK(spec.file_limit == 20e6);
  CHECK(spec.tokens.front() == std::pair{std::string("solver"), 2});
  CHECK(spec.token_pool.front() == std::pair{std::string("solver"), 3});
}

TEST_CASE("remedies, limits and tokens that cannot be are refused with their place", "[study]") {
  const auto [line, words] = GENERATE(table<std::string, std::string>(
      {{"nudge = 0.5", "simulator.nudge: expected a part of each range"},
       {"on_failure = { signl = \"retry\" }", "expected a kind of failure; did you mean 'signal'?"},
       {"on_failure = { signal = \"retri\" }", "retry"},
       {"limits = { memory = \"4\" }", "expected a size such as"},
       {"limits = { memory = \"-1 GiB\" }", "expected a size such as"},
       {"limits = { ram = \"1 GiB\" }", "ram"},
       {"tokens = { solver = 1 }", "expected a name from the table [tokens]"}}));
  CAPTURE(line, words);
  CHECK(contains(refusal("run = [", line + "\nrun = ["), words));
}

TEST_CASE("what is asked for follows the goals of the outputs and the names of criteria",
          "[study]") {
  const auto value = GENERATE(table<std::string, std::string, std::string>(
      {{"", "", "auto"},
       {"goal = \"minimize\"", "", "expected improvement"},
       {"goal = \"maximize\"", "query = \"confidence bound\"", "confidence bound"},
       {"goal = { contour = 3 }", "", "targeted integrated variance"},
       {"goal = { contour = 3.5 }", "query = \"expected feasibility\"", "expected feasibility"},
       {"goal = \"minimize\"", "query = \"variance\"", "variance"},
       {"", "query = [\"variance\", \"committee\"]", "variance, committee"},
       {"goal = { contour = 1 }", "query = { variance = 1, \"deviation number\" = 2.5 }",
        "variance + deviation number"}}));
  const auto [goal, query, name] = value;
  CAPTURE(goal, query);
  std::string text = small_study;
  text.replace(text.find("[outputs.value]"), 15, "[outputs.value]\n" + goal);
  if (!query.empty()) text += "\n[method]\n" + query + "\n";
  CHECK(parse_study(text, "wing.toml").criterion().name == name);
}

TEST_CASE("a criterion that no goal calls for is refused", "[study]") {
  const auto of_query = [](const std::string& query) {
    const std::string text = small_study + "\n[method]\n" + query + "\n";
    return message_of<StudyError>([&] { parse_study(text, "wing.toml"); });
  };
  CHECK(contains(of_query("query = \"expected feasibility\""),
                 "goal = { contour = LEVEL } is needed"));
  CHECK(contains(of_query("query = \"expected improvement\""), "goal = \"minimize\" or"));
  CHECK(contains(of_query("query = [\"variance\"]"), "two and more"));
  CHECK(contains(of_query("query = [\"variance\", \"varianse\"]"), "did you mean 'variance'"));
  CHECK(contains(of_query("query = { variance = 1, committee = -1 }"), "a weight above 0"));
  CHECK(contains(refusal("[outputs.value]", "[outputs.value]\ngoal = { contour = \"x\" }"),
                 "outputs.value.goal.contour"));
  CHECK(contains(refusal("[outputs.value]", "[outputs.value]\ngoal = \"minimise\""),
                 "did you mean 'minimize'"));
}

TEST_CASE("what a later version knows is said not to be available", "[study]") {
  const auto value = GENERATE(table<std::string, std::string>(
      {{"[simulator]", "[simulators.fine]"}, {"[simulator]", "[simulator]\ncost = 1"}}));
  const auto [old, fresh] = value;
  CAPTURE(old, fresh);
  CHECK(contains(refusal(old, fresh), "not available in this version of Sonde"));
}

TEST_CASE("what is no TOML is answered with its place", "[study]") {
  CHECK(contains(refusal("bounds = [0, 15]", "bounds = [0, 15"), "wing.toml:"));
  CHECK(contains(refusal("[outputs.value]", "[outputs.value]\nfrom = { json = \"a\",\n"),
                 "A table in braces stands on one line"));
}

TEST_CASE("templates that cannot be read are refused at their entry", "[study]") {
  const auto folder = std::filesystem::temp_directory_path() / "sonde_study_test";
  std::filesystem::create_directories(folder);
  const auto file = folder / "wing.toml";
  std::ofstream(file) << with(small_study, "run = [",
                              "templates = { \"case.tmpl\" = \"case\" }\nrun = [");
  const std::string message = message_of<StudyError>([&] { read_study(file); });
  CHECK(contains(message, "wing.toml:8:15: simulator.templates: the file '"));
  CHECK(contains(message, "case.tmpl' cannot be read"));
  std::filesystem::remove_all(folder);
  CHECK(contains(message_of<StudyError>([&] { read_study(file); }), "cannot be read"));
}

TEST_CASE("a study file of more than 10 MB is refused", "[study]") {
  const std::string text = small_study + "# " + std::string(10'000'000, '.');
  CHECK(contains(message_of<StudyError>([&] { parse_study(text, "wing.toml"); }), "10 MB"));
}
