#include "cylinder_flow.hpp"

#include <chrono>
#include <cmath>
#include <stdexcept>

#include "lattice_boltzmann.hpp"

namespace sonde_simulator {

CylinderResult cylinder_flow(int cells, double speed) {
  const double per_metre = cells / 0.1;
  const double height = 0.41 * per_metre;
  // Nodes lie half a cell inside the walls; the channel's length is rounded to whole cells.
  Tunnel tunnel;
  tunnel.columns = static_cast<int>(std::lround(2.2 * per_metre));
  tunnel.rows = static_cast<int>(std::lround(height));
  tunnel.viscosity = speed * cells / 20;
  const auto parabola = [=](double row) {
    const double y = row + 0.5;
    return Point{6 * speed * y * (height - y) / (height * height), 0};
  };
  tunnel.left = {SideKind::Wall, parabola};
  tunnel.right = {SideKind::FarField, parabola};
  const Outline body = circle({0.2 * per_metre - 0.5, 0.2 * per_metre - 0.5}, cells / 2.0);
  LatticeBoltzmann<double> flow(tunnel, body);
  flow.start([&](double, double row) { return FlowState{0, parabola(row)}; });

  const int window = static_cast<int>(2.2 * per_metre / speed);
  const auto begin = std::chrono::steady_clock::now();
  double last = 0;
  for (long steps = window; steps < 20L * window; steps += window) {
    flow.advance(window);
    const Point force = flow.force();
    const double scale = 2 / (speed * speed * cells);
    const double residual = std::abs(force.x - last) / std::abs(force.x);
    if (!std::isfinite(force.x)) throw std::runtime_error("cylinder: populations are not finite");
    if (residual < 1e-6) {
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
      return {force.x * scale, force.y * scale, steps, residual,
              double(flow.fluid_nodes()) * double(steps) / seconds.count() * 1e-6};
    }
    last = force.x;
  }
  throw std::runtime_error("cylinder: drag has not settled within 20 flow-throughs");
}

}  // namespace sonde_simulator
