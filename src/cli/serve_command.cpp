#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cli/campaign_folder.hpp"
#include "cli/exit_status.hpp"
#include "cli/models.hpp"
#include "cli/subcommands.hpp"
#include "http/server.hpp"
#include "serve/protocol.hpp"

namespace sonde::cli {
namespace {

using Clock = std::chrono::steady_clock;
using Models = std::vector<serve::Model>;

struct ServeChoices {
  Target target;
  int port = 4242;
  std::string host = "127.0.0.1";
  int threads = 0;
};

// All that the signal handler may touch.
volatile std::sig_atomic_t ending = 0;

// The second one is no longer ours: it ends the program there and then.
extern "C" void end_serving(int) {
  ending = 1;
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

// What is offered now; replaced as a whole while others read it.
class Offer {
 public:
  std::shared_ptr<const Models> now() const {
    const std::lock_guard lock(mutex_);
    return models_;
  }
  void replace(Models models) {
    auto next = std::make_shared<const Models>(std::move(models));
    const std::lock_guard lock(mutex_);
    models_.swap(next);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Models> models_;
};

// The surrogate of the campaign as its journal has it; looked at without a lock.
class Source {
 public:
  Source(CampaignFolder folder, int threads) : folder_(std::move(folder)), threads_(threads) {}

  Models models() {
    size_ = std::filesystem::file_size(folder_.journal());
    OpenCampaign open = read_campaign(folder_, threads_);
    const Surrogate surrogate = answering(open);
    runs_ = surrogate.size();
    return serve::surrogate_models(surrogate);
  }

  Index runs() const noexcept { return runs_; }
  bool has_grown() const {
    std::error_code absent;
    const auto size = std::filesystem::file_size(folder_.journal(), absent);
    return !absent && size != size_;
  }

 private:
  CampaignFolder folder_;
  int threads_;
  std::uintmax_t size_ = 0;
  Index runs_ = 0;
};

std::string names_of(const Models& models) {
  std::string names;
  for (const serve::Model& model : models) names += (names.empty() ? "" : ", ") + model.name();
  return names;
}

// Once a second at most, and in at most a tenth of the time.
void follow(Source& source, Offer& offer) {
  Clock::time_point next = Clock::now() + std::chrono::seconds(1);
  while (ending == 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    const Clock::time_point begun = Clock::now();
    if (begun < next) continue;
    next = begun + std::chrono::seconds(1);
    if (!source.has_grown()) continue;
    try {
      const Index before = source.runs();
      offer.replace(source.models());  // runs may have been corrected, a model promoted
      if (source.runs() != before) std::fprintf(stderr, "now of %td runs\n", source.runs());
    } catch (const std::exception& failure) {
      std::fprintf(stderr, "sonde: the campaign cannot be read now, the last surrogate stays: %s\n",
                   failure.what());
    }
    const Clock::time_point done = Clock::now();
    next = std::max(next, done + 9 * (done - begun));
  }
}

http::Server listening(const ServeChoices& choices, const Offer& offer) {
  try {
    return http::Server({.host = choices.host, .port = static_cast<std::uint16_t>(choices.port)},
                        [&offer](const http::Request& request) {
                          return serve::umbridge_response(*offer.now(), request);
                        });
  } catch (const http::HttpError& failure) {
    throw UsageError(std::string("serve: ") + failure.what() + ". Choose another --port or --host");
  }
}

void announce(const ServeChoices& choices, const http::Server& server, const Source& source,
              const Models& models) {
  const http::Url url{.host = choices.host, .port = server.port()};
  std::printf("%s\n", url.text().c_str());
  std::fflush(stdout);
  std::fprintf(stderr, "UM-Bridge 1.0: %s, of %td runs; Ctrl-C ends it\n", names_of(models).c_str(),
               source.runs());
  if (server.is_public())
    std::fputs(
        "note: whoever can reach this machine can ask, and read the surrogate; there is no "
        "password and no encryption\n",
        stderr);
}

int carry_out(const ServeChoices& choices) {
  Source source(locate(choices.target), choices.threads > 0 ? choices.threads : cores());
  Offer offer;
  offer.replace(source.models());
  const http::Server server = listening(choices, offer);
  ending = 0;
  std::signal(SIGINT, end_serving);
  std::signal(SIGTERM, end_serving);
  announce(choices, server, source, *offer.now());
  std::jthread serving([&server](std::stop_token stop) { server.serve(std::move(stop)); });
  follow(source, offer);
  return Done;
}

}  // namespace

Subcommand serve_subcommand() {
  auto choices = std::make_shared<ServeChoices>();
  std::vector<Argument> arguments = target_arguments(choices->target);
  arguments.push_back({.names = "--port",
                       .place = &choices->port,
                       .help = "Port to listen at; 0: any that is free; default: 4242",
                       .range = Between{0, 65535}});
  arguments.push_back({.names = "--host",
                       .place = &choices->host,
                       .help = "Address to listen at; default: 127.0.0.1, this machine alone"});
  arguments.push_back({.names = "--threads",
                       .place = &choices->threads,
                       .help = "Cores for fits; default: all",
                       .range = Between{1, 1024}});
  return {.name = "serve",
          .help = "Offer the surrogate to UM-Bridge clients: models mean, sd and mean_sd",
          .arguments = std::move(arguments),
          .action = [choices] { return carry_out(*choices); }};
}

}  // namespace sonde::cli
