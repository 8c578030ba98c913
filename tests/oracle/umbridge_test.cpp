#include "sonde/oracle/umbridge.hpp"

#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/json_text.hpp"
#include "http/server.hpp"
#include "oracle/umbridge_protocol.hpp"
#include "sonde/oracle/crew.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"

namespace sonde {
namespace {

using testing_support::contains;
using testing_support::message_of;

// A model in this process: of two inputs the sum and the difference, in one vector.
class ModelServer {
 public:
  using Evaluate = std::function<http::Response(const JsonValue& question)>;
  explicit ModelServer(Evaluate evaluate = good)
      : evaluate_(std::move(evaluate)),
        server_({}, [this](const http::Request& request) { return answer(request); }),
        thread_([this](std::stop_token stop) { server_.serve(std::move(stop)); }) {}

  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }
  int evaluations() const { return evaluations_; }
  int most_at_once() const { return most_; }

  static http::Response good(const JsonValue& question) {
    const double a = question["input"][0][0].get<double>();
    const double b = question["input"][0][1].get<double>();
    return {.body = json_text({{"output", {{a + b, a - b}}}})};
  }

 private:
  http::Response answer(const http::Request& request) {
    if (request.path == "/Info")
      return {.body = R"({"protocolVersion": 1.0, "models": ["forward"]})"};
    if (request.path == "/InputSizes") return {.body = R"({"inputSizes": [2]})"};
    if (request.path == "/OutputSizes") return {.body = R"({"outputSizes": [2]})"};
    const int now = ++now_;
    int most = most_;
    while (now > most && !most_.compare_exchange_weak(most, now)) {
    }
    ++evaluations_;
    http::Response response = evaluate_(parsed_json(request.body));
    --now_;
    return response;
  }

  Evaluate evaluate_;
  std::atomic<int> evaluations_ = 0;
  std::atomic<int> now_ = 0;
  std::atomic<int> most_ = 0;
  http::Server server_;
  std::jthread thread_;
};

std::vector<Parameter> two_inputs() {
  return {Parameter::linear("a", 0.0, 1.0), Parameter::linear("b", 0.0, 1.0)};
}

std::vector<ProcessOutput> both_outputs() {
  std::vector<ProcessOutput> outputs{{.output = {"difference", "1"}}, {.output = {"sum", "1"}}};
  for (ProcessOutput& output : outputs) output.from.source = Extraction::Source::ByIndex;
  outputs[0].from.index = 1;
  outputs[1].from.factor = 100.0;
  return outputs;
}

Query at(double a, double b, Index id = 0) {
  Query query;
  query.id = id;
  query.x = Vector{{a, b}};
  return query;
}

TEST_CASE("a served model answers with the outputs by their numbers and factors") {
  const ModelServer server;
  const Oracle oracle =
      umbridge_oracle({.servers = {{server.url()}}}, two_inputs(), both_outputs());
  const Answer answer = oracle.ask(at(0.1, 0.3));
  REQUIRE(answer.status == Answer::Status::Ok);
  CHECK(answer.y[0] == 0.1 - 0.3);
  CHECK(answer.y[1] == 100.0 * (0.1 + 0.3));
  CHECK("http://" + answer.host == server.url());
}

TEST_CASE("many workers and several servers: each query once, no limit exceeded") {
  const ModelServer one;
  const ModelServer two;
  const Oracle oracle =
      umbridge_oracle({.servers = {{one.url(), 1}, {two.url(), 3}}}, two_inputs(), both_outputs());
  constexpr int queries = 200;
  Crew crew(oracle, 8);
  for (int i = 0; i < queries; ++i) crew.submit(at(0.001 * i, 0.5, i));
  for (int i = 0; i < queries; ++i) {
    const std::optional<Answered> answered = crew.wait(1e300);
    REQUIRE(answered);
    REQUIRE(answered->answer.status == Answer::Status::Ok);
    CHECK(answered->answer.y[0] == 0.001 * static_cast<double>(answered->id) - 0.5);
  }
  CHECK(one.evaluations() + two.evaluations() == queries);
  CHECK(one.most_at_once() == 1);
  CHECK(two.most_at_once() <= 3);
}

TEST_CASE("a worker that waits for a server, or for a place at one, can be called off") {
  std::atomic<bool> release = false;
  std::atomic<int> waiting = 0;
  const ModelServer server([&](const JsonValue& question) {
    ++waiting;
    waiting.notify_all();
    release.wait(false);
    return ModelServer::good(question);
  });
  std::stop_source source;
  const Oracle oracle = umbridge_oracle({.servers = {{server.url()}}}, two_inputs(), both_outputs(),
                                        source.get_token());
  std::atomic<int> abandoned = 0;
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < 2; ++i)
      workers.emplace_back([&] {
        if (oracle.ask(at(0.5, 0.5)).status == Answer::Status::Abandoned) ++abandoned;
      });
    waiting.wait(0);
    source.request_stop();
  }
  CHECK(abandoned == 2);
  release = true;
  release.notify_all();
}

TEST_CASE("a server that is overloaded is asked again as often as is allowed") {
  std::atomic<int> refusals = 2;
  const ModelServer server([&](const JsonValue& question) {
    if (refusals-- > 0) return http::Response{.status = 503, .body = "busy"};
    return ModelServer::good(question);
  });
  const auto oracle = [&](int retries) {
    return umbridge_oracle({.servers = {{server.url()}}, .retries = retries}, two_inputs(),
                           both_outputs());
  };
  const Answer refused = oracle(0).ask(at(0.5, 0.5));
  CHECK(refused.status == Answer::Status::Failed);
  CHECK(refused.kind == "could not start");
  CHECK(refused.transient);
  const Answer answered = oracle(1).ask(at(0.5, 0.5));
  CHECK(answered.status == Answer::Status::Ok);
  CHECK(answered.attempts == 2);
}

TEST_CASE("what cannot be a served simulator is refused") {
  const ModelServer server;
  const auto refusal = [&](const UmbridgeSpec& spec, const std::vector<Parameter>& inputs) {
    return message_of<Error>([&] { umbridge_oracle(spec, inputs, both_outputs()); });
  };
  CHECK(contains(refusal({}, two_inputs()), "expected the address of a server, got none"));
  CHECK(contains(refusal({.servers = {{"https://a"}}}, two_inputs()), "is encrypted"));
  CHECK(contains(refusal({.servers = {{server.url(), 0}}}, two_inputs()),
                 "at least one evaluation at a time"));
  CHECK(contains(refusal({.servers = {{server.url()}}, .config = "[]"}, two_inputs()),
                 "expected a JSON object as config"));
  CHECK(contains(refusal({.servers = {{server.url()}}, .model = "Forward"}, two_inputs()),
                 "did you mean 'forward'?"));
  CHECK(contains(refusal({.servers = {{server.url()}}}, {Parameter::linear("a", 0.0, 1.0)}),
                 "takes 2 numbers (input sizes [2]), the study has 1 variable"));
  std::vector<ProcessOutput> outputs = both_outputs();
  outputs[0].from.index = 2;
  CHECK(contains(message_of<OracleError>([&] {
                   umbridge_oracle({.servers = {{server.url()}}}, two_inputs(), outputs);
                 }),
                 "output 'difference' is value number 2 from 0"));
}

TEST_CASE("words for numbers that are none become null, outside of strings alone") {
  CHECK(with_null_for_nan("[nan, -inf,inf]") == "[null, null,null]");
  CHECK(with_null_for_nan("[NaN,Infinity,-Infinity,+inf]") == "[null,null,null,null]");
  CHECK(with_null_for_nan("nan") == "null");
  CHECK(with_null_for_nan(R"({"nan": "inf, nan", "a\"nan": 1})") ==
        R"({"nan": "inf, nan", "a\"nan": 1})");
  CHECK(with_null_for_nan("[nano, -1, information]") == "[nano, -1, information]");
  CHECK(with_null_for_nan("[-") == "[-");
  CHECK(with_null_for_nan("") == "");
}

TEST_CASE("brackets are counted outside of strings") {
  CHECK(is_shallow("[[1], {\"a\": [2]}]", 3));
  CHECK(!is_shallow("[[[1]]]", 2));
  CHECK(is_shallow(R"(["[[[[\"[[["])", 1));
  CHECK(!is_shallow(std::string(1000000, '['), 32));
}

}  // namespace
}  // namespace sonde
