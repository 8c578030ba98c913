#pragma once

namespace sonde_simulator {

/// Forces on the cylinder of benchmark 2D-1, and how they were reached.
struct CylinderResult {
  double drag_coefficient, lift_coefficient;
  long steps;
  double residual;      ///< relative change of drag over the last flow-through
  double mega_updates;  ///< of cells, a second
};

/// Benchmark 2D-1: steady flow at Reynolds number 20 around a cylinder of diameter 0.1 at (0.2,
/// 0.2) in a channel 2.2 x 0.41 with parabolic inflow. Drag coefficient 5.57 to 5.59, lift 0.0104
/// to 0.0110.
///
/// \param cells  across the diameter  \param speed  mean inflow, cells a step
/// \throws std::runtime_error where drag has not settled within 400 diameters of mean travel.
/// \see Schaefer and Turek (1996), Benchmark computations of laminar flow around a cylinder, table
/// 3
CylinderResult cylinder_flow(int cells, double speed);

}  // namespace sonde_simulator
