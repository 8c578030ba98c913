#pragma once

#include <optional>
#include <string>

#include "sonde/base/types.hpp"

namespace sonde::cli {

/// From so many runs on fitting a Gaussian process is a matter to be decided.
constexpr Index many_runs = 5000;

/// What fitting `runs` runs takes. \see gp/fit: some matrices of that order, cubic time
struct FittingCost {
  double bytes;
  double seconds;  ///< of one search for parameters, roughly
};
FittingCost fitting_cost(Index runs, int threads);

/// Bytes that may still be taken, here and in the control group; nothing where unknown.
std::optional<double> available_memory();

/// "fitting 20000 runs takes about 12.8 GB of memory and 3 h for each search for its parameters".
std::string fitting_words(Index runs, int threads);

/// Returns where `runs` is not many, or the user agrees: by `yes`, or when asked on a terminal.
/// \throws UsageError where he does not, cannot be asked, or the memory does not suffice.
void agree_to_fitting(Index runs, int threads, bool yes);

/// How many runs the memory allows.
Index most_runs();

}  // namespace sonde::cli
