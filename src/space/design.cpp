#include "sonde/space/design.hpp"

#include <algorithm>
#include <cmath>

#include "sonde/base/error.hpp"
#include "space/candidates.hpp"
#include "space/sequences.hpp"
#include "space/spread.hpp"
#include "space/subset.hpp"

namespace sonde::design {
namespace {

using space::Drawn;
using space::Source;
using space::Spread;

constexpr double max_enumerated = 20000;
constexpr Index first_candidates = 30000;
constexpr Index most_candidates = 1000000;
constexpr Index rare_samples = 4000;

// How points are picked where more are at hand than asked for.
enum class Pick { Random, Strata, FarApart };

[[noreturn]] void refuse(const Domain& domain, const Drawn& drawn, Rng rng) {
  const Points box = space::rows_from_quantiles(
      domain, space::scrambled_sobol(domain.dim(), rng.child("refused"))(10000));
  const Index found = drawn.points.rows();
  const auto rejected = space::rejected_shares(domain, box);
  std::string words = space::in_words(rejected);
  const bool each_can_be_met = std::all_of(rejected.begin(), rejected.end(),
                                           [](const auto& one) { return one.second < 0.99; });
  if (found == 0 && each_can_be_met) words += "; each can be met, together they cannot";
  throw ArgumentError(concat("design: ", found, " of ", drawn.candidates, " candidates ",
                             found == 1 ? "is" : "are", " admissible; check the constraints",
                             words.empty() ? "" : " (" + words + ")"));
}

Points picked(const Domain& domain, const Points& points, Index n, Pick pick, Rng rng) {
  std::vector<Index> rows;
  if (pick == Pick::Random) {
    rows = space::shuffled(points.rows(), rng);
    rows.resize(static_cast<std::size_t>(std::min(n, points.rows())));
  } else {
    const Spread spread = pick == Pick::Strata ? Spread::Strata : Spread::StrataAndDistances;
    rows = space::choose_spread(domain.rows_to_unit(points), n, spread, rng);
  }
  Points result(static_cast<Index>(rows.size()), points.cols());
  for (Index i = 0; i < result.rows(); ++i) {
    result.row(i) = points.row(rows[static_cast<std::size_t>(i)]);
  }
  return result;
}

// All admissible points as often as n allows, then some of them once more.
Points repeated(const Domain& domain, const Points& all, Index n, Pick pick, Rng rng) {
  Points result(n, all.cols());
  for (Index filled = 0; filled < n;) {
    const Index count = std::min(all.rows(), n - filled);
    result.middleRows(filled, count) =
        picked(domain, all, count, pick, rng.child("round", static_cast<std::uint64_t>(filled)));
    filled += count;
  }
  return result;
}

bool enumerable(const Domain& domain) {
  return space::count_of_points(domain) <= max_enumerated;
}

Points from_all_points(const Domain& domain, Index n, Pick pick, Rng rng) {
  const Points box = space::every_point(domain);
  const Points all = space::admitted_rows(domain, box);
  if (all.rows() == 0) refuse(domain, {all, box.rows()}, rng);
  return repeated(domain, all, n, pick, rng);
}

// Where admissible points are too rare to be drawn.
Points from_rare_points(const Domain& domain, Index n, const Source& source, Pick pick,
                        const Drawn& drawn, Rng rng) {
  const Index samples = std::max(rare_samples, 4 * n);
  const space::Subset rare = space::subset_simulation(
      domain, space::scrambled_sobol(domain.dim(), rng.child("rare"))(samples), rng.child("walk"));
  if (rare.share > 0.0) {
    const Points points = space::distinct_rows(space::rows_from_quantiles(domain, rare.quantiles));
    return repeated(domain, points, n, pick, rng.child("pick"));
  }
  // No slope led there. What chance has found shows that patience will find more.
  Drawn patient{drawn.points, drawn.candidates + rare.samples};
  if (drawn.points.rows() > 0) {
    patient = space::first_admissible(domain, n, source, most_candidates);
    patient.candidates += drawn.candidates;
  }
  if (patient.points.rows() < n) refuse(domain, patient, rng);
  return patient.points;
}

// The first n admissible points of a source.
Points filtered(const Domain& domain, Index n, const Source& source, Pick pick, Rng rng) {
  require(n >= 0, "design: expected a number of points, got ", n);
  if (enumerable(domain) && 2.0 * static_cast<double>(n) >= space::count_of_points(domain)) {
    return from_all_points(domain, n, pick, rng);
  }
  const Drawn drawn = space::first_admissible(domain, n, source, first_candidates);
  if (drawn.points.rows() == n) return drawn.points;
  if (enumerable(domain)) return from_all_points(domain, n, pick, rng);
  return from_rare_points(domain, n, source, pick, drawn, rng);
}

// n of many admissible points, chosen by exchanges.
Points chosen(const Domain& domain, Index n, Pick pick, Rng rng) {
  if (enumerable(domain)) return from_all_points(domain, n, pick, rng);
  const Index many = std::max<Index>(2000, 20 * n);
  const Points candidates =
      filtered(domain, many, space::scrambled_sobol(domain.dim(), rng.child("candidates")),
               Pick::Random, rng);
  return picked(domain, candidates, n, pick, rng.child("choice"));
}

// Of rare points: a design is spread by exchanges, which for a set of candidates takes seconds.
Pick pick_of(Index n) {
  constexpr Index largest_design = 128;
  return n <= largest_design ? Pick::FarApart : Pick::Random;
}

bool strata_suffice(const Domain& domain) {
  return domain.constraints().empty() && !enumerable(domain);
}

}  // namespace

Points uniform(const Domain& domain, Index n, Rng rng) {
  const Domain flat = space::without_distributions(domain);
  return filtered(flat, n, space::independent(flat.dim(), rng.child("points")), Pick::Random, rng);
}

Points halton(const Domain& domain, Index n, Rng rng) {
  const Domain flat = space::without_distributions(domain);
  return filtered(flat, n, space::shifted_halton(flat.dim(), rng.child("points")), pick_of(n), rng);
}

Points sobol(const Domain& domain, Index n, Rng rng) {
  const Domain flat = space::without_distributions(domain);
  return filtered(flat, n, space::scrambled_sobol(flat.dim(), rng.child("points")), pick_of(n),
                  rng);
}

Points latin_hypercube(const Domain& domain, Index n, Rng rng) {
  const Domain flat = space::without_distributions(domain);
  if (!strata_suffice(flat)) return chosen(flat, n, Pick::Strata, rng);
  const Points x = space::rows_from_quantiles(
      flat, space::latin_strata(n, flat.dim(), space::Within::Random, rng.child("points")));
  if (space::distinct_rows(x).rows() == n) return x;
  return chosen(flat, n, Pick::Strata, rng);
}

Points maximin(const Domain& domain, Index n, Rng rng) {
  const Domain flat = space::without_distributions(domain);
  if (!strata_suffice(flat)) return chosen(flat, n, Pick::FarApart, rng);
  const Points strata = space::rows_from_quantiles(
      flat, space::latin_strata(n, flat.dim(), space::Within::Middle, rng.child("points")));
  const std::vector<std::vector<Index>> from =
      space::spread_by_swaps(flat.rows_to_unit(strata), rng.child("swaps"));
  Points x(n, flat.dim());
  for (Index j = 0; j < x.cols(); ++j) {
    const std::vector<Index>& column = from[static_cast<std::size_t>(j)];
    for (Index i = 0; i < n; ++i) x(i, j) = strata(column[static_cast<std::size_t>(i)], j);
  }
  if (space::distinct_rows(x).rows() == n) return x;
  return chosen(flat, n, Pick::FarApart, rng);
}

Points reference(const Domain& domain, Index n, Rng rng) {
  return filtered(domain, n, space::scrambled_sobol(domain.dim(), rng.child("points")),
                  Pick::Random, rng);
}

std::vector<std::string> names() {
  return {"uniform", "halton", "sobol", "latin hypercube", "maximin"};
}

Points named(std::string_view name, const Domain& domain, Index n, Rng rng) {
  if (name == "uniform") return uniform(domain, n, rng);
  if (name == "halton") return halton(domain, n, rng);
  if (name == "sobol") return sobol(domain, n, rng);
  if (name == "latin hypercube") return latin_hypercube(domain, n, rng);
  if (name == "maximin") return maximin(domain, n, rng);
  std::string known;
  for (const std::string& one : names()) known += concat(known.empty() ? "" : ", ", "'", one, "'");
  throw ArgumentError(concat("design: expected one of ", known, "; got '", name, "'"));
}

}  // namespace sonde::design
