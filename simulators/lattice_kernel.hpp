#pragma once

/// The loops that a lattice-Boltzmann run spends its time in, compiled for three instruction sets.

namespace sonde_simulator {

/// Relaxation rates of the two-relaxation-time collision.
template <class Real>
struct Rates {
  Real even;  ///< of the symmetric part of a pair of populations, 1 / (3 viscosity + 1/2)
  Real odd;   ///< of its antisymmetric part
};

/// Pulls nine populations a cell, lets them collide, stores them: `count` cells in a row.
///
/// \param from  nine arrays, each already shifted against its direction
/// \param to    nine arrays; none overlaps with any in `from`
template <class Real>
using CollideRow = void (*)(const Real* const* from, Real* const* to, long count,
                            Rates<Real> rates);

/// What an open side does to the flow next to it: the state beyond is
///   density = density_of_wave * w,
///   velocity = far + (keep_x, keep_y) * (velocity - far) + velocity_of_wave * w * outward,
/// w being the wave that leaves, (density + outward.(velocity - far) / sound) / 2.
template <class Real>
struct OpenRule {
  Real outward_x, outward_y;
  Real density_of_wave, velocity_of_wave;
  Real keep_x, keep_y;
  int inwards[3];  ///< the directions that lead from beyond into the tunnel
};

/// Fills `count` nodes beyond an open side from as many before it; populations of a node are
/// `stride` apart, nodes adjacent.
template <class Real>
using OpenNodes = void (*)(const Real* before, Real* beyond, long stride, const Real* far_x,
                           const Real* far_y, long count, const OpenRule<Real>& rule);

template <class Real>
struct LatticeKernel {
  CollideRow<Real> collide_row;
  OpenNodes<Real> open_nodes;
};

/// The fastest loops that this processor can run.
template <class Real>
LatticeKernel<Real> pick_lattice_kernel();

}  // namespace sonde_simulator
