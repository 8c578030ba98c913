#include "car_flow.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <deque>
#include <memory>

#include "lattice_boltzmann.hpp"

namespace sonde_simulator {

namespace {

// The tunnel, in lengths of the body.
constexpr double upstream = 1.5;  // from the inlet to the body's middle
constexpr double long_side = 4.4, high_side = 1.9;

// Inlet and ceiling are screens: the pressure on them is this many times density * speed of the car
// * velocity through them beyond the undisturbed one. At the usual speed it is close to what
// swallows sound.
constexpr double resistance = 4;

using Flow = LatticeBoltzmann<float>;

Tunnel tunnel_for(int cells, double speed, double reynolds) {
  const auto wind = [speed](double) { return Point{speed, 0}; };
  Tunnel tunnel;
  tunnel.columns = static_cast<int>(std::lround(long_side * cells));
  tunnel.rows = static_cast<int>(std::lround(high_side * cells));
  tunnel.viscosity = speed * cells / reynolds;
  const double impedance = resistance * speed;
  tunnel.left = {SideKind::FarField, wind, impedance};
  tunnel.top = {SideKind::FarField, wind, impedance};
  tunnel.right = {SideKind::Outlet, wind};
  tunnel.bottom = {SideKind::Wall, wind};
  return tunnel;
}

struct Settled {
  long steps = 0;
  double residual = 1;
  bool reached = false;
};

// Advances until every drag seen in the last flow-through is within `tolerance` of the latest.
Settled settle(Flow& flow, double speed, double tolerance, int max_flow_throughs) {
  const int looks = 16;
  const int interval = static_cast<int>(flow.tunnel().columns / speed / looks) + 1;
  std::deque<double> drags;
  Settled settled;
  for (int look = 1; look <= looks * max_flow_throughs && !settled.reached; ++look) {
    flow.advance(interval);
    settled.steps += interval;
    const double drag = flow.force().x;
    if (!std::isfinite(drag)) throw Unsettled("car: the populations are no longer finite");
    drags.push_back(drag);
    if (static_cast<int>(drags.size()) <= looks) continue;
    settled.residual = 0;
    for (const double earlier : drags)
      settled.residual = std::max(settled.residual, std::abs(drag - earlier) / std::abs(drag));
    settled.reached = settled.residual < tolerance;
    drags.pop_front();
  }
  return settled;
}

// The flow on this grid, begun from that on a coarser one where there is one.
std::unique_ptr<Flow> flow_on(int cells, const Outline& body, double reynolds, double speed,
                              const Flow* coarse) {
  const Point place = {upstream * cells - 0.5, -0.5};
  auto flow = std::make_unique<Flow>(tunnel_for(cells, speed, reynolds),
                                     body.scaled(cells / CarBody::length).moved(place));
  // Half as many cells a metre: node k lies at k/2 - 1/4 of the coarser grid.
  flow->start([&](double column, double row) {
    if (coarse != nullptr) return coarse->at(column / 2 - 0.25, row / 2 - 0.25);
    return FlowState{0, {speed, 0}};
  });
  return flow;
}

}  // namespace

CarFlowResult car_flow(const CarBody& car, double reynolds, const CarFlowOptions& options) {
  const Outline body = silhouette(car);
  const std::clock_t begin = std::clock();
  const auto coarse = flow_on(options.cells / 2, body, reynolds, options.speed, nullptr);
  const Settled started = settle(*coarse, options.speed, 1e-4, 4);
  const auto flow = flow_on(options.cells, body, reynolds, options.speed, coarse.get());
  const Settled settled = settle(*flow, options.speed, options.settled, options.max_flow_throughs);
  if (!settled.reached) {
    char text[160];
    std::snprintf(text, sizeof text,
                  "car: drag still changes by %.2g of itself over a flow-through, after %d of them",
                  settled.residual, options.max_flow_throughs);
    throw Unsettled(text);
  }
  const double seconds = double(std::clock() - begin) / CLOCKS_PER_SEC;
  const double updates = double(coarse->fluid_nodes()) * double(started.steps) +
                         double(flow->fluid_nodes()) * double(settled.steps);
  const double scale = 2 / (options.speed * options.speed) * CarBody::length / options.cells;
  const Point force = flow->force();
  return {force.x * scale,     force.y * scale, flow->tunnel().columns, flow->tunnel().rows,
          flow->fluid_nodes(), settled.steps,   settled.residual,       updates / seconds * 1e-6};
}

}  // namespace sonde_simulator
