// How many runs a strategy takes: campaigns on functions that cost nothing, as rows of a table.
//
//     efficiency ROWS.csv [--functions suite|gate|odd|NAME,...] [--strategies NAME,...]
//                [--seeds 10] [--runs 120] [--threads 2]
//
// A row: function, strategy, seed, n, NRMSE on 5,000 uniform points, seconds since the campaign
// began. Campaigns whose rows stand in the table to the last are not run again, so what was
// interrupted goes on. scripts/efficiency calls this, makes the tables and draws the curves.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <mutex>
#include <set>
#include <sstream>
#include <tuple>

#include "efficiency/functions.hpp"
#include "sonde/base/error.hpp"
#include "sonde/base/parallel.hpp"
#include "sonde/query/criteria.hpp"
#include "sonde/run/campaign.hpp"
#include "sonde/space/design.hpp"

using namespace sonde;
using efficiency::Function;

namespace {

constexpr Index test_points = 5000;

/// A design, or a criterion after an initial design, and a surrogate.
struct Strategy {
  std::string name;
  std::string design;          // of every run; empty: the criterion asks
  std::string criterion;       // by its name
  bool standard;               // the surrogate: one radial Matern 5/2 with a constant mean
  std::vector<Index> sizes{};  // one design for each of these sizes; none: one that grows
  Index batch = 1;
};

const std::vector<Strategy>& strategies() {
  static const std::vector<Strategy> all = {
      {"standard", "uniform", "", true},
      {"uniform", "uniform", "", false},
      {"auto", "", "auto", false},
      {"auto+standard", "", "auto", true},
      {"maximin", "maximin", "", false, {30, 60}},
      {"maximin+standard", "maximin", "", true, {30, 60}},
      {"variance", "", "variance", false},
      {"integrated variance", "", "integrated variance", false},
      {"calibrated", "", "calibrated integrated variance", false},
      {"committee", "", "committee", false},
      {"auto by 4", "", "auto", false, {}, 4},
      {"auto by 8", "", "auto", false, {}, 8},
      {"auto by 16", "", "auto", false, {}, 16},
  };
  return all;
}

struct Options {
  std::string rows;
  std::string functions = "suite";
  std::string strategies = "standard,uniform,auto";
  std::uint64_t seeds = 10;
  Index runs = 120;
  int threads = 2;
};

std::vector<std::string> split(const std::string& list, char at) {
  std::vector<std::string> parts;
  std::istringstream text(list);
  for (std::string part; std::getline(text, part, at);) parts.push_back(part);
  return parts;
}

Options parsed(int argc, char** argv) {
  require(argc > 1 && argc % 2 == 0, "efficiency: expected ROWS.csv and options with a value");
  Options options;
  options.rows = argv[1];
  for (int i = 2; i + 1 < argc; i += 2) {
    const std::string key = argv[i];
    const std::string value = argv[i + 1];
    if (key == "--functions") {
      options.functions = value;
    } else if (key == "--strategies") {
      options.strategies = value;
    } else if (key == "--seeds") {
      options.seeds = std::stoull(value);
    } else if (key == "--runs") {
      options.runs = std::stol(value);
    } else if (key == "--threads") {
      options.threads = std::stoi(value);
    } else {
      throw ArgumentError(concat("efficiency: no option '", key, "'"));
    }
  }
  return options;
}

template <class All>
All chosen(const All& all, const std::string& names) {
  All some;
  for (const std::string& name : split(names, ',')) {
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
    require(found != all.end(), "efficiency: no '", name, "'");
    some.push_back(*found);
  }
  return some;
}

std::vector<Function> functions_of(const std::string& names) {
  if (names == "suite") return efficiency::suite();
  if (names == "gate") return efficiency::gate();
  if (names == "odd") return efficiency::odd();
  std::vector<Function> all = efficiency::suite();
  for (const std::vector<Function>& more : {efficiency::gate(), efficiency::odd()})
    all.insert(all.end(), more.begin(), more.end());
  return chosen(all, names);
}

Vector values(const Function& function, PointsView x) {
  Vector y(x.rows());
  for (Index i = 0; i < x.rows(); ++i) y[i] = function.value(x.row(i).transpose());
  return y;
}

/// The root mean squared error over the standard deviation, on the same points for all.
class Judge {
 public:
  explicit Judge(const Function& function)
      : at_(design::uniform(function.domain, test_points, Rng(20))),
        truth_(values(function, at_)) {}

  double nrmse(const Surrogate& surrogate) const {
    const Vector error = surrogate[0].predict(at_).mean - truth_;
    return std::sqrt(error.squaredNorm() / (truth_.array() - truth_.mean()).matrix().squaredNorm());
  }

 private:
  Points at_;
  Vector truth_;
};

/// Sizes at which the error is looked at: by ones, then by steps of 6 %, and 30 and 60; of batches
/// after each.
std::set<Index> looked_at(Index first, Index last, Index batch) {
  std::set<Index> sizes;
  if (batch > 1) {
    for (Index n = first; n <= last; n += batch) sizes.insert(n);
    return sizes;
  }
  for (Index n = first; n <= last;
       n = std::max(n + 1, static_cast<Index>(1.06 * static_cast<double>(n))))
    sizes.insert(n);
  for (const Index n : {Index{30}, Index{60}, last}) {
    if (n >= first && n <= last) sizes.insert(n);
  }
  return sizes;
}

struct Job {
  const Function* function;
  const Strategy* strategy;
  std::uint64_t seed;

  std::string key() const { return concat(function->name, ',', strategy->name, ',', seed); }
};

CampaignOptions options_of(const Strategy& strategy, Index size) {
  CampaignOptions options;
  if (!strategy.design.empty()) {
    options.design = strategy.design;
    options.design_only = true;
    if (size > 0) options.initial = size;
  }
  if (strategy.standard) {
    options.model.stack = {{.family = Family::Matern52, .form = Form::Radial}};
    options.model.parameter_uncertainty = false;
  }
  return options;
}

std::string rows_of(const Job& job, Index runs) {
  const auto start = std::chrono::steady_clock::now();
  const Function& function = *job.function;
  const Strategy& strategy = *job.strategy;
  const Judge judge(function);
  const Index d = function.domain.dim();
  std::ostringstream rows;
  const auto look = [&](Campaign& campaign) {
    const double error = judge.nrmse(campaign.surrogate());
    const std::chrono::duration<double> past = std::chrono::steady_clock::now() - start;
    rows << job.key() << ',' << campaign.data().size() << ',' << error << ',' << past.count()
         << '\n';
  };
  const auto campaign_of = [&](Index size) {
    const std::string criterion = strategy.criterion.empty() ? "auto" : strategy.criterion;
    return Campaign(function.domain, {{"y", ""}}, criteria::named(criterion),
                    options_of(strategy, size), job.seed);
  };
  for (const Index size : strategy.sizes) {
    Campaign campaign = campaign_of(size);
    answer(campaign, function, size);
    look(campaign);
  }
  if (!strategy.sizes.empty()) return rows.str();
  Campaign campaign = campaign_of(0);
  for (const Index n : looked_at(d + 2, runs, strategy.batch)) {
    while (campaign.data().size() < n)
      answer(campaign, function, campaign.design_left() > 0 ? 1 : strategy.batch);
    look(campaign);
  }
  return rows.str();
}

Index last_size(const Function& function, const Strategy& strategy, Index runs) {
  return strategy.sizes.empty()
             ? *looked_at(function.domain.dim() + 2, runs, strategy.batch).rbegin()
             : strategy.sizes.back();
}

/// (function, strategy, seed) and the largest n of each.
std::map<std::string, Index> done_in(const std::string& path) {
  std::map<std::string, Index> done;
  std::ifstream rows(path);
  for (std::string line; std::getline(rows, line);) {
    const std::vector<std::string> cells = split(line, ',');
    if (cells.size() != 6 || cells[3].find_first_not_of("0123456789") != std::string::npos)
      continue;
    Index& last = done[cells[0] + ',' + cells[1] + ',' + cells[2]];
    last = std::max<Index>(last, std::stol(cells[3]));
  }
  return done;
}

void run(const Options& options) {
  const std::vector<Function> functions = functions_of(options.functions);
  const std::vector<Strategy> some = chosen(strategies(), options.strategies);
  const std::map<std::string, Index> done = done_in(options.rows);
  std::vector<Job> jobs;
  for (std::uint64_t seed = 1; seed <= options.seeds; ++seed) {
    for (const Function& function : functions) {
      for (const Strategy& strategy : some) {
        const Job job{&function, &strategy, seed};
        const auto found = done.find(job.key());
        const Index last = last_size(function, strategy, options.runs);
        if (found == done.end() || found->second < last) jobs.push_back(job);
      }
    }
  }
  std::ofstream out(options.rows, std::ios::app);
  if (out.tellp() == 0) out << "function,strategy,seed,n,nrmse,seconds\n";
  std::mutex writing;
  parallel_for(static_cast<Index>(jobs.size()), options.threads, [&](Index i) {
    const Job& job = jobs[static_cast<std::size_t>(i)];
    const std::string rows = rows_of(job, options.runs);
    const std::lock_guard lock(writing);
    out << rows << std::flush;
    std::cerr << job.key() << '\n';
  });
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(parsed(argc, argv));
    return 0;
  } catch (const std::exception& failure) {
    std::cerr << failure.what() << '\n';
    return 1;
  }
}
