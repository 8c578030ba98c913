// An oracle of one's own: anything that answers a query, and may fail to.
//
// Here a small solver with two outputs that does not converge everywhere. A failure is an answer
// like any other: it is recorded, and the campaign goes around it.
#include <algorithm>
#include <cmath>
#include <iostream>
#include <numbers>

#include "sonde/sonde.hpp"

namespace {

using namespace sonde;

/// A pendulum with friction under a steady torque, from rest to where it stays.
struct Pendulum {
  double torque, friction;
  double angle = 0.0, speed = 0.0, seconds = 0.0;

  /// One step of semi-implicit Euler.
  void step(double dt) {
    speed += dt * (torque - std::sin(angle) - friction * speed);
    angle += dt * speed;
    seconds += dt;
  }
  bool at_rest() const {
    return std::abs(speed) < 1e-9 && std::abs(torque - std::sin(angle)) < 1e-9;
  }
};

Answer swing(const Query& query) {
  Pendulum pendulum{.torque = query.x[0], .friction = query.x[1]};
  double widest = 0.0;
  while (!pendulum.at_rest()) {
    pendulum.step(1e-3);
    widest = std::max(widest, pendulum.angle);
    if (widest > 2.0 * std::numbers::pi)  // it went over the top and will turn for ever
      return {.status = Answer::Status::Failed,
              .message = concat("no rest: turning after ", pendulum.seconds, " s"),
              .kind = "diverged"};
  }
  return {.status = Answer::Status::Ok, .y = Vector{{pendulum.angle, widest}}};
}

}  // namespace

int main() {
  const Domain domain(
      {Parameter::linear("torque", 0.0, 1.1), Parameter::linear("friction", 0.2, 1.0)});
  const Oracle pendulum({{"rest", "rad"}, {"widest", "rad"}}, swing);

  Campaign campaign(domain, pendulum.outputs(), criteria::automatic(), {}, /*seed=*/1);
  const auto say_failures = [&](std::span<const Event> events) {
    for (const Event& event : events) {
      const auto* answered = std::get_if<Answered>(&event);
      if (!answered || answered->answer.status == Answer::Status::Ok) continue;
      const Query& query = campaign.queries()[static_cast<std::size_t>(answered->id)];
      std::cout << "torque " << query.x[0] << ", friction " << query.x[1] << ": "
                << answered->answer.message << '\n';
    }
  };
  run(campaign, pendulum, after_queries(40), {.workers = 2, .batch = 4}, say_failures);

  std::cout << campaign.data().size() << " answers, " << campaign.failed().size() << " failures\n";
  const Vector x{{0.5, 0.4}};
  const Answer truth = pendulum.ask({.x = x});
  for (const Output& output : campaign.outputs()) {
    const LocalMarginal p = campaign.surrogate()[output.name].predict_at(x);
    std::cout << output.name << ": " << p.mean << " +- " << std::sqrt(p.variance) << ' '
              << output.unit << '\n';
  }
  std::cout << "the solver: " << truth.y.transpose() << '\n';
}
