// Distance of the end of a robot arm of four segments from its shoulder.
//
// An and Owen (2001), Quasi-regression, Journal of Complexity 17(4).
//
//   u = sum_i Li cos(theta1 + ... + thetai),  v = sum_i Li sin(theta1 + ... + thetai)
//   distance = sqrt(u^2 + v^2)
//
// Angles in rad in [0, 2 pi], lengths without unit in [0, 1].
#include <cmath>
#include <numbers>

#include "protocol.hpp"

namespace {

std::vector<double> robot_arm(std::span<const double> x) {
  double angle = 0.0, u = 0.0, v = 0.0;
  for (std::size_t i = 0; i < 4; ++i) {
    angle += x[i];
    u += x[4 + i] * std::cos(angle);
    v += x[4 + i] * std::sin(angle);
  }
  return {std::hypot(u, v)};
}

}  // namespace

int main(int argc, char** argv) {
  constexpr double turn = 2.0 * std::numbers::pi;
  return sonde_simulator::serve(
      argc, argv,
      {.name = "robot_arm",
       .version = "1.0",
       .source = "An and Owen (2001), Journal of Complexity 17(4)",
       .inputs = {{"theta1", "rad", 0.0, turn, "angle of segment 1 to the ground"},
                  {"theta2", "rad", 0.0, turn, "angle of segment 2 to segment 1"},
                  {"theta3", "rad", 0.0, turn, "angle of segment 3 to segment 2"},
                  {"theta4", "rad", 0.0, turn, "angle of segment 4 to segment 3"},
                  {"L1", "1", 0.0, 1.0, "length of segment 1"},
                  {"L2", "1", 0.0, 1.0, "length of segment 2"},
                  {"L3", "1", 0.0, 1.0, "length of segment 3"},
                  {"L4", "1", 0.0, 1.0, "length of segment 4"}},
       .outputs = {{"distance", "1", "from the shoulder to the end"}},
       .evaluate = robot_arm});
}
