#pragma once

#include "sonde/base/random.hpp"
#include "sonde/base/types.hpp"
#include "sonde/gp/surrogate.hpp"

namespace sonde {

/// (d) total Sobol' indices of the mean of an output: the part of its variance over the input
/// distribution in which an input has a share, alone or with others; together 1 or more. Inputs are
/// taken to be independent: constraints are left aside. Zeros where the mean is constant.
///
/// Jansen's estimator on scrambled Sobol points: (d + 1) `points` predictions; with 512 points its
/// error is some hundredths.
/// \see Homma & Saltelli (1996), Reliab. Eng. Syst. Saf. 52(1); Jansen (1999), Comput. Phys.
/// Commun. 117
Vector total_effects(const Surrogate& surrogate, Index output, Index points, Rng rng,
                     int threads = 1);

}  // namespace sonde
