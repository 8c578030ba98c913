#pragma once

#include <functional>

#include "sonde/base/types.hpp"

namespace sonde {

/// Calls body(i) once for each i in [0, n), on at most `threads` threads (1: the calling one).
///
/// If calls throw, all others still finish, then the exception of the lowest i is rethrown. No
/// order and no reduction: results go to places of their own, so they do not depend on `threads`.
///
/// With OpenMP (the release build) libgomp spins at its barriers unless the program is started with
/// OMP_WAIT_POLICY=passive; the command line sees to that, a library user should.
void parallel_for(Index n, int threads, const std::function<void(Index)>& body);

}  // namespace sonde
