// How good the flow solver `car` is, by numbers that come out the same in every run.
//
//     car_accuracy grid [CELLS]      drag on finer grids at five random designs
//     car_accuracy smooth [CELLS]    distance of drag and lift from a parabola along short lines
//     car_accuracy stop [CELLS]      what a stop ten times stricter would change
//     car_accuracy robust [COUNT]    random designs and the corners of the box that are admissible
//     car_accuracy cylinder          benchmark 2D-1 and the order of convergence
//
// CELLS along the body instead of the solver's own grid. Results are in m, differences in % of
// drag.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "car_flow.hpp"
#include "cylinder_flow.hpp"

using namespace sonde_simulator;

namespace {

constexpr int inputs = 10;
using Design = std::array<double, inputs>;

constexpr std::array<const char*, inputs> names = {
    "bonnet_length",     "bonnet_height", "cabin_height",     "boot_length", "windscreen_angle",
    "rear_window_angle", "nose_radius",   "ground_clearance", "incidence",   "reynolds"};
constexpr Design lowest = {0.8, 0.45, 1.0, 0.45, 25, 20, 0.15, 0.2, -2, 50};
constexpr Design highest = {1.4, 0.75, 1.4, 1.1, 60, 70, 0.3, 0.5, 2, 200};

CarBody body_of(const Design& x) {
  CarBody body;
  body.bonnet_length = x[0];
  body.bonnet_height = x[1];
  body.cabin_height = x[2];
  body.boot_length = x[3];
  body.boot_height = body.bonnet_height + 0.1;
  body.windscreen_angle = x[4];
  body.rear_window_angle = x[5];
  body.nose_radius = x[6];
  body.ground_clearance = x[7];
  body.incidence = x[8];
  return body;
}

bool admissible(const Design& x) {
  try {
    silhouette(body_of(x));
    return true;
  } catch (const std::domain_error&) {
    return false;
  }
}

CarFlowResult solve(const Design& x, const CarFlowOptions& options) {
  return car_flow(body_of(x), x[9], options);
}

double share(std::mt19937_64& bits) {
  return static_cast<double>(bits() >> 11) * 0x1p-53;
}

Design draw(std::mt19937_64& bits) {
  Design x;
  do
    for (std::size_t k = 0; k < inputs; ++k)
      x[k] = lowest[k] + (highest[k] - lowest[k]) * share(bits);
  while (!admissible(x));
  return x;
}

void print(const Design& x) {
  for (std::size_t k = 0; k < inputs; ++k) std::printf(" %s %.3g", names[k], x[k]);
  std::printf("\n");
}

double since(std::clock_t begin) {
  return double(std::clock() - begin) / CLOCKS_PER_SEC;
}

void grid(CarFlowOptions options) {
  const int cells = options.cells;
  std::mt19937_64 bits(7);
  for (int design = 1; design <= 5; ++design) {
    const Design x = draw(bits);
    std::printf("design %d:", design);
    print(x);
    double drag = 0, lift = 0;
    for (const double finer : {1.0, 1.25, 1.5, 2.0}) {
      options.cells = 2 * static_cast<int>(std::lround(finer * cells / 2));
      const std::clock_t begin = std::clock();
      const CarFlowResult flow = solve(x, options);
      if (drag == 0) drag = flow.drag, lift = flow.lift;
      std::printf(
          "  cells %3d  drag %.5f  lift %.5f  off by %6.2f %% %6.2f %%  %6ld steps  residual %.1e  "
          "%5.1f s  %.0f MLUPS\n",
          options.cells, flow.drag, flow.lift, 100 * (drag / flow.drag - 1),
          100 * (lift - flow.lift) / flow.drag, flow.steps, flow.residual, since(begin),
          flow.mega_updates);
      std::fflush(stdout);
    }
  }
}

// Root mean square distance of 9 values, taken at equal steps, from the parabola nearest to them.
double off_parabola(const std::vector<double>& y) {
  double norm0 = 0, norm1 = 0, norm2 = 0, sum0 = 0, sum1 = 0, sum2 = 0, left = 0;
  const double middle = double(y.size() - 1) / 2;
  double second = 0;
  for (std::size_t i = 0; i < y.size(); ++i)
    second += std::pow(double(i) - middle, 2) / double(y.size());
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double t = double(i) - middle, p = t * t - second;
    norm0 += 1, norm1 += t * t, norm2 += p * p;
    sum0 += y[i], sum1 += t * y[i], sum2 += p * y[i];
  }
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double t = double(i) - middle, p = t * t - second;
    left += std::pow(y[i] - sum0 / norm0 - t * sum1 / norm1 - p * sum2 / norm2, 2);
  }
  return std::sqrt(left / double(y.size()));
}

// Residuals along a line of 9 designs about x, `step` of the box apart in one input.
void line(const Design& x, std::size_t input, double step, const CarFlowOptions& options) {
  std::vector<double> drag, lift;
  for (int k = -4; k <= 4; ++k) {
    Design moved = x;
    moved[input] += step * k * (highest[input] - lowest[input]);
    const CarFlowResult flow = solve(moved, options);
    drag.push_back(flow.drag);
    lift.push_back(flow.lift);
  }
  const auto [least, most] = std::minmax_element(drag.begin(), drag.end());
  std::printf("  %-18s step %.0e  drag %.2e  lift %.2e  drag's range %.1e\n", names[input], step,
              off_parabola(drag) / drag[4], off_parabola(lift) / drag[4],
              (*most - *least) / drag[4]);
  std::fflush(stdout);
}

void smooth(const CarFlowOptions& options) {
  std::mt19937_64 bits(11);
  for (int design = 1; design <= 2; ++design) {
    Design x = draw(bits);
    std::printf("design %d:", design);
    print(x);
    for (std::size_t input = 0; input < inputs; ++input)
      for (const double step : {1e-3, 1e-2}) {
        Design low = x, high = x;
        low[input] -= 4 * step * (highest[input] - lowest[input]);
        high[input] += 4 * step * (highest[input] - lowest[input]);
        if (admissible(low) && admissible(high)) line(x, input, step, options);
      }
  }
}

void stop(CarFlowOptions options) {
  const double usual = options.settled;
  std::mt19937_64 bits(7);
  for (int design = 1; design <= 5; ++design) {
    const Design x = draw(bits);
    double drag = 0, lift = 0;
    for (const double stricter : {10.0, 1.0}) {
      options.settled = usual / stricter;
      const CarFlowResult flow = solve(x, options);
      if (drag == 0) drag = flow.drag, lift = flow.lift;
      std::printf("design %d  stop %.0e  %6ld steps  drag off by %.1e  lift by %.1e of drag\n",
                  design, options.settled, flow.steps, flow.drag / drag - 1,
                  (flow.lift - lift) / drag);
      std::fflush(stdout);
    }
  }
}

struct Tally {
  int settled = 0, failed = 0;
  long most_steps = 0;
  double seconds = 0, longest = 0;
};

void attempt(const Design& x, Tally& tally) {
  const std::clock_t begin = std::clock();
  try {
    const CarFlowResult flow = solve(x, {});
    ++tally.settled;
    tally.most_steps = std::max(tally.most_steps, flow.steps);
  } catch (const Unsettled& why) {
    ++tally.failed;
    std::printf("%s\n ", why.what());
    print(x);
  }
  tally.seconds += since(begin);
  tally.longest = std::max(tally.longest, since(begin));
}

void report(const char* what, const Tally& tally) {
  std::printf("%s: %d settled, %d did not; at most %ld steps, %.1f s (mean %.1f s)\n", what,
              tally.settled, tally.failed, tally.most_steps, tally.longest,
              tally.seconds / std::max(1, tally.settled + tally.failed));
  std::fflush(stdout);
}

void robust(int count) {
  Tally random, corners;
  std::mt19937_64 bits(13);
  for (int k = 0; k < count; ++k) attempt(draw(bits), random);
  report("random designs", random);
  std::vector<Design> admitted;
  for (unsigned corner = 0; corner < 1U << inputs; ++corner) {
    Design x;
    for (std::size_t k = 0; k < inputs; ++k)
      x[k] = (corner >> k & 1U) != 0 ? highest[k] : lowest[k];
    if (admissible(x)) admitted.push_back(x);
  }
  std::shuffle(admitted.begin(), admitted.end(), bits);
  std::printf("%zu of %u corners are admissible\n", admitted.size(), 1U << inputs);
  for (std::size_t k = 0; k < admitted.size() && k < static_cast<std::size_t>(count); ++k)
    attempt(admitted[k], corners);
  report("corners", corners);
}

void cylinder() {
  const double drag = 5.57953523384, lift = 0.010618948146;  // Nabh (1998)
  double before = 0;
  for (const int cells : {10, 20, 40}) {
    const CylinderResult flow = cylinder_flow(cells, 0.1);
    const double off = flow.drag_coefficient / drag - 1;
    std::printf("cells %2d  drag off by %8.4f %%  lift by %8.4f %%  %ld steps  %.0f MLUPS", cells,
                100 * off, 100 * (flow.lift_coefficient / lift - 1), flow.steps, flow.mega_updates);
    if (before != 0) std::printf("  order %.2f", std::log2(std::abs(before / off)));
    std::printf("\n");
    std::fflush(stdout);
    before = off;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  const int number = argc > 2 ? std::atoi(argv[2]) : 0;
  CarFlowOptions options;
  if (number > 0) options.cells = number;
  if (what == "grid") {
    grid(options);
  } else if (what == "smooth") {
    smooth(options);
  } else if (what == "stop") {
    stop(options);
  } else if (what == "robust") {
    robust(number > 0 ? number : 100);
  } else if (what == "cylinder") {
    cylinder();
  } else {
    std::fprintf(stderr, "car_accuracy: expected grid, smooth, stop, robust or cylinder\n");
    return 2;
  }
}
