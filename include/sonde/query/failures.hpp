#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sonde/query/acquisition.hpp"

/// Criteria that learn where runs fail: two classes, told by the surrogate's Classifier. They look
/// at no output. As long as nothing has failed there is no classifier, and they ask for what is
/// farthest from all that is known (`why`: "core set").
namespace sonde::criteria {

/// The entropy, in bits, of whether a run at x succeeds: largest where it is as likely as not.
/// Least confidence and the margin between the classes order points of two classes the same. \see
/// Settles (2009), Active Learning Literature Survey, section 3.1
Criterion failure_entropy();

/// The entropy of the votes of a committee of classifiers drawn from the posterior, each of which
/// says yes or no: where those that the data allow disagree, be each as unsure as it may. \see
/// Dagan & Engelson (1995), ICML, "vote entropy"
Criterion failure_votes();

/// What a run at x tells of the classifier, in bits: the entropy of its outcome less what would be
/// left of it were the classifier known; the mean Kullback-Leibler divergence of the committee's
/// members from what they say together. Passes over places that are as likely as not by chance. In
/// the closed form of Houlsby, Huszar, Ghahramani & Lengyel (2011), arXiv:1112.5745, "BALD", within
/// 0.01 bits of the integral. Prefer it to the other two.
Criterion failure_information();

std::vector<std::string> names_of_failure();
/// "failure information", "failure entropy", "failure votes". \throws ArgumentError that lists
/// them.
Criterion named_of_failure(std::string_view name);

}  // namespace sonde::criteria
