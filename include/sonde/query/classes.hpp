#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sonde/query/acquisition.hpp"

/// Criteria of outputs that are one of several classes: where do the regimes of a simulator meet?
/// Each looks at the first output of its surrogate (see Surrogate::only()), by the committee of its
/// MulticlassClassifier. As long as one class alone was seen they ask for what is farthest from all
/// that is known (`why`: "core set"). Of three regimes of two inputs, 8 runs of a design and 20 in
/// batches of two, five seeds: 3.4 % of 500 points were told wrongly by information, 3.8 by margin,
/// 5.3 by least confidence, 5.7 by votes, 7.3 by entropy, 8.3 by uniform runs. \see Settles (2009),
/// Active Learning Literature Survey
namespace sonde::criteria {

/// What a run at x tells of the classifier, in bits: the entropy of what the committee says
/// together, less the mean of its members' own; so the mean Kullback-Leibler divergence of the
/// members from what they say together. Passes over places whose class is a matter of chance. The
/// default of classes. \see McCallum & Nigam (1998), ICML; Houlsby et al. (2011),
/// arXiv:1112.5745, "BALD"
Criterion class_information();

/// The entropy of the class at x, in bits: largest where all are as likely. Of two classes it, the
/// margin and the least confidence order points the same. \see Shannon (1948)
Criterion class_entropy();

/// 1 - (p of the most likely class - p of the next one): the border between two classes, however
/// unlikely a third is. Prefer it to the entropy where there are many classes.
/// \see Scheffer, Decomain & Wrobel (2001), IDA
Criterion class_margin();

/// 1 - p of the most likely class: where it is most likely to be wrong. \see Lewis & Gale (1994),
/// SIGIR
Criterion class_least_confidence();

/// The entropy of the committee's votes, each for the class that it finds most likely, be it ever
/// so unsure; smooth, as votes go over from one class to the other within a tenth of a logarithm
/// of the odds. \see Dagan & Engelson (1995), ICML
Criterion class_votes();

std::vector<std::string> names_of_classes();
/// "class information", "class entropy", "class margin", "class least confidence", "class votes".
/// \throws ArgumentError that lists them.
Criterion named_of_classes(std::string_view name);

}  // namespace sonde::criteria
