#include "sonde/math/expression.hpp"

#include <utility>

#include "math/expression_program.hpp"

namespace sonde {

Expression::Expression(std::string_view text, const Symbols& symbols) {
  DerivedTapes derived;
  for (const auto& [name, quantity] : symbols.derived) {
    derived.emplace_back(name, &quantity.program_->tape);
  }
  program_ = std::make_shared<const Program>(
      Program{std::string(text), parse_formula(text, symbols, derived)});
}

const std::string& Expression::text() const noexcept {
  return program_->text;
}

double Expression::operator()(VectorView x) const {
  return program_->tape.value(x);
}

double Expression::operator()(VectorView x, VectorOut gradient) const {
  if (gradient.size() == 0) return program_->tape.value(x);
  return program_->tape.value_and_gradient(x, gradient);
}

Vector Expression::on_rows(PointsView x) const {
  return program_->tape.rows(x);
}

std::vector<bool> Expression::uses() const {
  return program_->tape.uses();
}

bool Expression::is_condition() const noexcept {
  return program_->tape.node(program_->tape.root()).truth;
}

ScalarField Expression::field() const {
  const Expression self = *this;
  return ScalarField([self](VectorView x, VectorOut gradient) { return self(x, gradient); })
      .with_rows([self](PointsView x) { return self.on_rows(x); });
}

}  // namespace sonde
