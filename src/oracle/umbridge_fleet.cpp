#include "oracle/umbridge_fleet.hpp"

#include <algorithm>

namespace sonde {

UmbridgeFleet::UmbridgeFleet(const std::vector<Member>& members) {
  servers_.reserve(members.size());
  for (const Member& member : members) servers_.push_back({.member = member});
}

UmbridgeFleet::Lease::~Lease() {
  if (fleet_) fleet_->give_back(server_, std::move(client_));
}

void UmbridgeFleet::give_back(std::size_t server, std::unique_ptr<http::Client> client) {
  {
    const std::lock_guard lock(mutex_);
    servers_[server].idle.push_back(std::move(client));
    --servers_[server].taken;
  }
  free_.notify_all();
}

// Nothing where it is better to wait: those that would be asked are busy.
std::optional<std::size_t> UmbridgeFleet::best(const std::set<std::size_t>& tried) const {
  const Clock::time_point now = Clock::now();
  const bool all_tried = tried.size() >= servers_.size();
  std::optional<std::size_t> found;
  std::tuple<bool, double> least{true, 2.0};  // rests, share
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    if (!all_tried && tried.contains(i)) continue;
    const Server& server = servers_[i];
    const std::tuple<bool, double> now_is{server.rests_until > now,
                                          static_cast<double>(server.taken) / server.member.limit};
    if (now_is >= least) continue;
    least = now_is;
    found = i;
  }
  // The least of those awake is full: wait for it rather than wake another one.
  if (found && servers_[*found].taken >= servers_[*found].member.limit) return std::nullopt;
  return found;
}

std::optional<UmbridgeFleet::Lease> UmbridgeFleet::take(const std::set<std::size_t>& tried,
                                                        const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  std::optional<std::size_t> server;
  // Those at rest wake up without a word: hence a look every now and then.
  while (!(server = best(tried))) {
    if (stop.stop_requested()) return std::nullopt;
    free_.wait_for(lock, stop, std::chrono::milliseconds(500),
                   [&] { return best(tried).has_value(); });
  }
  if (stop.stop_requested()) return std::nullopt;
  Server& chosen = servers_[*server];
  std::unique_ptr<http::Client> client;
  if (chosen.idle.empty()) {
    client = std::make_unique<http::Client>(chosen.member.url);
  } else {
    client = std::move(chosen.idle.back());
    chosen.idle.pop_back();
  }
  ++chosen.taken;
  return Lease(*this, *server, std::move(client));
}

void UmbridgeFleet::was_reached(std::size_t server) {
  const std::lock_guard lock(mutex_);
  servers_[server].failures = 0;
  servers_[server].rests_until = {};
}

void UmbridgeFleet::was_not_reached(std::size_t server) {
  const std::lock_guard lock(mutex_);
  Server& one = servers_[server];
  const int seconds = std::min(60, 1 << std::min(one.failures, 6));
  ++one.failures;
  one.rests_until = Clock::now() + std::chrono::seconds(seconds);
}

std::optional<UmbridgeSizes> UmbridgeFleet::sizes(std::size_t server) const {
  const std::lock_guard lock(mutex_);
  return servers_[server].sizes;
}

void UmbridgeFleet::learn_sizes(std::size_t server, UmbridgeSizes sizes) {
  const std::lock_guard lock(mutex_);
  servers_[server].sizes = std::move(sizes);
}

}  // namespace sonde
