#pragma once

#include <functional>

#include "sonde/query/acquisition.hpp"

namespace sonde::query {

/// The acquisition where runs succeed, worth less where they are thought to fail: times w(p), p the
/// probability of the surrogate's classifier; as it is where there is none. w(p) = p from a half
/// on; below p (2 p)^6, as runs that fail teach the edge of where they do, and little more.
/// \param logarithmic the worth is a logarithm: log w(p) is added
Acquisition where_runs_succeed(Acquisition worth, const Surrogate& surrogate,
                               bool logarithmic = false);

/// A sum over outputs: that of `make`, each output's part weighed likewise by where it arrives. As
/// `make` has it where all have always arrived.
Acquisition where_outputs_arrive(const Surrogate& surrogate,
                                 const std::function<Acquisition(const Surrogate&)>& make);

}  // namespace sonde::query
