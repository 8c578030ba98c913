#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "sonde/query/classes.hpp"
#include "sonde/query/criteria.hpp"
#include "sonde/query/ensemble.hpp"
#include "sonde/query/failures.hpp"
#include "sonde/query/targets.hpp"
#include "sonde/run/study.hpp"
#include "support/catch.hpp"
#include "support/toy_campaign.hpp"

// What a study file names and what C++ names are the same: they ask for the same points.

namespace sonde {
namespace {

using namespace testing_support;

Study study_of(const std::string& output, const std::string& method, const std::string& more = "") {
  return parse_study(
      "sonde = 1\n[variables.width]\nbounds = [0, 4]\nunit = \"mm\"\n"
      "[variables.load]\nbounds = [1, 100]\nscale = \"log\"\n[outputs.lift]\n"
      "unit = \"N\"\n" +
          output + "\n[simulator]\nkind = \"manual\"\n" + more + "\n[method]\n" + method + "\n",
      "toy.toml");
}

CampaignOptions small(CampaignOptions options) {
  const CampaignOptions toy = toy_options();
  options.synthesis = toy.synthesis;
  options.model = toy.model;
  return options;
}

Answer answer_to(const Query& query) {
  Answer answer = ok(toy_value(query.x)[0]);
  answer.seconds = 1.0 + query.x[0];
  return answer;
}

std::vector<Query> ten_of(Campaign campaign) {
  while (campaign.asked() < 10) {
    const Asked asked = campaign.propose(2);
    campaign.apply(asked);
    // A corner fails, so that there is something to learn of failures.
    for (const Query& query : asked.queries)
      campaign.apply(Answered{query.id, query.x[0] > 2.8 ? failed() : answer_to(query)});
  }
  return campaign.queries();
}

std::vector<Query> of_study(const Study& study) {
  return ten_of(Campaign(study.domain(), study.output_names(), study.criterion(),
                         small(study.campaign_options()), 7));
}

std::vector<Query> of_code(const Criterion& criterion, const CampaignOptions& options = {}) {
  const Domain domain(
      {Parameter::linear("width", 0.0, 4.0, "mm"), Parameter::log("load", 1.0, 100.0)});
  return ten_of(Campaign(domain, {{"lift", "N"}}, criterion, small(options), 7));
}

TEST_CASE("a criterion named in a study asks for what it asks for from C++", "[ways]") {
  for (const std::string& name : criteria::names()) {
    INFO(name);
    CHECK(same(of_study(study_of("", "query = \"" + name + "\"")), of_code(criteria::named(name))));
  }
  for (const std::string& name : criteria::names_of_failure()) {
    INFO(name);
    CHECK(same(of_study(study_of("", "query = \"" + name + "\"")),
               of_code(criteria::named_of_failure(name))));
  }
  for (const std::string& name : criteria::names_of_level()) {
    INFO(name);
    CHECK(same(of_study(study_of("goal = { contour = 1.5 }", "query = \"" + name + "\"")),
               of_code(criteria::named_of_level(name, 1.5))));
  }
  for (const std::string& name : criteria::names_of_extreme()) {
    INFO(name);
    CHECK(same(of_study(study_of("goal = \"maximize\"", "query = \"" + name + "\"")),
               of_code(criteria::named_of_extreme(name, criteria::Extreme::Largest))));
  }
}

// 0 to 2, so that it is a number and a class.
double regime(VectorView x) {
  return std::round(std::clamp(1.0 + toy_value(x)[0], 0.0, 2.0));
}

std::vector<Query> ten_of_classes(Campaign campaign) {
  while (campaign.asked() < 10) {
    const Asked asked = campaign.propose(2);
    campaign.apply(asked);
    for (const Query& query : asked.queries)
      campaign.apply(Answered{query.id, ok(regime(query.x))});
  }
  return campaign.queries();
}

TEST_CASE("a criterion of classes asks for the same from a study and from C++", "[ways]") {
  for (const std::string& name : criteria::names_of_classes()) {
    INFO(name);
    const Study study = parse_study(
        "sonde = 1\n[variables.width]\nbounds = [0, 4]\nunit = \"mm\"\n"
        "[variables.load]\nbounds = [1, 100]\nscale = \"log\"\n[outputs.lift]\n"
        "values = [\"low\", \"middle\", \"high\"]\n[simulator]\nkind = \"manual\"\n"
        "[method]\nquery = \"" +
            name + "\"\n",
        "toy.toml");
    const Domain domain(
        {Parameter::linear("width", 0.0, 4.0, "mm"), Parameter::log("load", 1.0, 100.0)});
    const auto told =
        ten_of_classes(Campaign(study.domain(), study.output_names(), study.criterion(),
                                small(study.campaign_options()), 7));
    CHECK(same(told, ten_of_classes(Campaign(domain, {{"lift", "1", {"low", "middle", "high"}}},
                                             criteria::named_of_classes(name), small({}), 7))));
  }
}

TEST_CASE("ensembles, worth for time and segments that count are the same from a study and C++",
          "[ways]") {
  CHECK(same(of_study(study_of("", "query = [\"core set\", \"variance\"]")),
             of_code(criteria::in_turn({criteria::named("core set"), criteria::variance()}))));
  CHECK(same(of_study(study_of("", "query = { \"core set\" = 1, variance = 2 }")),
             of_code(criteria::rank_sum(
                 {{criteria::named("core set"), 1.0}, {criteria::variance(), 2.0}}))));
  CampaignOptions timed;
  timed.worth_per_second = true;
  CHECK(same(of_study(study_of("", "query = \"variance\"\nper = \"second\"")),
             of_code(criteria::variance(), timed)));
  CampaignOptions weighed;
  weighed.importance = ScalarField([](VectorView x) { return x[0] < 1.0 ? 5.0 : 1.0; });
  CHECK(same(of_study(study_of("", "query = \"variance\"\nweights = { narrow = 5 }",
                               "[segments]\nnarrow = \"width < 1\"")),
             of_code(criteria::variance(), weighed)));
}

Study of_two(const std::string& first, const std::string& second, const std::string& method) {
  return parse_study(
      "sonde = 1\n[variables.width]\nbounds = [0, 4]\n[variables.load]\n"
      "bounds = [1, 100]\n[outputs.lift]\n" +
          first + "\n[outputs.drag]\n" + second +
          "\n[simulator]\nkind = \"manual\"\n[stop]\nruns = 20\n[method]\n" + method,
      "toy.toml");
}

std::map<std::string, int> whys_of(const Study& study, Index runs) {
  Campaign campaign(study.domain(), study.output_names(), study.criterion(),
                    small(study.campaign_options()), 7);
  std::map<std::string, int> whys;
  while (campaign.asked() < runs) {
    const Asked asked = campaign.propose(1);
    campaign.apply(asked);
    const Query& query = asked.queries.front();
    ++whys[query.why];
    Answer answer = ok(0.0);
    answer.y = Vector{{toy_value(query.x)[0], query.x[0] * query.x[0]}};
    campaign.apply(Answered{query.id, answer});
  }
  return whys;
}

TEST_CASE("of several criteria and goals each has its turn", "[ways]") {
  auto whys = whys_of(
      of_two("", "goal = { contour = 4 }", "query = [\"expected feasibility\", \"core set\"]"), 20);
  CHECK(whys["expected feasibility"] == 4);  // of 16 by four turns
  CHECK(whys["core set"] == 8);
  whys = whys_of(of_two("", "goal = \"minimize\"", "seed = 2"), 14);
  CHECK(whys["expected improvement"] == 5);
}

TEST_CASE("where nothing is to be learnt, all of it counts", "[ways]") {
  auto whys =
      whys_of(of_two("goal = \"observe\"", "goal = \"observe\"", "query = \"variance\""), 6);
  CHECK(whys["variance"] == 2);
}

}  // namespace
}  // namespace sonde
