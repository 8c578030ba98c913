#include <algorithm>
#include <numbers>
#include <optional>

#include "base/nearest_name.hpp"
#include "math/expression_functions.hpp"
#include "math/expression_lexer.hpp"
#include "math/expression_program.hpp"
#include "sonde/base/error.hpp"

namespace sonde {
namespace {

// How tightly an operator holds its operands; what stands on its right must hold tighter, so that
// chains group to the left. Comparisons, ?: and ^ have rules of their own.
enum Binding : int { Any = 0, Or = 1, And = 2, Comparison = 3, Sum = 4, Product = 5, Power = 6 };

int binding_of(const Token& token) {
  if (token.kind != Token::Kind::Symbol) return -1;
  if (token.text == "||") return Binding::Or;
  if (token.text == "&&") return Binding::And;
  if (token.text == "+" || token.text == "-") return Binding::Sum;
  if (token.text == "*" || token.text == "/") return Binding::Product;
  if (token.text == "^") return Binding::Power;
  for (const std::string_view comparison : {"<", "<=", ">", ">=", "==", "!="}) {
    if (token.text == comparison) return Binding::Comparison;
  }
  return -1;
}

Op op_of(std::string_view symbol) {
  if (symbol == "||") return Op::Or;
  if (symbol == "&&") return Op::And;
  if (symbol == "+") return Op::Add;
  if (symbol == "-") return Op::Subtract;
  if (symbol == "*") return Op::Multiply;
  return Op::Divide;
}

// What stands on one side of an operator: a step of the tape, or a text not yet compared.
struct Operand {
  int step = -1;
  Token start{};
  bool is_text() const { return start.kind == Token::Kind::Text && step < 0; }
};

class Parser {
 public:
  Parser(std::string_view formula, const Symbols& symbols, const DerivedTapes& derived)
      : formula_(formula),
        symbols_(symbols),
        derived_(derived),
        derived_steps_(derived.size(), -1),
        lexer_(formula),
        tape_(static_cast<Index>(symbols.variables.size())) {}

  Tape parse() {
    const Operand value = number(expression());
    expect_end("an operator or the end of the formula", "");
    return tape_.reduced_to(value.step);
  }

 private:
  // Counts levels of nesting while it lives.
  class Level {
   public:
    explicit Level(Parser& parser) : parser_(parser) {
      if (++parser_.levels_ > max_levels) {
        parser_.refuse(parser_.token().position,
                       concat("expected at most ", max_levels, " levels of nesting, got more"));
      }
    }
    ~Level() { --parser_.levels_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Parser& parser_;
  };

  const Token& token() const { return lexer_.token(); }
  [[noreturn]] void refuse(std::size_t position, const std::string& words) const {
    refuse_formula(formula_, position, words);
  }

  void expect_end(std::string_view expected, std::string_view symbol) const {
    if (symbol.empty() ? token().kind == Token::Kind::End : token().is(symbol)) return;
    std::string hint;
    if (token().text == "and") hint = "; and is written &&";
    if (token().text == "or") hint = "; or is written ||";
    if (hint.empty() && (token().kind == Token::Kind::Name || token().is("("))) {
      hint = "; a product is written with *";
    }
    refuse(token().position, concat("expected ", expected, ", got ", described(token()), hint));
  }

  void expect(std::string_view expected, std::string_view symbol) {
    expect_end(expected, symbol);
    lexer_.advance();
  }

  Operand step(const Operand& first, Op op, int a, int b = -1, int c = -1) {
    if (tape_.full()) {
      refuse(first.start.position, concat("expected at most ", max_nodes,
                                          " operations, derived quantities written out; got more"));
    }
    Operand made = first;
    made.step = tape_.step(op, a, b, c);
    return made;
  }

  const Operand& number(const Operand& operand) const {
    if (operand.is_text()) {
      refuse(operand.start.position,
             concat("expected a number, got ", described(operand.start),
                    "; a text is compared with a categorical variable by == or !="));
    }
    return operand;
  }

  const Operand& condition(const Operand& operand, std::string_view place) const {
    number(operand);
    if (!tape_.node(operand.step).truth) {
      refuse(operand.start.position,
             concat("expected a condition ", place, ", got a number; compare it with something"));
    }
    return operand;
  }

  // A whole expression, ?: included.
  Operand expression() {
    const Operand first = binary(Binding::Any);
    if (!token().is("?")) return first;
    condition(first, "before '?'");
    lexer_.advance();
    const Level level(*this);
    const Operand yes = number(expression());
    expect("an operator or ':'", ":");
    const Operand no = number(expression());
    return step(first, Op::Select, first.step, yes.step, no.step);
  }

  // Operators that bind tighter than `loosest`.
  Operand binary(int loosest) {
    Operand left = unary();
    for (int binding = binding_of(token()); binding > loosest; binding = binding_of(token())) {
      if (binding == Binding::Comparison) {
        left = comparisons(left);
      } else {
        left = joined(left, binding);
      }
    }
    return left;
  }

  Operand joined(const Operand& left, int binding) {
    const Token symbol = token();
    lexer_.advance();
    const Operand right = binary(binding);
    if (binding > Binding::And) {
      number(left);
      number(right);
    } else {
      condition(left, concat("on the left of '", symbol.text, "'"));
      condition(right, concat("on the right of '", symbol.text, "'"));
    }
    return step(left, op_of(symbol.text), left.step, right.step);
  }

  // a < b <= c: both must hold.
  Operand comparisons(Operand left) {
    std::optional<Operand> all;
    const Operand first = left;
    while (binding_of(token()) == Binding::Comparison) {
      const Token symbol = token();
      lexer_.advance();
      const Operand right = binary(Binding::Comparison);
      const Operand one = compared(left, symbol, right);
      all = all ? step(first, Op::And, all->step, one.step) : one;
      left = right;
    }
    return *all;
  }

  Operand compared(Operand left, const Token& symbol, Operand right) {
    if (left.is_text() || right.is_text()) {
      if (symbol.text != "==" && symbol.text != "!=") {
        refuse(symbol.position, concat("expected == or != beside a text, got '", symbol.text, "'"));
      }
      if (left.is_text()) left = label(left, right);
      if (right.is_text()) right = label(right, left);
    }
    if (symbol.text == "<") return step(left, Op::Less, left.step, right.step);
    if (symbol.text == "<=") return step(left, Op::LessEqual, left.step, right.step);
    if (symbol.text == ">") return step(left, Op::Less, right.step, left.step);
    if (symbol.text == ">=") return step(left, Op::LessEqual, right.step, left.step);
    const Op op = symbol.text == "==" ? Op::Equal : Op::NotEqual;
    return step(left, op, left.step, right.step);
  }

  // The text as the index of that label of the categorical variable on the other side.
  Operand label(Operand text, const Operand& other) {
    const std::string what = described(text.start);
    if (other.is_text() || tape_.node(other.step).op != Op::Variable) {
      refuse(text.start.position, concat("expected a categorical variable beside ", what, ", got ",
                                         described(other.start)));
    }
    const auto index = static_cast<std::size_t>(tape_.node(other.step).variable);
    const std::vector<std::string> none;
    const std::vector<std::string>& labels =
        index < symbols_.labels.size() ? symbols_.labels[index] : none;
    if (labels.empty()) {
      refuse(text.start.position, concat("expected a number beside '", symbols_.variables[index],
                                         "', which is not categorical; got ", what));
    }
    const auto found = std::find(labels.begin(), labels.end(), text.start.text);
    if (found == labels.end()) {
      refuse(text.start.position, concat("expected a value of '", symbols_.variables[index],
                                         "', got ", what, suggestion(text.start.text, labels)));
    }
    text.step = tape_.constant(static_cast<double>(found - labels.begin()));
    return text;
  }

  // Signs and !, which bind looser than ^: -x^2 is -(x^2).
  Operand unary() {
    const Token symbol = token();
    if (!symbol.is("-") && !symbol.is("+") && !symbol.is("!")) return raised();
    lexer_.advance();
    const Level level(*this);
    Operand operand = unary();
    if (symbol.is("!")) {
      condition(operand, "after '!'");
      operand = step(operand, Op::Not, operand.step);
    } else {
      number(operand);
      if (symbol.is("-")) operand = step(operand, Op::Negate, operand.step);
    }
    operand.start = symbol;
    return operand;
  }

  Operand raised() {
    const Operand base = primary();
    if (!token().is("^")) return base;
    number(base);
    lexer_.advance();
    const Level level(*this);
    const Operand exponent = number(unary());
    return step(base, Op::Power, base.step, exponent.step);
  }

  Operand primary() {
    const Token first = token();
    if (first.kind == Token::Kind::Number) {
      lexer_.advance();
      return {tape_.constant(first.number), first};
    }
    if (first.kind == Token::Kind::Text) {
      lexer_.advance();
      return {-1, first};
    }
    if (first.kind == Token::Kind::Name) {
      lexer_.advance();
      return token().is("(") && function_named(first.text) ? call(first) : named(first);
    }
    if (!first.is("(")) {
      refuse(first.position, concat("expected a number, a name or '(', got ", described(first)));
    }
    lexer_.advance();
    const Level level(*this);
    Operand inside = number(expression());
    expect("an operator or ')'", ")");
    inside.start = first;
    return inside;
  }

  Operand call(const Token& name) {
    const Function& function = *function_named(name.text);
    const Level level(*this);
    std::vector<Operand> arguments;
    do {
      lexer_.advance();
      if (arguments.empty() && token().is(")")) break;
      arguments.push_back(number(expression()));
      if (!token().is(",")) expect_end("an operator, ',' or ')'", ")");
    } while (token().is(","));
    lexer_.advance();
    const int count = static_cast<int>(arguments.size());
    if (count < function.fewest || count > function.most) {
      refuse(name.position,
             concat("expected ", function.most == many ? "at least " : "", function.fewest,
                    function.fewest == 1 ? " argument" : " arguments", " of '", name.text,
                    "', got ", count));
    }
    Operand value{arguments[0].step, name};
    if (count == 1) return step(value, function.op, value.step);
    if (name.text == "clamp") {
      value = step(value, Op::Max, value.step, arguments[1].step);
      return step(value, Op::Min, value.step, arguments[2].step);
    }
    for (std::size_t i = 1; i < arguments.size(); ++i) {
      value = step(value, function.op, value.step, arguments[i].step);
    }
    return value;
  }

  Operand named(const Token& name) {
    const auto variable =
        std::find(symbols_.variables.begin(), symbols_.variables.end(), name.text);
    if (variable != symbols_.variables.end()) {
      return {tape_.variable(variable - symbols_.variables.begin()), name};
    }
    for (const auto& [constant, value] : symbols_.constants) {
      if (constant == name.text) return {tape_.constant(value), name};
    }
    for (std::size_t i = 0; i < derived_.size(); ++i) {
      if (derived_[i].first == name.text) return {derived(i, name), name};
    }
    if (name.text == "pi") return {tape_.constant(std::numbers::pi), name};
    if (name.text == "e") return {tape_.constant(std::numbers::e), name};
    refuse_name(name);
  }

  // Written out once, however often it is named.
  int derived(std::size_t index, const Token& name) {
    if (derived_steps_[index] >= 0) return derived_steps_[index];
    const Tape& tape = *derived_[index].second;
    if (tape_.nodes().size() + tape.nodes().size() > max_nodes) {
      refuse(name.position, concat("expected at most ", max_nodes,
                                   " operations, derived quantities written out; got more"));
    }
    derived_steps_[index] = tape_.inlined(tape);
    return derived_steps_[index];
  }

  [[noreturn]] void refuse_name(const Token& name) const {
    const bool called = token().is("(");
    if (!called && function_named(name.text)) {
      refuse(token().position,
             concat("expected '(' after the function '", name.text, "', got ", described(token())));
    }
    std::vector<std::string> known;
    for (const Function& function : function_table) {
      if (called) known.emplace_back(function.name);
    }
    if (!called) {
      known = symbols_.variables;
      for (const auto& constant : symbols_.constants) known.push_back(constant.first);
      for (const auto& quantity : derived_) known.emplace_back(quantity.first);
    }
    const std::string hint = called && name.text == "ln" ? "; the natural logarithm is 'log'"
                                                         : suggestion(name.text, known);
    refuse(name.position, concat("expected a known ", called ? "function" : "name", ", got '",
                                 name.text, "'", hint));
  }

  std::string_view formula_;
  const Symbols& symbols_;
  const DerivedTapes& derived_;
  std::vector<int> derived_steps_;
  Lexer lexer_;
  Tape tape_;
  int levels_ = 0;
};

}  // namespace

Tape parse_formula(std::string_view text, const Symbols& symbols, const DerivedTapes& derived) {
  if (text.size() > max_characters) {
    refuse_formula(text, max_characters,
                   concat("expected at most ", max_characters, " characters, got ", text.size()));
  }
  if (text.find_first_not_of(" \t\n\v\f\r") == std::string_view::npos) {
    throw StudyError("expected a formula, got none");
  }
  return Parser(text, symbols, derived).parse();
}

}  // namespace sonde
