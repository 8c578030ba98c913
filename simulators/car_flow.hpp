#pragma once

#include <stdexcept>

#include "car_body.hpp"

namespace sonde_simulator {

/// A flow that did not become steady.
struct Unsettled : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// How finely and how long to compute.
struct CarFlowOptions {
  int cells = 80;              ///< along the body; even
  double speed = 0.15;         ///< of the car, cells a step
  double settled = 1e-5;       ///< largest relative change of drag over one flow-through
  int max_flow_throughs = 40;  ///< after which it counts as not converged
};

/// Forces a metre of width, divided by the dynamic pressure: m.
struct CarFlowResult {
  double drag = 0, lift = 0;
  int columns = 0, rows = 0;
  long fluid_nodes = 0;
  long steps = 0;           ///< on the finest grid
  double residual = 0;      ///< relative change of drag over the last flow-through
  double mega_updates = 0;  ///< of cells a second, all grids together
};

/// Steady flow around the car above a road that moves with the air, begun on a grid of half the
/// resolution. The same bits in every run on one machine.
///
/// \param reynolds  of the car's length
/// \throws std::domain_error where the silhouette is impossible.
/// \throws Unsettled where drag does not settle.
CarFlowResult car_flow(const CarBody& car, double reynolds, const CarFlowOptions& options = {});

}  // namespace sonde_simulator
