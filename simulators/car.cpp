#include <cmath>
#include <cstdio>
#include <stdexcept>

#include "car_flow.hpp"
#include "protocol.hpp"

namespace {

std::vector<double> car(std::span<const double> x) {
  sonde_simulator::CarBody body;
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
  const double reynolds = x[9];
  try {
    const sonde_simulator::CarFlowResult flow = sonde_simulator::car_flow(body, reynolds);
    std::fprintf(stderr,
                 "car: grid %d x %d, %ld fluid cells, %ld steps, residual %.2g, %.0f million cell "
                 "updates a second\n",
                 flow.columns, flow.rows, flow.fluid_nodes, flow.steps, flow.residual,
                 flow.mega_updates);
    return {flow.drag, flow.lift};
  } catch (const std::domain_error& impossible) {
    throw sonde_simulator::Failure(impossible.what());
  } catch (const sonde_simulator::Unsettled& unsettled) {
    throw sonde_simulator::Failure(unsettled.what());
  }
}

}  // namespace

int main(int argc, char** argv) {
  return sonde_simulator::serve(
      argc, argv,
      {.name = "car",
       .version = "1.0",
       .source = "Ginzburg, Verhaeghe and d'Humieres (2008), Comm. Comput. Phys. 3(2)",
       .inputs = {{"bonnet_length", "m", 0.8, 1.4, "nose to foot of the windscreen"},
                  {"bonnet_height", "m", 0.45, 0.75, "floor to foot of the windscreen"},
                  {"cabin_height", "m", 1.0, 1.4, "floor to roof"},
                  {"boot_length", "m", 0.45, 1.1, "foot of the rear window to tail"},
                  {"windscreen_angle", "deg", 25, 60, "from the horizontal"},
                  {"rear_window_angle", "deg", 20, 70, "from the horizontal"},
                  {"nose_radius", "m", 0.15, 0.3, "of both front corners"},
                  {"ground_clearance", "m", 0.2, 0.5, "road to floor, in the middle"},
                  {"incidence", "deg", -2, 2, "nose up"},
                  {"reynolds", "1", 50, 200, "of the length of 4 m"}},
       .outputs = {{"drag", "m", "force a metre of width, by dynamic pressure"},
                   {"lift", "m", "force upwards a metre of width, by dynamic pressure"}},
       .evaluate = car});
}
