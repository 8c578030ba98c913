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

#include "cli/access.hpp"
#include "cli/campaign_folder.hpp"
#include "cli/exit_status.hpp"
#include "cli/metrics_text.hpp"
#include "cli/models.hpp"
#include "cli/status_document.hpp"
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
  std::string socket{};
  int threads = 0;
  bool open = false;
};

// All that the signal handler may touch.
volatile std::sig_atomic_t ending = 0;

// The second one is no longer ours: it ends the program there and then.
extern "C" void end_serving(int) {
  ending = 1;
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

struct Offered {
  Models models;
  std::string metrics;
};

// What is offered now; replaced as a whole while others read it.
class Offer {
 public:
  std::shared_ptr<const Offered> now() const {
    const std::lock_guard lock(mutex_);
    return offered_;
  }
  void replace(Offered offered) {
    auto next = std::make_shared<const Offered>(std::move(offered));
    const std::lock_guard lock(mutex_);
    offered_.swap(next);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Offered> offered_;
};

// The surrogate of the campaign as its journal has it; looked at without a lock.
class Source {
 public:
  Source(CampaignFolder folder, int threads) : folder_(std::move(folder)), threads_(threads) {}

  Offered read() {
    size_ = std::filesystem::file_size(folder_.journal());
    OpenCampaign open = read_campaign(folder_, threads_);
    const Surrogate surrogate = answering(open);
    runs_ = surrogate.size();
    return {serve::surrogate_models(numbers_of(surrogate)),
            metrics_text(status_json(open, folder_.being_written()))};
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
      offer.replace(source.read());  // runs may have been corrected, a model promoted
      if (source.runs() != before) std::fprintf(stderr, "now of %td runs\n", source.runs());
    } catch (const std::exception& failure) {
      std::fprintf(stderr, "sonde: the campaign cannot be read now, the last surrogate stays: %s\n",
                   failure.what());
    }
    const Clock::time_point done = Clock::now();
    next = std::max(next, done + 9 * (done - begun));
  }
}

// \param token that must be shown; empty: none
http::Response answer_to(const http::Request& request, const std::string& token,
                         const Offer& offer) {
  if (std::optional<http::Response> page = refused_page(request)) return *page;
  const std::optional<std::string> path =
      token.empty() ? request.path : path_for_holder(request, token);
  if (!path)
    return refused(401,
                   "expected the address with the token, as 'sonde serve' prints it, or the "
                   "header Authorization: Bearer and the token");
  const std::shared_ptr<const Offered> offered = offer.now();
  if (*path == "/metrics")
    return {.body = offered->metrics, .headers = {}, .type = "text/plain; version=0.0.4"};
  http::Request inner = request;
  inner.path = *path;
  return serve::umbridge_response(offered->models, inner);
}

http::Server listening(const ServeChoices& choices, const std::string& token, const Offer& offer) {
  try {
    return http::Server(
        {.host = choices.host,
         .port = static_cast<std::uint16_t>(choices.port),
         .socket = choices.socket},
        [&offer, token](const http::Request& request) { return answer_to(request, token, offer); });
  } catch (const http::HttpError& failure) {
    throw UsageError(std::string("serve: ") + failure.what() + ". Choose another " +
                     (choices.socket.empty() ? "--port or --host" : "--socket"));
  }
}

void announce(const ServeChoices& choices, const http::Server& server, const std::string& token,
              const Source& source, const Models& models) {
  const std::string base = token.empty() ? "" : "/" + token;
  const std::string address =
      choices.socket.empty()
          ? http::Url{.host = choices.host, .port = server.port(), .base = base}.text()
          : "http://localhost" + base;
  std::printf("%s\n", address.c_str());
  std::fflush(stdout);
  if (!choices.socket.empty())
    std::fprintf(stderr, "at the socket %s: curl --unix-socket %s %s/Info\n",
                 choices.socket.c_str(), choices.socket.c_str(), address.c_str());
  std::fprintf(stderr, "UM-Bridge 1.0: %s, of %td runs; Ctrl-C ends it\n", names_of(models).c_str(),
               source.runs());
  if (server.is_public())
    std::fputs(token.empty()
                   ? "note: whoever can reach this machine can ask, and read the surrogate; "
                     "there is no encryption\n"
                   : "note: there is no encryption: who listens on the way can read the token\n",
               stderr);
}

int carry_out(const ServeChoices& choices) {
  const CampaignFolder folder = locate(choices.target);
  Source source(folder, choices.threads > 0 ? choices.threads : cores());
  Offer offer;
  offer.replace(source.read());
  const std::string token = choices.open ? "" : token_in(folder.token());
  const http::Server server = listening(choices, token, offer);
  ending = 0;
  std::signal(SIGINT, end_serving);
  std::signal(SIGTERM, end_serving);
  announce(choices, server, token, source, offer.now()->models);
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
  arguments.push_back({.names = "--socket",
                       .place = &choices->socket,
                       .help =
                           "Listen at this file instead, a Unix socket that its owner alone may "
                           "open (mode 0600)",
                       .excludes = "--host"});
  arguments.push_back({.names = "--open",
                       .place = &choices->open,
                       .help = "Answer whoever can reach it, without the campaign's token"});
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
