#include "sonde/oracle/oracle.hpp"

#include <unistd.h>

#include <array>
#include <chrono>
#include <cmath>
#include <set>
#include <utility>

#include "base/clock.hpp"
#include "sonde/base/error.hpp"

namespace sonde {
namespace {

std::string this_host() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

Answer failed(std::string kind, std::string message) {
  Answer answer;
  answer.status = Answer::Status::Failed;
  answer.kind = std::move(kind);
  answer.message = std::move(message);
  return answer;
}

std::string listed(const std::vector<Output>& outputs) {
  std::string names;
  for (const Output& output : outputs) names += (names.empty() ? "" : ", ") + output.name;
  return names;
}

// Whether some outputs arrived and those that did not are known not to have.
bool in_part(const Answer& answer) {
  return answer.kind == "output missing" && answer.y.array().isNaN().any() &&
         !answer.y.array().isNaN().all();
}

// An Ok answer that is none: the first value that cannot be learnt says why.
void refuse_values(Answer& answer, const std::vector<Output>& outputs) {
  const auto m = static_cast<Index>(outputs.size());
  if (answer.y.size() != m) {
    answer.kind = "output missing";
    answer.message = concat("expected ", m, m == 1 ? " value (" : " values (", listed(outputs),
                            "), got ", answer.y.size());
    answer.status = Answer::Status::Failed;
    return;
  }
  const bool partial = in_part(answer);
  if (!partial) {
    answer.message.clear();
    answer.kind.clear();
  }
  for (Index j = 0; j < m && answer.status == Answer::Status::Ok; ++j) {
    const double value = answer.y[j];
    const bool finite = std::isfinite(value);
    const Output& output = outputs[static_cast<std::size_t>(j)];
    const bool no_class = finite && is_no_class(value, output);
    if (finite ? std::abs(value) <= largest_value && !no_class : partial && std::isnan(value))
      continue;
    answer.kind = finite ? "out of range" : "not finite";
    answer.message = concat(output.name, " is ", value);
    if (no_class)
      answer.message +=
          concat(", which is the number of none of its ", output.values.size(), " values, from 0");
    else if (finite)
      answer.message +=
          concat(", no more than ", largest_value, " can be learnt: give it a factor");
    answer.status = Answer::Status::Failed;
  }
}

// The answer as a caller may rely on it: y of m numbers, those that arrived finite, or none and
// why.
Answer checked(Answer answer, const std::vector<Output>& outputs) {
  if (answer.status == Answer::Status::Ok) refuse_values(answer, outputs);
  if (answer.status == Answer::Status::Ok) {
    answer.transient = false;
    return answer;
  }
  answer.y.resize(0);
  if (answer.status == Answer::Status::Failed && answer.kind.empty()) answer.kind = "told";
  if (answer.status == Answer::Status::TimedOut && answer.kind.empty()) answer.kind = "timeout";
  return answer;
}

}  // namespace

struct Oracle::State {
  std::vector<Output> outputs;
  std::function<Answer(const Query&)> answer;
  std::string host;

  Answer guarded(const Query& query) const {
    try {
      return answer(query);
    } catch (const OracleError&) {
      throw;
    } catch (const StoreError&) {
      throw;
    } catch (const std::exception& thrown) {
      return failed("exception", thrown.what());
    } catch (...) {
      return failed("exception", "the oracle's function threw what is no std::exception");
    }
  }
};

const std::vector<std::string>& failure_kinds() {
  static const std::vector<std::string> kinds = {
      "could not start", "timeout",    "stall",        "cpu limit",    "out of memory",
      "file limit",      "signal",     "exit status",  "fail_when",    "succeed_when",
      "output missing",  "not finite", "out of range", "echo differs", "inadmissible",
      "unreachable",     "node lost",  "cancelled",    "preempted",    "lost",
      "disk full",       "exception",  "told",         "rejected"};
  return kinds;
}

Oracle::Oracle(std::vector<Output> outputs, std::function<Answer(const Query&)> answer) {
  require(!outputs.empty(), "Oracle: expected at least one output, got none");
  require(answer != nullptr, "Oracle: expected a function, got an empty one");
  std::set<std::string> seen;
  for (const Output& output : outputs) {
    require(!output.name.empty(), "Oracle: an output has no name");
    require(seen.insert(output.name).second, "Oracle: output '", output.name, "' stands twice");
  }
  state_ = std::make_shared<const State>(State{std::move(outputs), std::move(answer), this_host()});
}

std::function<Answer(const Query&)> Oracle::from_values(std::function<Vector(VectorView)> value) {
  require(value != nullptr, "Oracle: expected a function, got an empty one");
  return [value = std::move(value)](const Query& query) {
    Answer answer;
    answer.y = value(query.x);
    answer.status = Answer::Status::Ok;
    return answer;
  };
}

const std::vector<Output>& Oracle::outputs() const noexcept {
  return state_->outputs;
}

Answer Oracle::ask(const Query& query) const {
  const double started = seconds_since_1970();
  const auto begin = std::chrono::steady_clock::now();
  Answer answer = checked(state_->guarded(query), state_->outputs);
  // A wrapped oracle may know better when and where the simulation ran.
  if (answer.seconds == 0.0)
    answer.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (std::isnan(answer.started)) answer.started = started;
  if (std::isnan(answer.ended)) answer.ended = seconds_since_1970();
  if (answer.host.empty()) answer.host = state_->host;
  return answer;
}

}  // namespace sonde
