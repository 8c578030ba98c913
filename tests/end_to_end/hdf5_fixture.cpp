// Writes what hdf5_test.py reads: DIRECTORY/wing.h5, an empty campaign's none.h5, and the
// predictions of wing's surrogate, wing.csv: the inputs, then mean and deviation of each output.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>

#include "sonde/query/criteria.hpp"
#include "sonde/run/export_hdf5.hpp"
#include "sonde/run/journal.hpp"

using namespace sonde;
namespace fs = std::filesystem;

namespace {

Domain wing() {
  return Domain({Parameter::linear("angle", -10, 20, "degree"),
                 Parameter::log("reynolds", 1e5, 1e7), Parameter::integer("ribs", 2, 8),
                 Parameter::choice("material", {"Al 6061", "CFRP", "b\xC3\xB6hmite"})});
}

Vector truth(const Vector& x) {
  const double lift = 1e4 * std::sin(x[0] / 15.0) * std::log10(x[1]) + 300.0 * x[3] * x[2];
  return Vector{{lift, 1e-3 * (1.0 + x[0] * x[0]) / std::log(x[1]) + 1e-4 * x[2]}};
}

/// Run 3 fails, run 4 times out, the rest is answered.
Answer answer(const Query& query) {
  Answer made{.status = Answer::Status::Ok, .y = truth(query.x), .seconds = 0.5, .host = "node-1"};
  made.started = 1.7e9 + static_cast<double>(query.id);
  made.ended = made.started + made.seconds;
  if (query.id == 3 || query.id == 4) made.y.resize(0);
  if (query.id == 3) {
    made.status = Answer::Status::Failed;
    made.kind = "fail_when";
    made.message = "it diverged: \xE2\x88\x9E";
  }
  if (query.id == 4) {
    made.status = Answer::Status::TimedOut;
    made.kind = "timeout";
    made.message = "0.5 s are over";
    made.attempts = 2;
  }
  return made;
}

class Recorded {
 public:
  Recorded(const fs::path& file, const Preamble& preamble, Campaign& campaign)
      : journal_(Journal::create(file, preamble)), campaign_(campaign) {}

  void ask(Index k, bool answered) {
    const Asked asked = campaign_.propose(k);
    take(asked);
    if (!answered) return;
    for (const Query& query : asked.queries) take(Answered{query.id, answer(query)});
  }
  const std::vector<Event>& events() const { return events_; }
  const Journal& journal() const { return journal_; }

 private:
  void take(const Event& event) {
    journal_.append(event);
    events_.push_back(event);
    campaign_.apply(event);
  }
  Journal journal_;
  Campaign& campaign_;
  std::vector<Event> events_{};
};

void write_predictions(const fs::path& file, const Surrogate& surrogate) {
  std::ofstream csv(file);
  csv << std::setprecision(17);
  const Domain& domain = surrogate.domain();
  const Index points = 20;
  for (Index i = 0; i < points; ++i) {
    Vector u(domain.dim());
    for (Index j = 0; j < u.size(); ++j) {
      u[j] = std::fmod(0.37 + 0.618 * static_cast<double>(i * (j + 1)), 1.0);
    }
    const Vector x = domain.from_unit(u);
    for (const double value : x) csv << value << ',';
    for (Index j = 0; j < 2; ++j) {
      const LocalMarginal at = surrogate[j].predict_at(x);
      csv << at.mean << ',' << std::sqrt(at.variance) << (j == 0 ? ',' : '\n');
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: hdf5_fixture DIRECTORY\n";
    return 2;
  }
  const fs::path directory = argv[1];
  const Domain domain = wing();
  // An output whose name stands for something else in the file.
  const std::vector<Output> outputs = {{"lift", "N"}, {"status", "1"}};
  Preamble preamble{domain.parameters(), outputs, /*seed=*/18446744073709551615u,
                    "title = \"fl\xC3\xBCgel\"\n" + std::string(70000, '#')};
  preamble.version = "0.1.0";

  Campaign none(domain, outputs, criteria::variance(), {}, 1);
  export_hdf5(directory / "none.h5", preamble, none);

  Campaign campaign(domain, outputs, criteria::variance(), {.initial = 12}, 1);
  Recorded recorded(directory / "journal.sonde", preamble, campaign);
  for (int i = 0; i < 6; ++i) recorded.ask(4, true);
  recorded.ask(2, false);
  const std::vector<MetricsRow> metrics = learning_curve(domain, outputs, {}, recorded.events());
  export_hdf5(directory / "wing.h5", recorded.journal().preamble(), campaign, metrics,
              {recorded.journal().sha256(), recorded.events(), {}});
  write_predictions(directory / "wing.csv", campaign.surrogate());
  return 0;
}
