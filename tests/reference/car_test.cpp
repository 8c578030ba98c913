#include <algorithm>
#include <array>
#include <cmath>
#include <random>
#include <vector>

#include "car_flow.hpp"
#include "cylinder_flow.hpp"
#include "support/catch.hpp"

using namespace sonde_simulator;

namespace {

// Exact to more digits than the tolerances need: Nabh (1998), for benchmark 2D-1.
constexpr double cylinder_drag = 5.57953523384, cylinder_lift = 0.010618948146;

CarFlowResult quick_flow(const CarBody& car) {
  CarFlowOptions coarse;
  coarse.cells = 40;
  return car_flow(car, 100, coarse);
}

// Largest distance of the values, taken at equal steps, from the parabola that fits them best.
double off_parabola(const std::vector<double>& y) {
  const int n = static_cast<int>(y.size());
  const auto count = static_cast<double>(n);
  double mean = 0, second_mean = 0;
  for (int i = 0; i < n; ++i) second_mean += std::pow(i - (n - 1) / 2.0, 2) / count;
  for (const double value : y) mean += value / count;
  double slope = 0, bend = 0, first_norm = 0, second_norm = 0;
  for (int i = 0; i < n; ++i) {
    const double t = i - (n - 1) / 2.0, p = t * t - second_mean;
    slope += t * y[static_cast<std::size_t>(i)];
    bend += p * y[static_cast<std::size_t>(i)];
    first_norm += t * t;
    second_norm += p * p;
  }
  double largest = 0;
  for (int i = 0; i < n; ++i) {
    const double t = i - (n - 1) / 2.0, p = t * t - second_mean;
    const double fitted = mean + slope / first_norm * t + bend / second_norm * p;
    largest = std::max(largest, std::abs(y[static_cast<std::size_t>(i)] - fitted));
  }
  return largest;
}

}  // namespace

TEST_CASE("the cylinder in a channel has the published drag and lift", "[car]") {
  const CylinderResult coarse = cylinder_flow(10, 0.1);
  CHECK(coarse.drag_coefficient == Approx(cylinder_drag).epsilon(0.01));
  CHECK(coarse.lift_coefficient == Approx(cylinder_lift).epsilon(0.25));

  const CylinderResult fine = cylinder_flow(20, 0.15);
  CHECK(fine.drag_coefficient == Approx(cylinder_drag).epsilon(0.002));
  CHECK(fine.lift_coefficient > 0.0104);
  CHECK(fine.lift_coefficient < 0.0110);

  // Of second order at least: half the cell, a quarter of the error.
  CHECK(std::abs(fine.drag_coefficient - cylinder_drag) <
        std::abs(coarse.drag_coefficient - cylinder_drag) / 4);
}

TEST_CASE("drag does not depend on how fast sound is", "[car]") {
  // The speed in cells a step is the Mach number times 0.577; only errors of its square remain.
  CHECK(cylinder_flow(10, 0.15).drag_coefficient ==
        Approx(cylinder_flow(10, 0.075).drag_coefficient).epsilon(1e-3));
}

TEST_CASE("drag and lift are smooth where the roof passes between nodes", "[car]") {
  // Over 5 cm the roof crosses half a cell of this grid. Where surfaces moved by whole cells, drag
  // would move in steps of 0.13 m.
  std::vector<double> drag, lift;
  for (int k = 0; k < 9; ++k) {
    CarBody car;
    car.cabin_height = 1.1 + 0.05 * k / 8;
    const CarFlowResult flow = quick_flow(car);
    drag.push_back(flow.drag);
    lift.push_back(flow.lift);
  }
  CHECK(off_parabola(drag) < 0.01);
  CHECK(off_parabola(lift) < 0.01);
}

TEST_CASE("a body that passes between two nodes leaves the flow around it whole", "[car]") {
  // The floor's lowest point touches row 3 of this grid between two nodes.
  CarBody touching, above;
  touching.ground_clearance = 0.35;
  above.ground_clearance = 0.351;
  CHECK(quick_flow(touching).drag == Approx(quick_flow(above).drag).epsilon(0.002));
}

TEST_CASE("the same car has the same drag to the last bit", "[car]") {
  const CarFlowResult once = quick_flow({}), again = quick_flow({});
  CHECK(once.drag == again.drag);
  CHECK(once.lift == again.lift);
  CHECK(once.residual < 1e-5);
}

TEST_CASE("a flow that has not settled is no result", "[car]") {
  CarFlowOptions short_run;
  short_run.cells = 40;
  short_run.max_flow_throughs = 1;
  CHECK_THROWS_AS(car_flow({}, 100, short_run), Unsettled);
}

TEST_CASE("a silhouette that cannot be is refused with its reason", "[car]") {
  const auto refusal = [](const CarBody& car) -> std::string {
    try {
      silhouette(car);
    } catch (const std::domain_error& why) {
      return why.what();
    }
    return "";
  };
  CarBody no_roof, blunt, flat, low;
  no_roof.windscreen_angle = 15;
  blunt.nose_radius = 0.35;
  flat.cabin_height = 0.9;
  flat.bonnet_height = 0.5;
  low.ground_clearance = 0.2;
  low.incidence = 2;
  CHECK(refusal({}).empty());
  CHECK(refusal(no_roof).find("roof") != std::string::npos);
  CHECK(refusal(blunt).find("nose radius") != std::string::npos);
  CHECK(refusal(flat).find("boot") != std::string::npos);
  CHECK(refusal(low).find("above the road") != std::string::npos);
}

TEST_CASE("whatever the constraints admit has a silhouette", "[car]") {
  std::mt19937_64 bits(1);
  const auto between = [&](double a, double b) {
    return a + (b - a) * static_cast<double>(bits() >> 11) * 0x1p-53;
  };
  int drawn = 0;
  while (drawn < 500) {
    CarBody car;
    car.bonnet_length = between(0.8, 1.4);
    car.bonnet_height = between(0.45, 0.75);
    car.cabin_height = between(1.0, 1.4);
    car.boot_length = between(0.45, 1.1);
    car.boot_height = car.bonnet_height + 0.1;
    car.windscreen_angle = between(25, 60);
    car.rear_window_angle = between(20, 70);
    car.nose_radius = between(0.15, 0.3);
    if (car.roof_length() < 0.6 || car.nose_radius > 0.4 * car.bonnet_height ||
        car.cabin_height < car.bonnet_height + 0.4)
      continue;
    ++drawn;
    CHECK_NOTHROW(silhouette(car));
  }
}
