#include "sonde/oracle/oracle.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>

#include "sonde/base/error.hpp"
#include "support/matchers.hpp"

namespace sonde {
namespace {

using testing_support::contains;
using testing_support::message_of;

Query query_at(double x) {
  return Query{.id = 7, .x = Vector::Constant(1, x), .why = "design"};
}

TEST_CASE("an oracle made of a function answers its values, and when and where", "[oracle]") {
  const Oracle oracle({{"square", "m2"}}, [](VectorView x) -> Vector { return x.cwiseProduct(x); });
  const Answer answer = oracle.ask(query_at(3.0));
  CHECK(answer.status == Answer::Status::Ok);
  CHECK(answer.y == Vector::Constant(1, 9.0));
  CHECK(answer.kind.empty());
  CHECK(answer.message.empty());
  CHECK_FALSE(answer.host.empty());
  CHECK(answer.started > 1.6e9);
  CHECK(answer.ended >= answer.started);
  CHECK(answer.seconds >= 0.0);
}

TEST_CASE("what an oracle's function knows better is kept", "[oracle]") {
  const Oracle oracle({{"a", "1"}}, [](const Query& query) {
    return Answer{.status = Answer::Status::Ok,
                  .y = query.x,
                  .seconds = 12.0,
                  .attempts = 3,
                  .host = "node7",
                  .started = 1.0,
                  .ended = 13.0};
  });
  const Answer answer = oracle.ask(query_at(1.0));
  CHECK(answer.seconds == 12.0);
  CHECK(answer.attempts == 3);
  CHECK(answer.host == "node7");
  CHECK(answer.started == 1.0);
  CHECK(answer.ended == 13.0);
}

TEST_CASE("an exception is a failed answer, an OracleError passes", "[oracle]") {
  const Oracle throwing({{"a", "1"}},
                        [](VectorView) -> Vector { throw std::runtime_error("mesh is tangled"); });
  const Answer answer = throwing.ask(query_at(0.0));
  CHECK(answer.status == Answer::Status::Failed);
  CHECK(answer.kind == "exception");
  CHECK(answer.message == "mesh is tangled");

  const Oracle odd({{"a", "1"}}, [](VectorView) -> Vector { throw 5; });
  CHECK(odd.ask(query_at(0.0)).kind == "exception");

  const Oracle absent({{"a", "1"}}, [](VectorView) -> Vector { throw OracleError("no host"); });
  CHECK_THROWS_AS(absent.ask(query_at(0.0)), OracleError);
}

TEST_CASE("answers of the wrong size or not finite are failures with names", "[oracle]") {
  const Oracle three({{"lift", "N"}, {"drag", "N"}},
                     [](VectorView) -> Vector { return Vector::Zero(3); });
  const Answer wrong_size = three.ask(query_at(0.0));
  CHECK(wrong_size.kind == "output missing");
  CHECK(contains(wrong_size.message, "expected 2 values (lift, drag), got 3"));
  CHECK(wrong_size.y.size() == 0);

  const Oracle holes({{"lift", "N"}, {"drag", "N"}}, [](VectorView) -> Vector {
    return (Vector(2) << 1.0, std::numeric_limits<double>::quiet_NaN()).finished();
  });
  const Answer not_finite = holes.ask(query_at(0.0));
  CHECK(not_finite.status == Answer::Status::Failed);
  CHECK(not_finite.kind == "not finite");
  CHECK(contains(not_finite.message, "drag is"));
}

TEST_CASE("a failure told without its kind gets one", "[oracle]") {
  const Oracle late({{"a", "1"}}, [](const Query& query) {
    return Answer{.status = query.x[0] > 0 ? Answer::Status::TimedOut : Answer::Status::Failed,
                  .message = "gave up"};
  });
  CHECK(late.ask(query_at(1.0)).kind == "timeout");
  CHECK(late.ask(query_at(-1.0)).kind == "told");
}

TEST_CASE("an oracle says what is wrong with its outputs", "[oracle]") {
  const auto value = [](VectorView x) -> Vector { return x; };
  CHECK(contains(message_of<ArgumentError>([&] { Oracle({}, value); }), "at least one output"));
  CHECK(contains(message_of<ArgumentError>([&] {
                   Oracle({{"a", "1"}, {"a", "m"}}, value);
                 }),
                 "'a' stands twice"));
}

}  // namespace
}  // namespace sonde
