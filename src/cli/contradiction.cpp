#include "cli/contradiction.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/text_table.hpp"
#include "run/toml_reader.hpp"
#include "sonde/base/error.hpp"

namespace sonde::cli {
namespace {

constexpr Index samples = 8192;

}  // namespace

Admissibility admissibility_of(const Study& study) {
  return admissibility(study.domain(), samples, Rng(study.seed).child("admissibility"));
}

void refuse_contradiction(const Study& study) {
  if (study.constraints.empty()) return;
  refuse_contradiction(study, admissibility_of(study));
}

void refuse_contradiction(const Study& study, const Admissibility& found) {
  if (found.points.rows() > 0) return;
  std::string rejected;
  std::string most;
  double most_share = -1.0;
  for (const auto& [name, share] : found.rejected) {
    rejected +=
        fmt::format("{}'{}' rejects {}", rejected.empty() ? "" : ", ", name, shown_percent(share));
    if (share > most_share) {
      most_share = share;
      most = name;
    }
  }
  const TomlValue document = parse_toml(study.text, study.file.string());
  const Position at = position_of(document, {"constraints", most});
  throw StudyError(fmt::format(
      "{}:{}:{}: constraints: no admissible point was found among {} of the box; alone, {}. Loosen "
      "one, or widen the bounds",
      study.file.string(), at.line, at.column, found.samples, rejected));
}

}  // namespace sonde::cli
