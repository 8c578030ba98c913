// A campaign of 30 runs with a simulator of its own, three earlier runs, and its HDF5 file, begun
// or resumed:
//   faults_campaign FOLDER ACKED           tells in ACKED the ids whose answers it has recorded
//   faults_campaign --look FOLDER          prints the ids whose answers the journal holds
#include <fcntl.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>

#include "sonde/query/criteria.hpp"
#include "sonde/run/export_hdf5.hpp"
#include "sonde/run/journal.hpp"
#include "sonde/run/run.hpp"

using namespace sonde;
namespace fs = std::filesystem;

namespace {

constexpr Index runs = 30;

Domain domain() {
  return Domain({Parameter::linear("a", 0, 4, "mm"), Parameter::linear("b", -1, 1)});
}

const std::vector<Output> outputs = {{"y", "N"}};

Campaign fresh_campaign() {
  CampaignOptions options;
  options.initial = 26;
  options.synthesis.candidates = 32;
  options.synthesis.starts = 1;
  options.synthesis.optimize.max_evaluations = 10;
  options.model.fit.starts = 1;
  options.model.fit.optimize.max_evaluations = 20;
  options.design = "uniform";
  return Campaign(domain(), outputs, criteria::variance(), options, 1);
}

class Session {
 public:
  Session(const fs::path& folder, const char* acked)
      : folder_(folder),
        acked_(::open(acked, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)),
        journal_(
            Journal::begun(folder / "journal.sonde")
                ? Journal::open(folder / "journal.sonde")
                : Journal::create(folder / "journal.sonde", {domain().parameters(), outputs, 1})) {
    for (const Event& event : journal_.events()) campaign_.apply(event);
  }

  void go() {
    import();
    const Oracle oracle(outputs, [](VectorView x) -> Vector {
      return Vector::Constant(1, std::sin(x[0]) + x[1] * x[1]);
    });
    // One at a time: most calls. Groups are made by the import.
    run(campaign_, oracle, after_queries(runs), {.pace = Pace::Streaming},
        [&](std::span<const Event> events) { record(events); });
    export_hdf5(folder_ / "c.h5", Journal::read(folder_ / "journal.sonde").preamble(), campaign_,
                {});
  }

 private:
  void record(std::span<const Event> events) {
    journal_.append(events);
    std::string words;
    for (const Event& event : events) {
      if (const auto* answered = std::get_if<Answered>(&event))
        words += std::to_string(answered->id) + '\n';
    }
    if (!words.empty() && ::write(acked_, words.data(), words.size()) < 0) std::abort();
    if (campaign_.answered() / 8 == exported_) return;
    exported_ = campaign_.answered() / 8;
    try {
      export_hdf5(folder_ / "c.h5", journal_.preamble(), campaign_, {});
    } catch (const StoreError&) {
      return;  // it is made again
    }
  }

  void import() {
    for (const Query& query : campaign_.open())
      if (query.why == "imported") answer_import({query.id});
    if (campaign_.imported() > 0) return;
    Asked asked;
    for (Index i = 0; i < 3; ++i)
      asked.queries.push_back({.id = i, .x = Vector{{double(i), 0.5}}, .why = "imported"});
    const Event event = asked;
    record(std::span(&event, 1));
    campaign_.apply(event);
    answer_import({0, 1, 2});
  }

  void answer_import(const std::vector<Index>& ids) {
    std::vector<Event> events;
    for (const Index id : ids)
      events.emplace_back(
          Answered{id, {.status = Answer::Status::Ok, .y = Vector::Constant(1, double(id))}});
    record(events);
    for (const Event& event : events) campaign_.apply(event);
  }

  fs::path folder_;
  int acked_;
  Journal journal_;
  Campaign campaign_ = fresh_campaign();
  Index exported_ = 0;
};

int look(const fs::path& folder) {
  if (!Journal::begun(folder / "journal.sonde")) return 0;
  const Journal journal = Journal::read(folder / "journal.sonde");
  Campaign campaign = fresh_campaign();
  for (const Event& event : journal.events()) campaign.apply(event);
  for (const Query& query : campaign.queries())
    if (campaign.answer(query.id)) std::printf("%td\n", query.id);
  return 0;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3) return 2;
  if (std::strcmp(argv[1], "--look") == 0) return look(argv[2]);
  Session(argv[1], argv[2]).go();
  return 0;
} catch (const StoreError& failure) {
  std::fprintf(stderr, "%s\n", failure.what());
  return 6;
} catch (const std::exception& failure) {
  std::fprintf(stderr, "unexpected: %s\n", failure.what());
  return 1;
}
