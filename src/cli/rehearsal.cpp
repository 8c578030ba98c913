#include "cli/rehearsal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/exit_status.hpp"
#include "cli/models.hpp"
#include "sonde/base/error.hpp"
#include "sonde/gp/draw.hpp"
#include "sonde/space/design.hpp"

namespace sonde::cli {
namespace {

// What a draw of every output says.
class DrawnSimulator {
 public:
  DrawnSimulator(const Surrogate& surrogate, Rng rng) {
    const Index places = std::min<Index>(1024, 128 * surrogate.domain().dim());
    for (Index j = 0; j < static_cast<Index>(surrogate.outputs().size()); ++j)
      draws_.push_back(
          posterior_draw(surrogate, j, places, rng.child("output", static_cast<std::uint64_t>(j))));
  }

  Matrix on_rows(PointsView x) const {
    Matrix y(x.rows(), static_cast<Index>(draws_.size()));
    for (std::size_t j = 0; j < draws_.size(); ++j)
      y.col(static_cast<Index>(j)) = draws_[j].on_rows(x);
    return y;
  }

 private:
  std::vector<ScalarField> draws_;
};

void answer(Campaign& campaign, const DrawnSimulator& simulator, const Query& query) {
  Answer answer;
  answer.status = Answer::Status::Ok;
  answer.y = simulator.on_rows(query.x.transpose()).row(0).transpose();
  campaign.apply(Answered{query.id, std::move(answer)});
}

// With the runs that there are, as earlier ones, and as many more as the way asks for.
Campaign campaign_of(const Study& study, const Way& way, const DrawnSimulator& simulator,
                     const Campaign& real, Index more, std::uint64_t seed, int threads) {
  const Points& known = real.data().x;
  CampaignOptions options;
  if (way.design) {
    options.design = way.name;
    options.design_only = true;
    options.initial = more;
    options.pool = study.pool();
    if (options.pool) options.steps = {{Maker::Pool, 0}};
  } else {
    options = study.campaign_options();
    options.gold_every = 0;
    options.validation_share = 0.0;
    options.review = false;
    options.stream.reset();
    if (std::any_of(options.steps.begin(), options.steps.end(),
                    [](const Step& step) { return step.maker == Maker::Stream; }))
      options.steps.clear();
    options.initial = std::max<Index>(1, options.initial);
  }
  options.threads = threads;
  Campaign campaign = new_campaign(studied_by(study, way), std::move(options), seed);
  Asked imported;
  for (Index i = 0; i < known.rows(); ++i)
    imported.queries.push_back({.id = i, .x = known.row(i), .why = "imported"});
  campaign.apply(imported);
  for (const Query& query : imported.queries) answer(campaign, simulator, query);
  for (const Query& query : real.failed()) {
    // What failed is known to fail, and may not be asked again; of a draw's own points none does.
    Query failed{.id = campaign.asked(), .x = query.x, .why = "imported"};
    campaign.apply(Asked{{failed}});
    Answer answer = *real.answer(query.id);
    answer.transient = false;
    campaign.apply(Answered{failed.id, std::move(answer)});
  }
  const Index before = campaign.asked();
  const Index at_once = study.pace == Pace::Batches ? study.batch.most : 1;
  while (campaign.asked() < before + more) {
    const Asked asked = campaign.propose(std::min(at_once, before + more - campaign.asked()));
    require<UsageError>(!asked.queries.empty(), "compare --rehearse: after ",
                        campaign.asked() - before, " more runs by '", way.name,
                        "' every admissible point has been asked. Rehearse fewer with --more");
    campaign.apply(asked);
    for (const Query& query : asked.queries) answer(campaign, simulator, query);
  }
  return campaign;
}

}  // namespace

Study studied_by(const Study& study, const Way& way) {
  return way.design || way.name == study.query ? study : study.asked_by(way.name);
}

ComparisonTable rehearsed(OpenCampaign& open, const std::vector<Way>& ways, Index more, int repeats,
                          int threads, const std::function<void(const std::string&)>& say) {
  for (const ProcessOutput& output : open.study.outputs)
    require<UsageError>(!output.output.is_class(), "compare --rehearse: '", output.output.name,
                        "' is an output of classes, and numbers alone are drawn. Compare on the "
                        "simulator itself, without --rehearse");
  const Surrogate surrogate = answering(open);
  const Index known =
      open.campaign.data().size() + static_cast<Index>(open.campaign.failed().size());
  const Index budget = known + more;
  constexpr Index test_points = 1000;
  ComparisonTable table{.outputs = {},
                        .learnt = std::vector<bool>(open.study.outputs.size(), false),
                        .budget = budget,
                        .test_runs = test_points,
                        .judged = "points of functions drawn from the surrogate",
                        .rows = {}};
  for (const ProcessOutput& output : open.study.outputs)
    table.outputs.push_back(output.output.name);
  for (const Index j : open.campaign.learnt()) table.learnt[static_cast<std::size_t>(j)] = true;
  for (const Way& way : ways) table.rows.push_back({way.name, "campaign", way.own, {}});
  const Rng rng = Rng(open.journal.preamble().seed).child("rehearsal");
  PointsFile test{{}, design::uniform(open.campaign.domain(), test_points, rng.child("test")), {}};
  const std::vector<Index> runs = checkpoints(known, budget);
  for (int r = 0; r < repeats; ++r) {
    const auto seed = static_cast<std::uint64_t>(r) + 1;
    const DrawnSimulator simulator(surrogate, rng.child("draw", seed));
    test.y = simulator.on_rows(test.x);
    for (std::size_t w = 0; w < ways.size(); ++w) {
      const Campaign campaign =
          campaign_of(open.study, ways[w], simulator, open.campaign, more, seed, threads);
      const ErrorCurve curve = error_curve(campaign, runs, test, {}, seed, threads);
      table.rows[w].repeats.push_back(curve);
      const Vector error = worst(curve, table.learnt);
      say(fmt::format("{}, draw {}: error {:.3f} after {} runs", ways[w].name, seed,
                      error[error.size() - 1], budget));
    }
  }
  return table;
}

}  // namespace sonde::cli
