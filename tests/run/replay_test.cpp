#include "sonde/run/replay.hpp"

#include <cmath>

#include "sonde/run/journal.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/temporary_directory.hpp"
#include "support/toy_campaign.hpp"

using namespace sonde;
using namespace sonde::testing_support;

namespace {

Campaign begun(const Edited*) {
  return toy_campaign();
}

/// A design, single queries and batches, a failure, a correction, an earlier run, and a fit at the
/// end.
std::vector<Event> history() {
  Campaign campaign = toy_campaign();
  std::vector<Event> events;
  const auto happen = [&](Event event) {
    campaign.apply(event);
    events.push_back(std::move(event));
  };
  happen(Asked{{{.id = 0, .x = Vector{{0.25, 7.5}}, .why = "imported"}}});
  happen(Answered{0, ok(toy_value(Vector{{0.25, 7.5}})[0])});
  while (campaign.asked() < 14) {
    happen(campaign.propose(campaign.asked() < 8 ? 3 : 2));
    for (const Query& query : campaign.open()) {
      if (query.id == 9) {
        happen(Answered{query.id, failed()});
      } else {
        happen(Answered{query.id, ok(toy_value(query.x)[0])});
      }
    }
    if (campaign.asked() == 12) happen(Corrected{.id = 3, .answer = ok(0.5)});
  }
  if (const auto last = campaign.fit()) happen(*last);
  return events;
}

/// As a journal tells them: a model is an event of its own there.
std::vector<Event> recorded(const std::vector<Event>& events) {
  const TemporaryDirectory folder;
  const auto file = folder.path() / "journal.sonde";
  const Campaign campaign = toy_campaign();
  {
    Journal journal = Journal::create(
        file,
        {.parameters = campaign.domain().parameters(), .outputs = campaign.outputs(), .seed = 1});
    for (const Event& event : events) journal.append(event);
  }
  return Journal::read(file).events();
}

}  // namespace

TEST_CASE("a campaign that is replayed decides as was recorded, bit for bit", "[replay]") {
  const std::vector<Event> events = history();
  for (const std::vector<Event>& told : {events, recorded(events)}) {
    const Replayed result = replayed(told, begun);
    INFO((result.first ? result.first->what + " of event " + std::to_string(result.first->event)
                       : ""));
    CHECK(!result.first);
    CHECK(result.brought == 1);
    CHECK(result.queries >= 13);
    CHECK(result.models >= 3);
  }
}

TEST_CASE("a replay names the first decision that is not derived again", "[replay]") {
  const std::vector<Event> events = recorded(history());
  std::size_t queries = 0, models = 0;
  for (std::size_t i = 0; i < events.size(); ++i) {
    std::vector<Event> changed = events;
    if (auto* asked = std::get_if<Asked>(&changed[i]); asked && asked->model > 0) {
      double& worth = asked->queries.back().worth;
      worth = std::nextafter(worth, 2.0 * worth);
      const Replayed result = replayed(changed, begun);
      REQUIRE(result.first);
      CHECK(result.first->event == static_cast<Index>(i));
      CHECK(result.first->query == asked->queries.back().id);
      CHECK(result.first->what == "worth");
      CHECK(result.first->recorded != result.first->derived);
      ++queries;
    } else if (auto* fitted = std::get_if<Fitted>(&changed[i])) {
      double& parameter = fitted->parameters(0, 0);
      parameter = std::nextafter(parameter, 10.0);
      const Replayed result = replayed(changed, begun);
      REQUIRE(result.first);
      CHECK(result.first->event == static_cast<Index>(i));
      CHECK(result.first->model == fitted->model);
      CHECK(contains(result.first->what, "parameter 0 of"));
      ++models;
    }
  }
  CHECK(queries >= 3);
  CHECK(models >= 3);
}

TEST_CASE("a replay goes on by the study as it was changed", "[replay]") {
  std::vector<Event> events = history();
  const std::size_t half = events.size() / 2;
  Index changes = 0;
  events.insert(events.begin() + static_cast<std::ptrdiff_t>(half), Edited{"title = \"other\""});
  const Replayed result = replayed(events, [&](const Edited* change) {
    if (change) ++changes;
    return toy_campaign();
  });
  CHECK(!result.first);
  CHECK(changes == 1);
}
