// Journals as releases wrote them: each is read for ever.
#include <cmath>
#include <filesystem>

#include "sonde/query/criteria.hpp"
#include "sonde/run/journal.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"

using namespace sonde;
using namespace sonde::testing_support;

TEST_CASE("a journal of schema 1 reads and folds to what it says", "[golden]") {
  const Journal journal = Journal::read(std::filesystem::path(SONDE_GOLDEN) / "schema1.sonde");
  const Preamble& begun = journal.preamble();
  CHECK(begun.version == "0.1.0");
  CHECK(begun.seed == 7);
  CHECK(begun.uuid == "0d5b7c7e-5a1c-4a4e-9d57-0e1f2a3b4c5d");
  CHECK(begun.study == "sonde = 1\ntitle = \"wing\"\n");
  CHECK(journal.torn_bytes() == 0);
  CHECK(journal.notes().size() == 2);
  REQUIRE(journal.events().size() == 15);
  CHECK(journal.events_of("mail.jsonl:0123456789abcdef").size() == 1);
  CHECK(std::get<Edited>(journal.events()[13]).study == "sonde = 1\ntitle = \"wing 2\"\n");

  Campaign campaign(Domain(begun.parameters), begun.outputs, criteria::variance(), {}, begun.seed);
  for (const Event& event : journal.events()) campaign.apply(event);
  CHECK(campaign.asked() == 6);
  CHECK(campaign.answered() == 6);
  CHECK(campaign.rejected() == 1);
  CHECK(campaign.open().empty());
  CHECK(campaign.data_ids() == std::vector<Index>{0, 2, 3, 4});
  CHECK(campaign.data().x ==
        Points{{120, 1e5, 2, 0}, {150, 1e6, 5, 0}, {130.25, 3.25e6, 4, 1}, {141, 2e6, 3, 0}});
  CHECK(campaign.data().y.col(0) == Vector{{1.5, 2.125, 3.5, 1.75}});
  CHECK(std::isnan(campaign.data().y(1, 1)));
  CHECK(campaign.answer(1)->message ==
        "45 min are \xC3\xBC"
        "ber");
  CHECK(campaign.handling(3).told.front().answer.y[1] == 0.1 + 0.2);
  CHECK(campaign.models() == 1);
  const auto& model = std::get<Fitted>(journal.events()[9]);
  CHECK(model.rows == 3);
  CHECK(model.parameters == Matrix{{0.1, 0.2, 0.3}, {-1.0, 1.0 / 3.0, 2.0}});
  CHECK(model.leave_one_out == Vector{{0.25, 0.5}});
  const auto& asked = std::get<Asked>(journal.events()[10]);
  CHECK(asked.model == 1);
  CHECK(asked.queries[0].worth == 0.125);
  CHECK(asked.queries[0].selection.rank == 2);
  CHECK(asked.queries[0].selection.runner_up == Vector{{121, 3e6, 4, 1}});
  CHECK(asked.queries[1].selection.candidates == 0);
}
