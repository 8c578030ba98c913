#pragma once

#include "run/hdf5.hpp"
#include "sonde/gp/surrogate.hpp"

namespace sonde {

/// The kernel of a member and those of its alternatives, each number under a name of its own, for
/// all kinds alike.
void write_kernels(const hdf5::Handle& group, const Member& member, const hdf5::Axis& feature);

}  // namespace sonde
