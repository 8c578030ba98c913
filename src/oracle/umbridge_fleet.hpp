#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <vector>

#include "http/client.hpp"
#include "sonde/base/types.hpp"

namespace sonde {

/// Lengths of a model's vectors.
struct UmbridgeSizes {
  std::vector<Index> inputs;
  std::vector<Index> outputs;
};

/// Servers that are asked, a limited number of questions at a time each. For several threads.
class UmbridgeFleet {
 public:
  struct Member {
    http::Url url;
    int limit;
  };
  explicit UmbridgeFleet(const std::vector<Member>& members);

  /// A place at a server, with a connection; given back when it goes away.
  class Lease {
   public:
    Lease(UmbridgeFleet& fleet, std::size_t server, std::unique_ptr<http::Client> client)
        : fleet_(&fleet), server_(server), client_(std::move(client)) {}
    Lease(Lease&& other) noexcept
        : fleet_(std::exchange(other.fleet_, nullptr)),
          server_(other.server_),
          client_(std::move(other.client_)) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease();

    std::size_t server() const noexcept { return server_; }
    http::Client& client() const noexcept { return *client_; }

   private:
    UmbridgeFleet* fleet_;
    std::size_t server_;
    std::unique_ptr<http::Client> client_;
  };

  /// At the server with the smallest share of its places taken, of those that answered last time
  /// they were asked, not among `tried` where there are others. Waits while all of them are busy.
  /// Nothing: stop was requested.
  std::optional<Lease> take(const std::set<std::size_t>& tried, const std::stop_token& stop);

  void was_reached(std::size_t server);
  /// Or refused. It is passed over for a while: a second, twice as long each time up to a minute.
  void was_not_reached(std::size_t server);

  std::optional<UmbridgeSizes> sizes(std::size_t server) const;
  void learn_sizes(std::size_t server, UmbridgeSizes sizes);

  std::size_t size() const noexcept { return servers_.size(); }
  const http::Url& url(std::size_t server) const { return servers_[server].member.url; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Server {
    Member member;
    int taken = 0;
    int failures = 0;  // to reach it, in a row
    Clock::time_point rests_until{};
    std::vector<std::unique_ptr<http::Client>> idle{};
    std::optional<UmbridgeSizes> sizes{};
  };
  std::optional<std::size_t> best(const std::set<std::size_t>& tried) const;
  void give_back(std::size_t server, std::unique_ptr<http::Client> client);

  mutable std::mutex mutex_;
  std::condition_variable_any free_;
  std::vector<Server> servers_;
};

}  // namespace sonde
