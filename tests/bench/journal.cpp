// A journal of many runs: what it costs to open it and to fold it, without a fit.
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "sonde/query/criteria.hpp"
#include "sonde/run/journal.hpp"

using namespace sonde;

namespace {

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double resident_megabytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

constexpr Index dim = 10;

std::vector<Parameter> inputs() {
  std::vector<Parameter> all;
  for (Index j = 0; j < dim; ++j) all.push_back(Parameter::linear("x" + std::to_string(j), 0, 1));
  return all;
}

Event question(Index id, Rng& rng) {
  Query query{.id = id, .x = Vector(dim), .why = "calibrated integrated variance"};
  for (double& value : query.x) value = rng.uniform();
  query.worth = rng.uniform();
  query.mean = Vector::Constant(1, rng.uniform());
  query.deviation = Vector::Constant(1, rng.uniform());
  return Asked{{query}};
}

Event answer(Index id, Rng& rng) {
  return Answered{id,
                  {.status = Answer::Status::Ok,
                   .y = Vector::Constant(1, rng.uniform()),
                   .seconds = 0.25,
                   .host = "node-17",
                   .started = 1.7e9 + 0.123,
                   .ended = 1.7e9 + 7.5}};
}

void write(const std::filesystem::path& file, Index runs) {
  Rng rng(1);
  Journal journal = Journal::create(file, {.parameters = inputs(), .outputs = {{"y", ""}}});
  std::vector<Event> events;
  for (Index id = 0; id < runs; ++id) {
    events.push_back(question(id, rng));
    events.push_back(answer(id, rng));
    if (events.size() < 2000 && id + 1 < runs) continue;
    journal.append(events);
    events.clear();
  }
}

}  // namespace

int main(int argc, char** argv) {
  const Index runs = argc > 1 ? std::atol(argv[1]) : 100000;
  std::string name = (std::filesystem::temp_directory_path() / "sonde-journal-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) return 1;
  const std::filesystem::path file = std::filesystem::path(name) / "journal.sonde";
  write(file, runs);
  const double before = resident_megabytes();
  const double begun = seconds();
  Journal journal = Journal::open(file);
  const double opened = seconds();
  Campaign campaign(Domain(inputs()), {{"y", ""}}, criteria::variance(), {}, 1);
  for (const Event& event : journal.events()) campaign.apply(event);
  const double folded = seconds();
  std::printf("%ld runs, %.1f MB: open %.3f s, fold %.3f s, together %.3f s; memory %.0f MB\n",
              static_cast<long>(runs), static_cast<double>(std::filesystem::file_size(file)) / 1e6,
              opened - begun, folded - opened, folded - begun, resident_megabytes() - before);
  Rng rng(2);
  const double appending = seconds();
  constexpr Index more = 200;
  for (Index id = runs; id < runs + more; ++id) journal.append(question(id, rng));
  std::printf("append with its sync: %.3f ms\n",
              1e3 * (seconds() - appending) / static_cast<double>(more));
  std::filesystem::remove_all(name);
  return campaign.answered() == runs ? 0 : 1;
}
