// What runs cost beside the simulator: CPU time, descriptors, processes, memory.
//
//     throughput_bench RUNS [WORKERS [GIGABYTES]]     (default: 4 workers, nothing resident)
//
// Runs a program that does nothing through sonde-run, from a uniform design without a surrogate,
// with a journal, as `sonde run` does; with GIGABYTES of memory resident in this process.

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include "sonde/oracle/process.hpp"
#include "sonde/query/criteria.hpp"
#include "sonde/run/journal.hpp"
#include "sonde/run/run.hpp"

using namespace sonde;
namespace fs = std::filesystem;

namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

double cpu_of(int who) {
  rusage used{};
  ::getrusage(who, &used);
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

int descriptors() {
  int count = 0;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    static_cast<void>(entry);
    ++count;
  }
  return count;
}

double resident_megabytes() {
  std::ifstream file("/proc/self/statm");
  double size = 0.0, resident = 0.0;
  file >> size >> resident;
  return resident * 4096e-6;
}

double wall() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// One fdatasync of a line appended, as the journal makes for each event.
double sync_milliseconds(const fs::path& folder) {
  const int file =
      ::open((folder / "sync").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  constexpr int times = 200;
  const double begin = wall();
  for (int i = 0; i < times; ++i) {
    if (::write(file, "0123456789\n", 11) != 11 || ::fdatasync(file) != 0) std::abort();
  }
  ::close(file);
  return 1e3 * (wall() - begin) / times;
}

// Of the simulators themselves, as their supervisors recorded it.
double simulators_cpu(const fs::path& runs) {
  double sum = 0.0;
  for (const auto& entry : fs::directory_iterator(runs)) {
    std::ifstream file(entry.path() / ".sonde/result.json");
    std::string line;
    while (std::getline(file, line)) {
      const std::size_t at = line.find("\"cpu_seconds\": ");
      if (at != std::string::npos) sum += std::strtod(line.c_str() + at + 15, nullptr);
    }
  }
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: throughput_bench RUNS [WORKERS [GIGABYTES]]\n");
    return 2;
  }
  const Index queries = std::atol(argv[1]);
  const int workers = argc > 2 ? std::atoi(argv[2]) : 4;
  const double gigabytes = argc > 3 ? std::atof(argv[3]) : 0.0;
  std::vector<char> resident(static_cast<std::size_t>(gigabytes * 1e9), 'x');

  std::string name = (fs::temp_directory_path() / "sonde-throughput-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) return 1;
  const fs::path folder = name;
  const std::vector<Parameter> inputs = {Parameter::linear("a", 0, 1),
                                         Parameter::linear("b", 0, 1)};
  SimulatorSpec spec;
  spec.run = {"/bin/echo", R"({"y": {"f": 1}})"};
  const Oracle oracle = process_oracle(spec, inputs, {{{"f", "1"}, {}, {}}}, {},
                                       {folder, folder / "runs", SONDE_RUN_PROGRAM, {}});
  CampaignOptions options;
  options.design = "uniform";
  options.initial = queries;
  options.design_only = true;
  Campaign campaign(Domain(inputs), {{"f", "1"}}, criteria::variance(), options, 1);
  Journal journal = Journal::create(folder / "journal.sonde",
                                    {.parameters = inputs, .outputs = {{"f", "1"}}, .seed = 1});

  const double sync = sync_milliseconds(folder);
  const double own = cpu_of(RUSAGE_SELF), others = cpu_of(RUSAGE_CHILDREN), begin = wall();
  const int descriptors_before = descriptors();
  double early = 0.0;
  const Recorder recorder = [&](std::span<const Event> events) {
    journal.append(events);
    if (campaign.answered() == queries / 10) early = resident_megabytes();
  };
  run(campaign, oracle, after_queries(queries),
      {.workers = workers, .max_queries = queries, .pace = Pace::Streaming}, recorder);
  const auto n = static_cast<double>(queries);
  const double simulators = simulators_cpu(folder / "runs");
  const double self = 1e3 * (cpu_of(RUSAGE_SELF) - own) / n;
  const double supervisors = 1e3 * (cpu_of(RUSAGE_CHILDREN) - others - simulators) / n;
  std::printf("runs %ld, ok %ld, workers %d, resident %.1f GB\n", static_cast<long>(queries),
              static_cast<long>(campaign.data().size()), workers, gigabytes);
  std::printf(
      "cpu a run: engine %.2f ms, supervisor %.2f ms, together %.2f ms; simulator %.2f ms\n", self,
      supervisors, self + supervisors, 1e3 * simulators / n);
  std::printf("wall a run: %.2f ms; one fdatasync %.2f ms\n", 1e3 * (wall() - begin) / n, sync);
  std::printf(
      "descriptors before %d, after %d; resident after a tenth %.1f MB, at the end %.1f MB\n",
      descriptors_before, descriptors(), early, resident_megabytes());
  fs::remove_all(folder);
  return resident.empty() || resident.front() == 'x' ? 0 : 1;
}
