// Writes what hdf5_test.py reads: DIRECTORY/wing.h5, an empty campaign's none.h5, a campaign of
// every kind of process, kind_00.h5 and so on, and the predictions of these surrogates, wing.csv
// and so on: the inputs, then mean and deviation of each output, and the spread of the first one.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>

#include "sonde/query/criteria.hpp"
#include "sonde/run/export_hdf5.hpp"
#include "sonde/run/journal.hpp"
#include "sonde/space/design.hpp"

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

void write_predictions(const fs::path& file, const Surrogate& surrogate, const Points& at) {
  std::ofstream csv(file);
  csv << std::setprecision(17);
  for (Index i = 0; i < at.rows(); ++i) {
    const Vector x = at.row(i).transpose();
    for (const double value : x) csv << value << ',';
    for (Index j = 0; j < static_cast<Index>(surrogate.outputs().size()); ++j) {
      const LocalMarginal local = surrogate[j].predict_at(x);
      csv << local.mean << ',' << std::sqrt(local.variance) << ',';
    }
    csv << surrogate[0].spread() << '\n';
  }
}

Domain mixed() {
  return Domain({Parameter::linear("p", 1.0, 3.0), Parameter::log("q", 1e2, 1e5),
                 Parameter::choice("s", {"a", "b", "c"}), Parameter::integer("n", 1, 6)});
}

/// Earlier runs with noise, which keeps the processes well conditioned, so that rounding has no
/// say.
void take_runs(Campaign& campaign) {
  Rng noise(4);
  const Points x = design::sobol(campaign.domain(), 30, Rng(1));
  Asked asked;
  for (Index i = 0; i < x.rows(); ++i)
    asked.queries.push_back({.id = i, .x = x.row(i).transpose(), .why = "imported"});
  campaign.apply(asked);
  for (Index i = 0; i < x.rows(); ++i) {
    const double y = std::exp(std::sin(3.0 * x(i, 0)) + 0.3 * std::log(x(i, 1)) + 0.3 * x(i, 2) +
                              0.1 * x(i, 3) * x(i, 0) + 0.05 * noise.normal());
    campaign.apply(Answered{i, {.status = Answer::Status::Ok, .y = Vector{{y}}}});
  }
}

/// Every family and form, warped or not, with trends, transforms and logarithms in turn.
std::vector<MemberKind> all_kinds() {
  std::vector<MemberKind> kinds;
  for (const Family family : {Family::Matern32, Family::Matern52, Family::SquaredExponential}) {
    for (const Form form : {Form::Radial, Form::Product, Form::Anova}) {
      for (const bool warped : {false, true}) {
        const auto turn = kinds.size();
        kinds.push_back({.family = family,
                         .form = form,
                         .transform = static_cast<Transform>(turn % 3),
                         .log_inputs = turn % 4 < 2,
                         .warped = warped,
                         .linear = turn % 5 < 2,
                         .trend = static_cast<Trend>((turn / 2) % 4)});
      }
    }
  }
  return kinds;
}

void write_kind(const fs::path& directory, const MemberKind& kind, std::size_t number) {
  CampaignOptions options;
  options.model.fit.optimize.max_evaluations = 15;
  options.model.stack = {kind};
  if (kind.transform != Transform::None) options.model.stack.push_back({});
  Campaign campaign(mixed(), {{"y", ""}}, criteria::variance(), options, 1);
  take_runs(campaign);
  const std::string name = (number < 10 ? "kind_0" : "kind_") + std::to_string(number);
  export_hdf5(directory / (name + ".h5"), {}, campaign, {}, {.model = options.model});
  Points at = design::uniform(mixed(), 40, Rng(7));
  at.bottomRows(10).col(0).array() += 1.7;  // beyond the box
  write_predictions(directory / (name + ".csv"), campaign.surrogate(), at);
}

Points scattered(const Domain& domain, Index points) {
  Points at(points, domain.dim());
  for (Index i = 0; i < points; ++i) {
    Vector u(domain.dim());
    for (Index j = 0; j < u.size(); ++j) {
      u[j] = std::fmod(0.37 + 0.618 * static_cast<double>(i * (j + 1)), 1.0);
    }
    at.row(i) = domain.from_unit(u).transpose();
  }
  return at;
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
  write_predictions(directory / "wing.csv", campaign.surrogate(), scattered(domain, 20));

  const std::vector<MemberKind> kinds = all_kinds();
  for (std::size_t k = 0; k < kinds.size(); ++k) write_kind(directory, kinds[k], k);
  return 0;
}
