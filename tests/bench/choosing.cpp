// Points that arrive, and candidates of a pool, against n known runs of d inputs: how many are
// decided upon in a second, beside what the machine gives.
//   choosing_bench stream [N=1000] [d=10]       choosing_bench pool [ROWS=10000000] [N=500] [d=10]
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "math/dense.hpp"
#include "sonde/base/parallel.hpp"
#include "sonde/query/criteria.hpp"
#include "sonde/run/campaign.hpp"
#include "sonde/space/design.hpp"
#include "support/processes.hpp"

using namespace sonde;
using namespace sonde::testing_support;

namespace {

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double resident_megabytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

// Of one core.
double flops() {
  constexpr Index n = 512;
  const Matrix a = random_matrix(n, n, Rng(1));
  Matrix c = Matrix::Zero(n, n);
  const double begun = seconds();
  int times = 0;
  for (; seconds() - begun < 1.0; ++times)
    dense::arithmetic().add_product(n, n, n, 1.0, a.data(), n, a.data(), n, c.data(), n);
  return 2.0 * times * static_cast<double>(n * n * n) / (seconds() - begun);
}

Domain cube(Index d) {
  std::vector<Parameter> parameters;
  for (Index j = 0; j < d; ++j)
    parameters.push_back(Parameter::linear("x" + std::to_string(j), 0.0, 1.0));
  return Domain(parameters);
}

Campaign known(Index n, Index d, bool leading, int threads) {
  CampaignOptions options;
  options.stream = StreamOptions{.budget = 0.01, .leading = leading};
  options.threads = threads;
  Campaign campaign(cube(d), {{"y", "1"}}, criteria::variance(), options, 1);
  const Points x = design::uniform(campaign.domain(), n, Rng(1));
  const Vector y = wavy(x);
  Asked asked;
  for (Index id = 0; id < n; ++id)
    asked.queries.push_back({.id = id, .x = x.row(id), .why = "imported"});
  campaign.apply(asked);
  for (Index id = 0; id < n; ++id) {
    Answer answer;
    answer.status = Answer::Status::Ok;
    answer.y = Vector::Constant(1, y[id]);
    campaign.apply(Answered{id, answer});
  }
  return campaign;
}

// Nothing is asked, so that it is the deciding that is measured.
void stream(Index n, Index d) {
  for (const bool leading : {false, true})
    for (const int threads : {1, 2}) {
      Campaign campaign = known(n, d, leading, threads);
      const double begun = seconds();
      campaign.apply(*campaign.due_for_stream());
      const double fitted = seconds() - begun;
      const Points x = design::uniform(campaign.domain(), 6400, Rng(2));
      campaign.apply(campaign.decide(x.topRows(64), 0.0, n, false).passed);
      double at = seconds();
      for (Index i = 0; i < x.rows(); i += 64)
        campaign.apply(campaign.decide(x.middleRows(i, 64), 0.0, n, false).passed);
      const double rate = static_cast<double>(x.rows()) / (seconds() - at);
      std::vector<double> singles;
      for (Index i = 0; i < 1000; ++i) {
        at = seconds();
        campaign.apply(campaign.decide(x.middleRows(i, 1), 0.0, n, false).passed);
        singles.push_back(seconds() - at);
      }
      std::nth_element(singles.begin(), singles.begin() + 500, singles.end());
      std::printf(
          "%s, %d threads: %.0f arrivals a second in blocks of 64; one alone %.3f ms (median); "
          "fitted in %.1f s\n",
          leading ? "leading" : "stack", threads, rate, 1e3 * singles[500], fitted);
    }
}

void pool(Index rows, Index n, Index d) {
  for (const bool leading : {true, false}) {
    Campaign campaign = known(n, d, leading, 2);
    const Surrogate& fitted = campaign.surrogate();
    const Surrogate surrogate = leading ? fitted.leading() : fitted;
    const Domain domain = cube(d);
    // Made as they are visited: what is measured is no memory of theirs.
    const Pool candidates(d, [&](const Pool::Visitor& visitor) {
      constexpr Index block = 8192;
      for (Index first = 0; first < rows; first += block) {
        Rng rng = Rng(3).child("block", static_cast<std::uint64_t>(first));
        Points x(std::min(block, rows - first), d);
        for (Index i = 0; i < x.size(); ++i) x.data()[i] = rng.uniform();
        visitor(first, x);
      }
    });
    const double before = resident_megabytes();
    const double begun = seconds();
    const Points none(0, d);
    const Shortlist list =
        shortlist(surrogate, criteria::variance(), candidates, none, none, {.threads = 2}, Rng(4));
    const double took = seconds() - begun;
    const double rate = static_cast<double>(rows) / took;
    std::printf("%s (%zu members): %td candidates in %.1f s, %.0f a second, %.1f MB more\n",
                leading ? "leading" : "stack", surrogate[0].members().size(), list.visited, took,
                rate, resident_megabytes() - before);
    std::printf("  %.1f Gflop/s of n^2 a candidate and member\n",
                1e-9 * rate * static_cast<double>(n * n) *
                    static_cast<double>(surrogate[0].members().size()));
  }
}

}  // namespace

int main(int count, char** arguments) {
  const auto number = [&](int place, Index otherwise) {
    return count > place ? std::strtoll(arguments[place], nullptr, 10) : otherwise;
  };
  std::printf("matrix products: %.1f Gflop/s on one core\n", 1e-9 * flops());
  if (count > 1 && std::string(arguments[1]) == "pool")
    pool(number(2, 10'000'000), number(3, 500), number(4, 10));
  else
    stream(number(2, 1000), number(3, 10));
}
