#include "sonde/run/segments.hpp"

#include <cmath>

namespace sonde {
namespace {

// Of predictions, those where the condition holds and there is a value.
SegmentScore::Of score_where(const Expression& condition, const Points& x, const Vector& truth,
                             const Vector& mean, const Vector& variance) {
  constexpr double ninety_five = 1.959963984540054;  // two-sided quantile of the normal
  SegmentScore::Of score;
  double squares = 0.0, inside = 0.0;
  for (Index i = 0; i < x.rows(); ++i) {
    if (!std::isfinite(truth[i]) || condition(x.row(i).transpose()) != 1.0) continue;
    const double off = mean[i] - truth[i];
    squares += off * off;
    inside += std::abs(off) <= ninety_five * std::sqrt(std::max(variance[i], 0.0)) ? 1.0 : 0.0;
    ++score.runs;
  }
  if (score.runs == 0) return score;
  score.rmse = std::sqrt(squares / static_cast<double>(score.runs));
  score.inside95 = inside / static_cast<double>(score.runs);
  return score;
}

// Of classes, likewise: the share of those whose most likely class is another.
SegmentScore::Of share_where(const Expression& condition, const Points& x, const Vector& truth,
                             const Matrix& p) {
  SegmentScore::Of score;
  double wrong = 0.0;
  for (Index i = 0; i < x.rows(); ++i) {
    if (!std::isfinite(truth[i]) || condition(x.row(i).transpose()) != 1.0) continue;
    Index likely = 0;
    p.row(i).maxCoeff(&likely);
    wrong += static_cast<double>(likely) == truth[i] ? 0.0 : 1.0;
    ++score.runs;
  }
  if (score.runs > 0) score.rmse = wrong / static_cast<double>(score.runs);
  return score;
}

}  // namespace

std::vector<SegmentScore> segment_scores(Campaign& campaign, const Segments& segments) {
  if (segments.empty() || !campaign.has_surrogate()) return {};
  const Surrogate& surrogate = campaign.surrogate();
  const auto outputs = static_cast<Index>(campaign.outputs().size());
  const Dataset held = campaign.validation();
  std::vector<SegmentScore> all(segments.size() * static_cast<std::size_t>(outputs));
  for (Index j = 0; j < outputs; ++j) {
    const Response& response = surrogate[j];
    const LeaveOneOut left = response.leave_one_out();
    const Marginals foretold =
        held.size() > 0 ? response.predict(held.x) : Marginals{Vector(0), Vector(0)};
    const std::optional<MulticlassClassifier>& classes = surrogate.classes(j);
    const Matrix left_out = classes ? classes->leave_one_out() : Matrix();
    const Matrix held_out = classes && held.size() > 0 ? classes->probability(held.x) : Matrix();
    for (std::size_t s = 0; s < segments.size(); ++s) {
      const auto& [name, condition] = segments[s];
      SegmentScore& score =
          all[s * static_cast<std::size_t>(outputs) + static_cast<std::size_t>(j)];
      score.segment = name;
      score.output = j;
      if (campaign.outputs()[static_cast<std::size_t>(j)].is_class()) {
        if (!classes) continue;
        score.left_out = share_where(condition, response.x(), response.observed(), left_out);
        if (held.size() > 0)
          score.held_out = share_where(condition, held.x, held.y.col(j), held_out);
        continue;
      }
      score.left_out =
          score_where(condition, response.x(), response.observed(), left.mean, left.variance);
      if (held.size() > 0)
        score.held_out =
            score_where(condition, held.x, held.y.col(j), foretold.mean, foretold.variance);
    }
  }
  return all;
}

}  // namespace sonde
