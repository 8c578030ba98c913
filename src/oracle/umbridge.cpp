#include "sonde/oracle/umbridge.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <set>
#include <utility>

#include "base/clock.hpp"
#include "base/json_text.hpp"
#include "base/nearest_name.hpp"
#include "oracle/number.hpp"
#include "oracle/supervised.hpp"
#include "oracle/tokens.hpp"
#include "oracle/umbridge_fleet.hpp"
#include "oracle/umbridge_protocol.hpp"
#include "sonde/base/error.hpp"

namespace sonde {
namespace {

using Way = UmbridgeFailure::Way;
using Clock = std::chrono::steady_clock;

constexpr double info_seconds = 30.0;  // for what a server says of itself

Index sum(const std::vector<Index>& sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), Index{0});
}

std::string listed(const std::vector<Index>& sizes) {
  std::string text = "[";
  for (const Index size : sizes) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

Answer failed_answer(const std::string& kind, const std::string& message) {
  Answer answer;
  answer.status = Answer::Status::Failed;
  answer.kind = kind;
  answer.message = message;
  return answer;
}

// What a server offers, by declared sizes where there are any.
class Acquaintance {
 public:
  Acquaintance(const UmbridgeSpec& spec, std::stop_token stop)
      : spec_(&spec), stop_(std::move(stop)) {}

  std::vector<std::string> models(http::Client& client) const {
    return models_of({client, std::min(info_seconds, spec_->timeout_seconds), stop_});
  }

  UmbridgeSizes sizes(http::Client& client) const {
    const Asking asking{client, spec_->timeout_seconds, stop_};
    UmbridgeSizes sizes{spec_->input_sizes, spec_->output_sizes};
    if (sizes.inputs.empty())
      sizes.inputs = sizes_of(asking, Side::Inputs, spec_->model, spec_->config);
    if (sizes.outputs.empty())
      sizes.outputs = sizes_of(asking, Side::Outputs, spec_->model, spec_->config);
    return sizes;
  }

  // Why these models are not enough; empty where they are.
  std::string missing(const std::vector<std::string>& models) const {
    if (std::find(models.begin(), models.end(), spec_->model) != models.end()) return "";
    return "offers no model '" + spec_->model + "'" + suggestion(spec_->model, models);
  }

 private:
  const UmbridgeSpec* spec_;
  std::stop_token stop_;
};

UmbridgeReport report_of(const UmbridgeSpec& spec, const UmbridgeServer& server,
                         const std::stop_token& stop) {
  const Acquaintance acquaintance(spec, stop);
  UmbridgeReport report{.url = server.url};
  http::Client client(http::parsed_url(server.url));
  try {
    report.models = acquaintance.models(client);
    report.problem = acquaintance.missing(report.models);
    if (!report.problem.empty()) return report;
    UmbridgeSizes sizes = acquaintance.sizes(client);
    report.input_sizes = std::move(sizes.inputs);
    report.output_sizes = std::move(sizes.outputs);
  } catch (const UmbridgeFailure& failure) {
    report.problem = failure.what();
  }
  return report;
}

class Umbridge {
 public:
  Umbridge(UmbridgeSpec spec, std::vector<Parameter> inputs, std::vector<ProcessOutput> outputs,
           std::stop_token stop)
      : spec_(std::move(spec)),
        inputs_(std::move(inputs)),
        outputs_(std::move(outputs)),
        stop_(std::move(stop)),
        tokens_(spec_.token_pool, spec_.tokens),
        fleet_(members(spec_)) {
    check_spec();
    get_to_know();
  }

  Answer ask(const Query& query) {
    std::set<std::size_t> tried;
    int begun = 0;
    int rounds = 0;
    while (true) {
      std::optional<UmbridgeFleet::Lease> lease = fleet_.take(tried, stop_);
      if (!lease) return abandoned();
      const std::size_t server = lease->server();
      try {
        Answer answer = evaluate(*lease, query, begun);
        answer.attempts = query.attempts + std::max(1, begun);
        return answer;
      } catch (const UmbridgeFailure& failure) {
        if (failure.way() == Way::Stopped) return abandoned();
        tried.insert(server);
        const bool others = tried.size() < fleet_.size();
        const bool passed_over = failure.way() == Way::Unreachable && others;
        const bool again = failure.way() == Way::Unreachable || failure.way() == Way::Transient;
        if (!passed_over && (!again || rounds == spec_.retries))
          return answer_of(failure, server, query.attempts + std::max(1, begun));
        lease.reset();  // before the wait: others may use the place
        if (!passed_over) ++rounds;
        if (!others) {
          tried.clear();
          if (!rest(rounds)) return abandoned();
        }
      }
    }
  }

 private:
  static std::vector<UmbridgeFleet::Member> members(const UmbridgeSpec& spec) {
    require(!spec.servers.empty(), "umbridge: expected the address of a server, got none");
    std::vector<UmbridgeFleet::Member> members;
    for (const UmbridgeServer& server : spec.servers) {
      require(server.parallel >= 1, "umbridge: ", server.url,
              ": expected at least one evaluation at a time, got ", server.parallel);
      members.push_back({http::parsed_url(server.url), server.parallel});
    }
    return members;
  }

  void check_spec() const {
    require(parsed_json(spec_.config).is_object(),
            "umbridge: expected a JSON object as config, got ", spec_.config.substr(0, 100));
    require(spec_.retries >= 0 && spec_.timeout_seconds > 0.0,
            "umbridge: expected retries of at least 0 and a timeout above 0, got ", spec_.retries,
            " and ", spec_.timeout_seconds);
    for (const ProcessOutput& output : outputs_)
      require(output.from.source == Extraction::Source::ByIndex && output.from.index >= 0,
              "umbridge: output '", output.output.name, "' is not taken by its index");
  }

  // All that can be reached now; the others when they are first asked.
  void get_to_know() {
    std::string problems;
    bool any = false;
    for (std::size_t i = 0; i < fleet_.size(); ++i) {
      http::Client client(fleet_.url(i));
      try {
        get_to_know(i, client);
        any = true;
      } catch (const UmbridgeFailure& failure) {
        if (failure.way() == Way::Lasting) throw refusal(i, failure.what());
        fleet_.was_not_reached(i);
        problems += (problems.empty() ? "" : "; ") + fleet_.url(i).text() + ": " + failure.what();
      }
    }
    require<OracleError>(any, "umbridge: no server can be reached (", problems,
                         "). Start one, or correct simulator.urls");
  }

  UmbridgeSizes get_to_know(std::size_t server, http::Client& client) {
    const Acquaintance acquaintance(spec_, stop_);
    const std::string missing = acquaintance.missing(acquaintance.models(client));
    if (!missing.empty()) throw refusal(server, missing);
    UmbridgeSizes sizes = acquaintance.sizes(client);
    check(server, sizes);
    fleet_.learn_sizes(server, sizes);
    return sizes;
  }

  void check(std::size_t server, const UmbridgeSizes& sizes) const {
    const auto d = static_cast<Index>(inputs_.size());
    if (sum(sizes.inputs) != d)
      throw refusal(server, concat("model '", spec_.model, "' takes ", sum(sizes.inputs),
                                   " numbers (input sizes ", listed(sizes.inputs),
                                   "), the study has ", d, d == 1 ? " variable" : " variables"));
    for (const ProcessOutput& output : outputs_) {
      if (output.from.index >= sum(sizes.outputs))
        throw refusal(
            server, concat("output '", output.output.name, "' is value number ", output.from.index,
                           " from 0, model '", spec_.model, "' returns ", sum(sizes.outputs),
                           " (output sizes ", listed(sizes.outputs), ")"));
    }
  }

  OracleError refusal(std::size_t server, const std::string& words) const {
    return OracleError("umbridge: " + fleet_.url(server).text() + ": " + words);
  }

  // Of a server that was not there at the start. One that turns out not to fit is as good as none.
  UmbridgeSizes sizes_of_late(std::size_t server, http::Client& client) {
    std::string problem;
    try {
      return get_to_know(server, client);
    } catch (const UmbridgeFailure& failure) {
      if (failure.way() != Way::Lasting) throw;
      problem = failure.what();
    } catch (const OracleError& unfit) {
      problem = unfit.what();
    }
    throw UmbridgeFailure(Way::Unreachable, "unreachable", problem);
  }

  Answer evaluate(const UmbridgeFleet::Lease& lease, const Query& query, int& begun) {
    const std::size_t server = lease.server();
    std::optional<UmbridgeSizes> sizes = fleet_.sizes(server);
    const int begun_before = begun;
    try {
      if (!sizes) sizes = sizes_of_late(server, lease.client());
      const std::vector<Descriptor> held = tokens_.take(StopEvent(stop_));
      if (held.empty() && !tokens_.none()) throw UmbridgeFailure(Way::Stopped, "", "called off");
      ++begun;
      const double started = seconds_since_1970();
      const Clock::time_point begin = Clock::now();  // without the wait for a place
      const std::vector<double> values =
          evaluated({lease.client(), spec_.timeout_seconds, stop_}, spec_.model, spec_.config,
                    query.x, sizes->inputs, sizes->outputs);
      fleet_.was_reached(server);
      Answer answer = judged(values, query);
      answer.host = fleet_.url(server).authority();
      answer.started = started;
      answer.ended = seconds_since_1970();
      answer.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
      return answer;
    } catch (const UmbridgeFailure& failure) {
      if (failure.way() == Way::Unreachable) begun = begun_before;
      // One that refuses at once is always the least busy: it is not to attract all queries.
      if (failure.way() == Way::Unreachable || failure.way() == Way::Transient)
        fleet_.was_not_reached(server);
      throw;
    }
  }

  Answer judged(const std::vector<double>& values, const Query& query) const {
    Answer answer;
    answer.status = Answer::Status::Ok;
    answer.y.resize(static_cast<Index>(outputs_.size()));
    for (std::size_t j = 0; j < outputs_.size(); ++j) {
      const Extraction& from = outputs_[j].from;
      answer.y[static_cast<Index>(j)] = from.factor * values[static_cast<std::size_t>(from.index)];
    }
    if (!answer.y.allFinite()) return answer;  // the oracle says which
    Vector point(query.x.size() + answer.y.size());
    point << query.x, answer.y;
    for (std::size_t j = 0; j < outputs_.size(); ++j) {
      if (!outputs_[j].accept) continue;
      const double holds = (*outputs_[j].accept)(point);
      if (std::isfinite(holds) && holds != 0.0) continue;
      return failed_answer(
          "out of range",
          concat(outputs_[j].output.name, " = ", shortest_decimal(answer.y[static_cast<Index>(j)]),
                 ": '", outputs_[j].accept->text(), "' does not hold"));
    }
    return answer;
  }

  Answer answer_of(const UmbridgeFailure& failure, std::size_t server, int attempts) const {
    const std::string at = fleet_.url(server).authority();
    std::string words = at + ": " + failure.what();
    if (failure.way() == Way::TimedOut)
      words = concat(at, ": no answer within ", spec_.timeout_seconds, " s");
    Answer answer = failed_answer(failure.kind(), words);
    if (failure.way() == Way::TimedOut) answer.status = Answer::Status::TimedOut;
    answer.transient = failure.way() == Way::Unreachable || failure.way() == Way::Transient;
    answer.attempts = attempts;
    answer.host = at;
    return answer;
  }

  static Answer abandoned() {
    Answer answer;
    answer.status = Answer::Status::Abandoned;
    return answer;
  }

  // Before all servers are asked once more. False: called off.
  bool rest(int rounds) const {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    const auto pause = std::chrono::milliseconds(200 * (1 << std::min(rounds, 7)));
    never.wait_for(lock, stop_, pause, [] { return false; });
    return !stop_.stop_requested();
  }

  const UmbridgeSpec spec_;
  const std::vector<Parameter> inputs_;
  const std::vector<ProcessOutput> outputs_;
  const std::stop_token stop_;
  const Tokens tokens_;
  UmbridgeFleet fleet_;
};

}  // namespace

Oracle umbridge_oracle(UmbridgeSpec spec, std::vector<Parameter> inputs,
                       std::vector<ProcessOutput> outputs, std::stop_token stop) {
  std::vector<Output> names;
  for (const ProcessOutput& output : outputs) names.push_back(output.output);
  const auto umbridge = std::make_shared<Umbridge>(std::move(spec), std::move(inputs),
                                                   std::move(outputs), std::move(stop));
  return Oracle(std::move(names),
                [umbridge](const Query& query) -> Answer { return umbridge->ask(query); });
}

std::vector<UmbridgeReport> umbridge_reports(const UmbridgeSpec& spec) {
  std::vector<UmbridgeReport> reports;
  for (const UmbridgeServer& server : spec.servers) reports.push_back(report_of(spec, server, {}));
  return reports;
}

}  // namespace sonde
