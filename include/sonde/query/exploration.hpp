#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sonde/query/acquisition.hpp"

/// Criteria that learn an output over its whole domain, beside those of variance: by distance, by
/// steepness, by information, by what the model would change. Each sums over outputs, in units in
/// which they are comparable.
namespace sonde::criteria {

/// The distance to the nearest point that is known or asked, squared, as the kernels see distances:
/// min_i k(x, x) + k(x_i, x_i) - 2 k(x, x_i). By greedy choices a core-set: no place is farther
/// from what is known than it must be. Prefer it where the model is not trusted yet, or replaced
/// later; it looks at no value. O(n d) a point. \see Sener & Savarese (2018), ICLR; Gonzalez
/// (1985), Theoretical Computer Science 38
Criterion core_set();

/// (mean - its value at the nearest known point)^2 + variance: where the output is steep as well as
/// uncertain. Prefer it for outputs that jump or have cliffs, of which one kernel knows too little;
/// the slope is that of the piece between two changes of the nearest point. \see Lam (2008), PhD
/// thesis, Ohio State University, "EIGF"
Criterion global_fit();

/// How much more an observation tells of the rest of the domain than is known of it already:
/// ln of the variance given what is known over the variance given `reference_points` of the domain
/// instead, both with noise, by the member that weighs most. Goes to the bounds less than variance.
/// \see Krause, Singh & Guestrin (2008), JMLR 9; Beck & Guillas (2016), SIAM/ASA J. Uncertainty
/// Quantification 4, for the nugget (one prior variance) that keeps a reference point near x from
/// answering for it
Criterion mutual_information(Index reference_points = 256);

/// The part of what an observation would say that tells which model is right: disagreement() over
/// the variance of an observation. To first order the squared change of the parameters, in standard
/// deviations, that is expected of it. Where the model has no doubt about itself, integrated
/// variance. Prefer it early, or in turn with others. \see Cai, Zhang & Zhou (2013), ICDM, for
/// expected model change in regression
Criterion model_change();

/// The drop of the mean standard deviation over the domain, the doubt about the model part of it:
/// the expected absolute error that is left. Of squared errors it would be integrated variance,
/// which looks at the worst places more than this. No slope: in many inputs synthesis climbs it
/// more slowly. O(n^2) a point and member. \see Roy & McCallum (2001), ICML
Criterion expected_error_reduction(Index reference_points = 128);

}  // namespace sonde::criteria
