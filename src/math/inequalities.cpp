#include <memory>
#include <utility>

#include "math/expression_program.hpp"
#include "sonde/base/error.hpp"

namespace sonde {
namespace {

// The parts of a conjunction, left to right, without recursion: a long chain is a deep tree.
std::vector<int> conjuncts(const Tape& tape) {
  std::vector<int> parts;
  std::vector<int> open = {tape.root()};
  while (!open.empty()) {
    const int step = open.back();
    open.pop_back();
    const Node& node = tape.node(step);
    if (node.op != Op::And) {
      parts.push_back(step);
      continue;
    }
    open.push_back(node.b);
    open.push_back(node.a);
  }
  return parts;
}

// The field of a comparison; Refusal where it is none.
Op field_of(Op comparison) {
  switch (comparison) {
    case Op::Less:
      return Op::ExcessLess;
    case Op::LessEqual:
      return Op::ExcessLessEqual;
    case Op::Equal:
      return Op::Distance;
    default:
      return Op::Refusal;
  }
}

bool climbable(const Tape& tape, int step) {
  const Node& node = tape.node(step);
  return field_of(node.op) != Op::Refusal && tape.smooth(node.a) && tape.smooth(node.b);
}

ScalarField inequality(const Tape& condition, int step) {
  const Node node = condition.node(step);
  const Op op = field_of(node.op);
  Tape whole = condition;
  const int value = op == Op::Refusal ? whole.step(op, step) : whole.step(op, node.a, node.b);
  const auto tape = std::make_shared<const Tape>(whole.reduced_to(value));
  const auto rows = [tape](PointsView x) { return tape->rows(x); };
  if (!climbable(condition, step)) {
    return ScalarField([tape](VectorView x) { return tape->value(x); }).with_rows(rows);
  }
  return ScalarField([tape](VectorView x, VectorOut gradient) {
           return gradient.size() == 0 ? tape->value(x) : tape->value_and_gradient(x, gradient);
         })
      .with_rows(rows);
}

}  // namespace

bool Expression::is_smooth() const noexcept {
  const Tape& tape = program_->tape;
  if (!is_condition()) return tape.smooth(tape.root());
  for (const int step : conjuncts(tape)) {
    if (!climbable(tape, step)) return false;
  }
  return true;
}

std::vector<ScalarField> inequalities(const Expression& condition) {
  const Tape& tape = condition.program_->tape;
  require<StudyError>(condition.is_condition(), condition.text(),
                      "\nexpected a condition such as 'a <= b', got a number");
  std::vector<ScalarField> fields;
  for (const int step : conjuncts(tape)) fields.push_back(inequality(tape, step));
  return fields;
}

}  // namespace sonde
