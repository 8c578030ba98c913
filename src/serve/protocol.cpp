#include "serve/protocol.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/json_text.hpp"
#include "sonde/base/error.hpp"

namespace sonde::serve {
namespace {

// What the client is told instead of an answer.
struct Refusal {
  std::string type;
  std::string message;
};

http::Response json_response(int status, const JsonValue& json) {
  return {.status = status, .body = json_text(json), .headers = {}};
}

http::Response refused(int status, const Refusal& refusal) {
  return json_response(status, {{"error", {{"type", refusal.type}, {"message", refusal.message}}}});
}

template <class... Parts>
[[noreturn]] void invalid(const Parts&... parts) {
  throw Refusal{"InvalidInput", concat(parts...)};
}

// The member of that name; null where there is none, or where the question is no object.
const JsonValue& member(const JsonValue& question, const char* name) {
  static const JsonValue none;
  if (!question.is_object()) return none;
  const auto found = question.find(name);
  return found == question.end() ? none : *found;
}

const Model& named(const std::vector<Model>& models, const JsonValue& question) {
  const JsonValue& name = member(question, "name");
  for (const Model& model : models) {
    if (name.is_string() && name.get<std::string>() == model.name()) return model;
  }
  std::string offered;
  for (const Model& model : models) offered += (offered.empty() ? "" : ", ") + model.name();
  throw Refusal{"ModelNotFound", "there is no model of that name; there are " + offered};
}

Vector numbers(const JsonValue& values, Index size, const std::string& what) {
  if (!values.is_array()) invalid(what, ": expected a list of ", size, " numbers");
  if (static_cast<Index>(values.size()) != size)
    invalid(what, ": expected ", size, size == 1 ? " number" : " numbers", ", got ", values.size());
  Vector vector(size);
  for (Index i = 0; i < size; ++i) {
    const JsonValue& value = values[static_cast<std::size_t>(i)];
    if (!value.is_number()) invalid(what, "[", i, "]: expected a number");
    vector[i] = value.get<double>();
  }
  return vector;
}

Vector point(const Model& model, const JsonValue& question) {
  const JsonValue& input = member(question, "input");
  if (!input.is_array() || input.size() != 1) invalid("input: expected a list of one vector");
  Vector x = numbers(input[0], model.inputs(), "input[0]");
  const std::string objection = model.objection(x);
  if (!objection.empty()) invalid("input[0]: ", objection);
  return x;
}

std::size_t number_below(const JsonValue& question, const char* name, std::size_t limit) {
  const JsonValue& value = member(question, name);
  const bool whole = value.is_number_integer() && value >= 0 && value < limit;
  if (!whole) invalid(name, ": expected the number of a vector, 0 to ", limit - 1);
  return value.get<std::size_t>();
}

JsonValue listed(const Vector& vector) {
  JsonValue list = JsonValue::array();
  for (Index i = 0; i < vector.size(); ++i) list.push_back(vector[i]);
  return list;
}

JsonValue evaluation(const Model& model, const JsonValue& question) {
  JsonValue output = JsonValue::array();
  for (const Vector& vector : model.evaluate(point(model, question)))
    output.push_back(listed(vector));
  return {{"output", output}};
}

struct Derivative {
  Vector x;
  std::size_t output;
};

Derivative derivative(const Model& model, const JsonValue& question) {
  Derivative asked{point(model, question), 0};
  asked.output = number_below(question, "outWrt", model.output_sizes().size());
  number_below(question, "inWrt", 1);
  return asked;
}

JsonValue gradient(const Model& model, const JsonValue& question) {
  const Derivative asked = derivative(model, question);
  const Vector sens = numbers(member(question, "sens"), model.output_sizes()[asked.output], "sens");
  return {{"output", listed(model.jacobian(asked.x, asked.output).transpose() * sens)}};
}

JsonValue jacobian_action(const Model& model, const JsonValue& question) {
  const Derivative asked = derivative(model, question);
  const Vector vec = numbers(member(question, "vec"), model.inputs(), "vec");
  return {{"output", listed(model.jacobian(asked.x, asked.output) * vec)}};
}

JsonValue info(const std::vector<Model>& models) {
  JsonValue names = JsonValue::array();
  for (const Model& model : models) names.push_back(model.name());
  return {{"protocolVersion", 1.0}, {"models", names}};
}

JsonValue answer(const std::vector<Model>& models, const std::string& path,
                 const JsonValue& question) {
  const Model& model = named(models, question);
  if (path == "/ModelInfo")
    return {{"support",
             {{"Evaluate", true},
              {"Gradient", true},
              {"ApplyJacobian", true},
              {"ApplyHessian", false}}}};
  if (path == "/InputSizes") return {{"inputSizes", {model.inputs()}}};
  if (path == "/OutputSizes") return {{"outputSizes", model.output_sizes()}};
  if (path == "/Evaluate") return evaluation(model, question);
  if (path == "/Gradient") return gradient(model, question);
  if (path == "/ApplyJacobian") return jacobian_action(model, question);
  throw Refusal{"UnsupportedFeature", "second derivatives are not offered"};
}

bool is_known(const std::string& path) {
  constexpr const char* known[] = {"/ModelInfo", "/InputSizes",    "/OutputSizes", "/Evaluate",
                                   "/Gradient",  "/ApplyJacobian", "/ApplyHessian"};
  return std::find(std::begin(known), std::end(known), path) != std::end(known);
}

// Nothing where nothing was asked.
JsonValue question_of(const std::string& body) {
  constexpr int deepest = 16;
  try {
    return body.empty() ? JsonValue() : recorded_json(body, deepest);
  } catch (const StoreError&) {
    invalid("the body is no JSON");
  }
}

}  // namespace

http::Response umbridge_response(const std::vector<Model>& models, const http::Request& request) {
  const bool looks = request.method == "GET" || request.method == "HEAD";
  try {
    if (request.path == "/Info" && looks) return json_response(200, info(models));
    if (!is_known(request.path))
      return refused(404, {"UnsupportedFeature", "there is nothing at this path; ask /Info"});
    if (request.method != "POST")
      return refused(405, {"UnsupportedFeature", "this path takes POST alone"});
    return json_response(200, answer(models, request.path, question_of(request.body)));
  } catch (const Refusal& refusal) {
    return refused(400, refusal);
  } catch (const Error& failure) {
    return refused(500, {"InvalidOutput", failure.what()});
  }
}

}  // namespace sonde::serve
