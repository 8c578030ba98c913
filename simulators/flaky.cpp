// A simulator that goes wrong on demand: every fault that one process can commit, for tests.
//
// What it computes when it is well is Branin's function (branin.hpp) of a in [-5, 10] and b in
// [0, 15]. The faults are in faults.cpp.
//
//   flaky --fault segv                    always this one
//   flaky --faults segv=0.05,hang=0.02    each with its probability, otherwise well
//   flaky --rate 0.3                      all of them together with this probability
//   flaky --hole 3                        "exit" wherever (a, b) is within 3 of (2.5, 7.5)
//   flaky --list                          the faults: name, what a run must become, what it does
//
// The fault is drawn from the bits of a, b and --seed: the same question goes wrong in the same
// way, whoever asks and whenever, except that --transient heals every second attempt. --log FILE
// gains a line "ID ATTEMPT FAULT" before the fault is committed.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <map>

#include "branin.hpp"
#include "faults.hpp"

namespace {

using namespace sonde_simulator;

const Simulator simulator{.name = "flaky",
                          .version = "1.0",
                          .source = "Branin's function (1972), with faults",
                          .inputs = {{"a", "1", -5.0, 10.0, "first coordinate"},
                                     {"b", "1", 0.0, 15.0, "second coordinate"}},
                          .outputs = {{"value", "1", "height of the function"}},
                          .evaluate = [](std::span<const double> x) -> std::vector<double> {
                            return {branin(x[0], x[1])};
                          }};

struct Mix {
  std::vector<std::pair<const Fault*, double>> shares;
  double hole = 0.0;
  std::uint64_t seed = 0;
  bool transient = false;
};

struct Options {
  Mix mix;
  Bounds bounds;
  std::string log;
  bool files = false;
};

double number(const std::string& option, std::string_view text) {
  double value = 0.0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size() || !(value >= 0.0))
    throw Refusal("flaky: " + option + ": expected a number from 0 on, got '" + std::string(text) +
                  "'");
  return value;
}

const Fault* fault_or_refusal(std::string_view name) {
  if (const Fault* fault = fault_named(name)) return fault;
  throw Refusal("flaky: there is no fault '" + std::string(name) + "'; see --list");
}

void add_shares(Mix& mix, std::string_view list) {
  while (!list.empty()) {
    const std::string_view item = list.substr(0, list.find(','));
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos)
      throw Refusal("flaky: --faults: expected name=probability,..., got '" + std::string(item) +
                    "'");
    mix.shares.emplace_back(fault_or_refusal(item.substr(0, equals)),
                            number("--faults", item.substr(equals + 1)));
    list.remove_prefix(std::min(list.size(), item.size() + 1));
  }
}

void spread_evenly(Mix& mix, double rate) {
  const auto bad = faults().subspan(1);
  for (const Fault& fault : bad)
    mix.shares.emplace_back(&fault, rate / static_cast<double>(bad.size()));
}

void set_option(Options& options, const std::string& name, const std::string& value) {
  const std::map<std::string, double*> seconds = {
      {"--hang-seconds", &options.bounds.hang_seconds},
      {"--slow-seconds", &options.bounds.slow_seconds},
      {"--orphan-seconds", &options.bounds.orphan_seconds}};
  const std::map<std::string, std::size_t*> bytes = {
      {"--memory-bytes", &options.bounds.memory_bytes},
      {"--disk-bytes", &options.bounds.disk_bytes},
      {"--flood-bytes", &options.bounds.flood_bytes}};
  if (seconds.contains(name)) {
    *seconds.at(name) = number(name, value);
  } else if (bytes.contains(name)) {
    *bytes.at(name) = static_cast<std::size_t>(number(name, value));
  } else if (name == "--fault") {
    options.mix.shares.emplace_back(fault_or_refusal(value), 1.0);
  } else if (name == "--faults") {
    add_shares(options.mix, value);
  } else if (name == "--rate") {
    spread_evenly(options.mix, number(name, value));
  } else if (name == "--hole") {
    options.mix.hole = number(name, value);
  } else if (name == "--seed") {
    options.mix.seed = static_cast<std::uint64_t>(number(name, value));
  } else if (name == "--log") {
    options.log = value;
  } else {
    throw Refusal("flaky: there is no option '" + name + "'; see the head of flaky.cpp");
  }
}

Options read_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--files") {
      options.files = true;
    } else if (name == "--transient") {
      options.mix.transient = true;
    } else {
      if (i + 1 == argc) throw Refusal("flaky: " + name + ": expected a value after it");
      set_option(options, name, argv[++i]);
    }
  }
  double sum = 0.0;
  for (const auto& [fault, share] : options.mix.shares) sum += share;
  if (sum > 1.0 + 1e-9) throw Refusal("flaky: the probabilities add up to " + shortest(sum));
  return options;
}

/// Uniform in [0, 1), from the bits of the inputs. The mixing is that of SplitMix64.
double lot(std::span<const double> x, std::uint64_t seed) {
  std::uint64_t state = seed;
  const auto stir = [&](std::uint64_t bits) {
    state = (state ^ bits) + 0x9e3779b97f4a7c15u;
    state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9u;
    state = (state ^ (state >> 27)) * 0x94d049bb133111ebu;
    state ^= state >> 31;
  };
  for (const double value : x) stir(std::bit_cast<std::uint64_t>(value + 0.0));  // -0.0 is 0.0
  stir(0);
  return static_cast<double>(state >> 11) * 0x1p-53;
}

const Fault& draw(const Mix& mix, const Request& request) {
  const Fault& none = faults().front();
  if (mix.transient && request.attempt > 1) return none;
  if (std::hypot(request.x[0] - 2.5, request.x[1] - 7.5) < mix.hole) return *fault_named("exit");
  double left = lot(request.x, mix.seed);
  for (const auto& [fault, share] : mix.shares) {
    left -= share;
    if (left >= 0.0) continue;
    return fault->name == "licence" && request.attempt > 1 ? none : *fault;
  }
  return none;
}

/// One write to a file opened for appending: lines of several processes do not mix.
void append_line(const std::string& file, const std::string& line) {
  const int log = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const bool written =
      log >= 0 && ::write(log, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  if (log >= 0) ::close(log);
  if (!written) throw Refusal("flaky: --log: '" + file + "' cannot be written");
}

int list() {
  constexpr const char* words[] = {"ok", "failed", "timed_out"};
  for (const Fault& fault : faults())
    std::printf("%-12s %-10s %s\n", fault.name.data(), words[static_cast<int>(fault.due)],
                fault.what.data());
  return 0;
}

int run(int argc, char** argv) {
  const Options options = read_options(argc, argv);
  const Request request = read_request(simulator, read_standard_input());
  const Fault& fault = draw(options.mix, request);
  if (!options.log.empty())
    append_line(options.log, request.id + " " + std::to_string(request.attempt) + " " +
                                 std::string(fault.name) + "\n");
  return fault.commit({simulator, request, options.bounds, options.files});
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string first = argc == 2 ? argv[1] : "";
  if (first == "--list") return list();
  if (first == "--help" || first == "--version" || first == "--describe")
    return serve(argc, argv, simulator);
  return run(argc, argv);
} catch (const Refusal& refusal) {
  std::fprintf(stderr, "%s\n", refusal.what());
  return 2;
}
