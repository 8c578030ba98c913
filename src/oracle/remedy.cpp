#include "oracle/remedy.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "sonde/base/random.hpp"

namespace sonde {
namespace {

bool is_one_of(std::string_view kind, std::initializer_list<std::string_view> kinds) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

}  // namespace

Remedy remedy_for(const SimulatorSpec& spec, const Answer& answer, std::optional<Remedy> then) {
  if (then) return *then;
  for (const auto& [kind, remedy] : spec.on_failure)
    if (kind == answer.kind) return remedy;
  if (answer.transient ||
      is_one_of(answer.kind, {"could not start", "lost", "unreachable", "node lost", "cancelled",
                              "preempted", "disk full"}))
    return Remedy::Retry;
  if (spec.nudge > 0.0 && !is_one_of(answer.kind, {"timeout", "stall", "cpu limit", "out of memory",
                                                   "file limit", "inadmissible", "rejected"}))
    return Remedy::Nudge;
  return Remedy::GiveUp;
}

Vector nudged(const Domain& domain, const Query& query, double share, int number,
              std::uint64_t seed) {
  constexpr std::uint64_t most_draws = 100;
  const Vector u = domain.to_unit(query.x);
  const Rng root = Rng(seed)
                       .child("nudge", static_cast<std::uint64_t>(query.id))
                       .child("number", static_cast<std::uint64_t>(number));
  for (std::uint64_t draw = 0; draw < most_draws; ++draw) {
    Rng rng = root.child("draw", draw);
    Vector moved = u;
    for (Index j = 0; j < u.size(); ++j) {
      const Scale scale = domain.parameters()[static_cast<std::size_t>(j)].scale;
      if (scale == Scale::Integer || scale == Scale::Choice) continue;
      moved[j] = std::clamp(u[j] + share * (2.0 * rng.uniform() - 1.0), 0.0, 1.0);
    }
    Vector x = domain.from_unit(moved);
    if (domain.admits(x)) return x;
  }
  return query.x;
}

}  // namespace sonde
