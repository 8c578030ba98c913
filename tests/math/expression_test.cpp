#include "sonde/math/expression.hpp"

#include <cmath>
#include <limits>
#include <numbers>

#include "sonde/base/error.hpp"
#include "sonde/base/random.hpp"
#include "support/matchers.hpp"

using namespace sonde;
using testing_support::central_difference;
using testing_support::contains;
using testing_support::message_of;
using testing_support::near;

namespace {

const double kNaN = std::numeric_limits<double>::quiet_NaN();
const double kInfinity = std::numeric_limits<double>::infinity();

Symbols xy() {
  return {.variables = {"x", "y", "z"}, .labels = {}, .constants = {{"rho", 1.225}}, .derived = {}};
}

Expression compiled(const std::string& text) {
  return Expression(text, xy());
}

double value(const std::string& text, double x = 0.0, double y = 0.0, double z = 0.0) {
  return compiled(text)(Vector{{x, y, z}});
}

std::string refusal(const std::string& text, const Symbols& symbols = xy()) {
  return message_of<StudyError>([&] { Expression(text, symbols); });
}

Vector gradient_of(const std::string& text, const Vector& x) {
  Vector gradient = Vector::Constant(x.size(), kNaN);
  compiled(text)(x, gradient);
  return gradient;
}

struct Case {
  std::string text;
  double (*truth)(double x, double y, double z);
  double lower = -3.0;  // of the variables
  double upper = 3.0;
};

// Every operator and every function, alone and mixed.
const std::vector<Case>& cases() {
  // clang-format off
  static const std::vector<Case> all = {
      {"x + y - z", [](double x, double y, double z) { return x + y - z; }},
      {"x * y / z", [](double x, double y, double z) { return x * y / z; }},
      {"x^2", [](double x, double, double) { return x * x; }},
      {"x^3 - y^-2", [](double x, double y, double) { return x * x * x - 1 / (y * y); }},
      {"x^y", [](double x, double y, double) { return std::pow(x, y); }, 0.2, 3},
      {"-x^2 + +y", [](double x, double y, double) { return -(x * x) + y; }},
      {"2^-x", [](double x, double, double) { return std::pow(2, -x); }},
      {"sin(x)", [](double x, double, double) { return std::sin(x); }},
      {"cos(x)", [](double x, double, double) { return std::cos(x); }},
      {"tan(x)", [](double x, double, double) { return std::tan(x); }, -1.2, 1.2},
      {"asin(x)", [](double x, double, double) { return std::asin(x); }, -0.9, 0.9},
      {"acos(x)", [](double x, double, double) { return std::acos(x); }, -0.9, 0.9},
      {"atan(x)", [](double x, double, double) { return std::atan(x); }},
      {"sinh(x)", [](double x, double, double) { return std::sinh(x); }},
      {"cosh(x)", [](double x, double, double) { return std::cosh(x); }},
      {"tanh(x)", [](double x, double, double) { return std::tanh(x); }},
      {"exp(x)", [](double x, double, double) { return std::exp(x); }},
      {"log(x)", [](double x, double, double) { return std::log(x); }, 0.1, 9},
      {"log10(x)", [](double x, double, double) { return std::log10(x); }, 0.1, 9},
      {"log2(x)", [](double x, double, double) { return std::log2(x); }, 0.1, 9},
      {"sqrt(x)", [](double x, double, double) { return std::sqrt(x); }, 0.1, 9},
      {"cbrt(x)", [](double x, double, double) { return std::cbrt(x); }},
      {"abs(x) * y", [](double x, double y, double) { return std::abs(x) * y; }},
      {"floor(x) + x", [](double x, double, double) { return std::floor(x) + x; }},
      {"ceil(x) + x", [](double x, double, double) { return std::ceil(x) + x; }},
      {"round(x) + x", [](double x, double, double) { return std::round(x) + x; }},
      {"sign(x) * y", [](double x, double y, double) { return x > 0 ? y : -y; }},
      {"min(x, y)", [](double x, double y, double) { return std::min(x, y); }},
      {"max(x, y, z, 0.5)", [](double x, double y, double z) { return std::max({x, y, z, 0.5}); }},
      {"hypot(x, y)", [](double x, double y, double) { return std::hypot(x, y); }},
      {"hypot(x, y, z)", [](double x, double y, double z) { return std::sqrt(x * x + y * y + z * z); }},
      {"atan2(x, y)", [](double x, double y, double) { return std::atan2(x, y); }},
      {"pow(x, 5)", [](double x, double, double) { return std::pow(x, 5); }},
      {"clamp(x, -1, y)", [](double x, double y, double) { return std::min(std::max(x, -1.0), y); }, 0, 3},
      {"x < y ? x * z : y^2", [](double x, double y, double z) { return x < y ? x * z : y * y; }},
      {"(x <= y) * 2 + (x > z)", [](double x, double y, double z) { return (x <= y) * 2.0 + (x > z); }},
      {"x > 0 ? sqrt(x) : log(-x)", [](double x, double, double) { return x > 0 ? std::sqrt(x) : std::log(-x); }},
      {"x > 0 && y > 0 || !(z >= 0)", [](double x, double y, double z) { return (x > 0 && y > 0) || !(z >= 0) ? 1.0 : 0.0; }},
      {"x < y < z", [](double x, double y, double z) { return x < y && y < z ? 1.0 : 0.0; }},
      {"x == y", [](double x, double y, double) { return x == y ? 1.0 : 0.0; }},
      {"x != y", [](double x, double y, double) { return x != y ? 1.0 : 0.0; }},
      {"0.5*rho*(340*x)^2 / e - pi*y", [](double x, double y, double) { return 0.5 * 1.225 * (340 * x) * (340 * x) / std::numbers::e - std::numbers::pi * y; }},
  };
  // clang-format on
  return all;
}

Vector random_point(const Case& one, Rng& rng) {
  Vector x(3);
  for (double& coordinate : x) coordinate = one.lower + (one.upper - one.lower) * rng.uniform();
  return x;
}

}  // namespace

TEST_CASE("a formula has the value that C++ gives it", "[expression]") {
  Rng rng(1);
  for (const Case& one : cases()) {
    INFO(one.text);
    const Expression formula = compiled(one.text);
    for (int i = 0; i < 50; ++i) {
      const Vector x = random_point(one, rng);
      CHECK(formula(x) == Approx(one.truth(x[0], x[1], x[2])).epsilon(1e-13).margin(1e-14));
    }
  }
}

TEST_CASE("a formula's gradient is its central difference", "[expression]") {
  Rng rng(2);
  for (const Case& one : cases()) {
    INFO(one.text);
    const Expression formula = compiled(one.text);
    const ScalarField field = formula.field();
    for (int i = 0; i < 20; ++i) {
      const Vector x = random_point(one, rng);
      Vector gradient(3);
      CHECK(formula(x, gradient) == formula(x));
      const Vector difference = central_difference(field, x, Vector::Ones(3), 1e-6);
      // A jump or a pole within the step is none of the gradient's business.
      if (difference.cwiseAbs().maxCoeff() > 1e4) continue;
      CHECK(near(gradient, difference, 1e-6));
    }
  }
}

TEST_CASE("rows have the values of their points to the last bit", "[expression]") {
  Rng rng(3);
  for (const Case& one : cases()) {
    INFO(one.text);
    const Expression formula = compiled(one.text);
    for (const Index n : {0, 1, 3, 256, 700}) {
      Points x(n, 3);
      for (Index i = 0; i < n; ++i) x.row(i) = random_point(one, rng).transpose();
      const Vector values = formula.on_rows(x);
      REQUIRE(values.size() == n);
      for (Index i = 0; i < n; ++i) {
        if (values[i] != formula(x.row(i).transpose())) FAIL_CHECK("row " << i);
      }
      CHECK(values == formula.field().on_rows(x));
    }
  }
}

TEST_CASE("operators bind as they do on paper", "[expression]") {
  CHECK(value("-x^2", 3) == -9);
  CHECK(value("(-x)^2", 3) == 9);
  CHECK(value("2^3^2") == 512);
  CHECK(value("(2^3)^2") == 64);
  CHECK(value("2^-1") == 0.5);
  CHECK(value("2^-1^2") == 0.5);  // 2^(-(1^2))
  CHECK(value("-2^-2") == -0.25);
  CHECK(value("8 - 3 - 2") == 3);
  CHECK(value("16 / 4 / 2") == 2);
  CHECK(value("16 / 4 * 2") == 8);
  CHECK(value("2 * 3 ^ 2") == 18);
  CHECK(value("1 + 2 * 3 - 4 / 2") == 5);
  CHECK(value("- - 3") == 3);
  CHECK(value("2 - -3") == 5);
  CHECK(value("2 * -3") == -6);
  CHECK(value("1 + 1 < 3") == 1);
  CHECK(value("1 < 2 && 3 < 2 || 1 < 2") == 1);
  CHECK(value("1 < 2 || 1 < 2 && 3 < 2") == 1);
  CHECK(value("1 < 2 ? 3 : 1 < 2 ? 4 : 5") == 3);
  CHECK(value("1 > 2 ? 3 : 1 > 2 ? 4 : 5") == 5);
  CHECK(value("1 < 2 ? 1 > 2 ? 6 : 7 : 8") == 7);
  CHECK(value("1 < 2 ? 3 : 4 + 5") == 3);
  CHECK(value("!(1 > 2) && 1 < 2") == 1);
  CHECK(value("!(1 < 2) == (1 > 2)") == 1);
}

TEST_CASE("chains of comparisons hold where each of them does", "[expression]") {
  CHECK(value("1 < x <= 3", 3) == 1);
  CHECK(value("1 < x <= 3", 1) == 0);
  CHECK(value("3 > x >= 1 > y", 2, 0) == 1);
  CHECK(value("3 > x >= 1 > y", 2, 1) == 0);
  CHECK(value("1 == 1 == 1") == 1);
  CHECK(value("0 == 0 == 1") == 0);
  CHECK(value("5 > 3 > 1") == 1);  // in C: (5 > 3) > 1 is false
}

TEST_CASE("numbers are read as they are written, whatever the locale", "[expression]") {
  CHECK(value("1.5e3") == 1500);
  CHECK(value(".5") == 0.5);
  CHECK(value("5.") == 5);
  CHECK(value("1E-2") == 0.01);
  CHECK(value("0.1") == 0.1);
  CHECK(value("1e+2") == 100);
  CHECK(value("\t1\n+\r1 ") == 2);
}

TEST_CASE("a name of the user's hides pi and e, and a function's name may be a variable",
          "[expression]") {
  CHECK(value("pi") == std::numbers::pi);
  CHECK(value("e") == std::numbers::e);
  const Symbols own{{"pi", "min"}, {}, {{"e", 2.0}}, {}};
  CHECK(Expression("pi + e + min(min, 7)", own)(Vector{{1.0, 5.0}}) == 8);
}

TEST_CASE("derived quantities stand for their formulas", "[expression]") {
  Symbols symbols = xy();
  symbols.derived.emplace_back("q", Expression("x^2 + y", symbols));
  symbols.derived.emplace_back("r", Expression("q * sin(z) + q", symbols));
  const Expression formula("r / q + r", symbols);
  const Vector x{{1.5, 0.5, 0.7}};
  const double q = 1.5 * 1.5 + 0.5, r = q * std::sin(0.7) + q;
  CHECK(formula(x) == Approx(r / q + r).epsilon(1e-15));
  Vector gradient(3);
  formula(x, gradient);
  CHECK(near(gradient, central_difference(formula.field(), x, Vector::Ones(3)), 1e-8));
  CHECK(Expression("q", symbols).uses() == std::vector<bool>{true, true, false});
}

TEST_CASE("a text is compared with the labels of a categorical variable", "[expression]") {
  const Symbols symbols{{"t", "material"}, {{}, {"AL6061", "CFRP", "Ti 6"}}, {}, {}};
  const Expression formula("material == \"CFRP\" ? 2*t : t", symbols);
  CHECK(formula(Vector{{3, 0}}) == 3);
  CHECK(formula(Vector{{3, 1}}) == 6);
  CHECK(Expression("'Ti 6' != material", symbols)(Vector{{0, 2}}) == 0);
  CHECK(Expression("'Ti 6' != material", symbols)(Vector{{0, 1}}) == 1);
  CHECK(Expression("material == 1", symbols)(Vector{{0, 1}}) == 1);
  CHECK(contains(refusal("material == \"CFPR\"", symbols),
                 "expected a value of 'material', got the text \"CFPR\"; did you mean 'CFRP'?"));
  CHECK(contains(refusal("t == \"CFRP\"", symbols),
                 "expected a number beside 't', which is not categorical; got the text \"CFRP\""));
  CHECK(contains(refusal("material < \"CFRP\"", symbols),
                 "expected == or != beside a text, got '<'"));
  CHECK(contains(refusal("2*t == \"CFRP\"", symbols),
                 "expected a categorical variable beside the text \"CFRP\", got '2'"));
  CHECK(contains(refusal("\"CFRP\" + 1 > 2", symbols),
                 "expected a number, got the text \"CFRP\"; a text is compared"));
  CHECK(contains(refusal("\"a\" == \"b\"", symbols), "expected a categorical variable"));
  CHECK(contains(refusal("material == \"CFRP", symbols), "to end with a quote"));
}

TEST_CASE("what is undefined is not a number, and nothing is thrown", "[expression]") {
  CHECK(std::isnan(value("log(x)", -1)));
  CHECK(std::isnan(value("sqrt(x)", -1)));
  CHECK(std::isnan(value("(-8)^(1/3)")));
  CHECK(std::isnan(value("x / y")));
  CHECK(value("1 / x") == kInfinity);
  CHECK(value("log(x)") == -kInfinity);
  for (const std::string text : {"min(x, 1)", "min(1, x)", "max(x, 1)", "max(1, x)", "sign(x)",
                                 "clamp(x, 0, 1)", "floor(x)", "abs(x)"}) {
    INFO(text);
    CHECK(std::isnan(value(text, kNaN)));
  }
  for (const std::string text : {"x < 1", "x >= 1", "x == x"}) CHECK(value(text, kNaN) == 0);
  CHECK(value("x != x", kNaN) == 1);
}

TEST_CASE("the branch not taken leaves value and gradient alone", "[expression]") {
  const Vector negative{{-2, 1, 1}};
  CHECK(value("x > 0 ? sqrt(x) : x^2", -2) == 4);
  CHECK(gradient_of("x > 0 ? sqrt(x) : x^2", negative) == Vector{{-4, 0, 0}});
  CHECK(gradient_of("max(log(x*0), y)", Vector{{1, 2, 3}}) == Vector{{0, 1, 0}});
  CHECK(gradient_of("y + (x > 0 && log(x) > 1)", negative) == Vector{{0, 1, 0}});
}

TEST_CASE("gradients are right at the edges of powers", "[expression]") {
  CHECK(gradient_of("x^3", Vector{{-2, 0, 0}}) == Vector{{12, 0, 0}});
  CHECK(gradient_of("x^-1", Vector{{-2, 0, 0}}) == Vector{{-0.25, 0, 0}});
  CHECK(gradient_of("x^2", Vector{{0, 0, 0}}) == Vector{{0, 0, 0}});
  CHECK(gradient_of("x^1", Vector{{0, 0, 0}}) == Vector{{1, 0, 0}});
  CHECK(gradient_of("x^0", Vector{{0, 0, 0}}) == Vector{{0, 0, 0}});
  CHECK(gradient_of("x^y", Vector{{0, 2, 0}}) == Vector{{0, 0, 0}});
  CHECK(gradient_of("x^y", Vector{{1, 2, 0}}) == Vector{{2, 0, 0}});
}

TEST_CASE("a gradient at a kink is one of the one-sided ones", "[expression]") {
  for (const std::string text :
       {"abs(x)", "hypot(x, 0)", "max(x, -x)", "min(x, -x)", "clamp(x, 0, 1)"}) {
    INFO(text);
    const double slope = gradient_of(text, Vector{{0, 0, 0}})[0];
    CHECK((slope == 1 || slope == -1 || (slope == 0 && text[0] == 'c')));
  }
}

TEST_CASE("a formula knows its variables, whether it is a condition and whether it is smooth",
          "[expression]") {
  CHECK(compiled("x + z*0").uses() == std::vector<bool>{true, false, true});
  for (const std::string text : {"x < y", "x < y <= z", "x < 1 && y < 2", "!(x < 1)",
                                 "x < 1 || y < 1", "1 < 2", "x < 1 ? y < 1 : z < 1", "(x < y)"}) {
    CHECK(compiled(text).is_condition());
  }
  for (const std::string text : {"x", "(x < y) + 1", "x < 1 ? y : z", "-(x < 1)"}) {
    CHECK_FALSE(compiled(text).is_condition());
  }
  for (const std::string text : {"sin(x)", "abs(x) + max(x, y)", "x < y", "x < y < z && x == 1"}) {
    CHECK(compiled(text).is_smooth());
  }
  for (const std::string text :
       {"floor(x)", "x < 1 ? y : z", "x < 1 || y < 1", "!(x < 1)", "(x < 1) * 3", "x != y",
        "ceil(x) < 2", "x + round(y)", "sign(x)"}) {
    CHECK_FALSE(compiled(text).is_smooth());
  }
}

TEST_CASE("a condition becomes fields that are at most zero where it holds", "[expression]") {
  Rng rng(4);
  for (const std::string text :
       {"x <= y", "x > y*z", "x < y <= z", "x < 1 && y > -1 && z^2 < 4",
        "(x < 1 && y < 1) && z < 1", "x < 1 || y < 1", "x < 1 && (y < 1 || z < 1)", "!(x < 1)",
        "x != 1", "x < 0 ? y < 0 : z < 0", "floor(x) == 1", "1 < 2", "1 > 2"}) {
    INFO(text);
    const Expression condition = compiled(text);
    const std::vector<ScalarField> fields = inequalities(condition);
    Points rows(200, 3);
    for (Index i = 0; i < rows.size(); ++i) rows.data()[i] = 4 * rng.uniform() - 2;
    for (Index i = 0; i < rows.rows(); ++i) {
      bool holds = true;
      for (const ScalarField& field : fields) {
        const double one = field(rows.row(i).transpose());
        holds = holds && one <= 0.0;
        CHECK(one == field.on_rows(rows)[i]);
      }
      CHECK(holds == (condition(rows.row(i).transpose()) == 1.0));
    }
  }
}

TEST_CASE("each comparison of a conjunction is a field with its gradient", "[expression]") {
  const std::vector<ScalarField> fields = inequalities(compiled("0 <= x*y < z && z == x^2"));
  REQUIRE(fields.size() == 3);
  const Vector x{{1.5, -2.5, 0.75}};
  CHECK(fields[0](x) == 3.75);
  CHECK(fields[1](x) == -4.5);
  CHECK(fields[2](x) == 1.5);
  for (const ScalarField& field : fields) {
    REQUIRE(field.has_gradient());
    Vector gradient(3);
    CHECK(field(x, gradient) == field(x));
    CHECK(near(gradient, central_difference(field, x, Vector::Ones(3)), 1e-8));
  }
}

TEST_CASE("a condition without slopes is one field of zero and one", "[expression]") {
  for (const std::string text :
       {"x < 1 || y < 1", "!(x >= 1)", "x != 2", "x < 1 ? y < 1 : z < 1"}) {
    const std::vector<ScalarField> fields = inequalities(compiled(text));
    REQUIRE(fields.size() == 1);
    CHECK_FALSE(fields[0].has_gradient());
    CHECK(fields[0](Vector{{0.5, 0, 0}}) == 0);
    CHECK(fields[0](Vector{{2, 2, 2}}) == 1);
  }
  CHECK(inequalities(compiled("x < 1 && (y < 1 || z < 1) && z < 5")).size() == 3);
}

TEST_CASE("an inequality with a side that is not a number is violated without bound",
          "[expression]") {
  for (const std::string text : {"log(x) < 1", "log(x) > 1", "1 <= log(x)", "log(x) == 1"}) {
    CHECK(inequalities(compiled(text))[0](Vector{{-1, 0, 0}}) == kInfinity);
  }
  CHECK(inequalities(compiled("1/x <= 2/x"))[0](Vector{{0, 0, 0}}) == 0);
  CHECK(inequalities(compiled("1/x < 2/x"))[0](Vector{{0, 0, 0}}) == kInfinity);
}

TEST_CASE("a strict inequality excludes equality, an equality nothing else", "[expression]") {
  CHECK(inequalities(compiled("x < 5"))[0](Vector{{5, 0, 0}}) > 0);
  CHECK(inequalities(compiled("x <= 5"))[0](Vector{{5, 0, 0}}) == 0);
  CHECK(inequalities(compiled("x == 5"))[0](Vector{{5, 0, 0}}) == 0);
  CHECK(inequalities(compiled("x > 5"))[0](Vector{{5, 0, 0}}) > 0);
}

TEST_CASE("inequalities() wants a condition", "[expression]") {
  CHECK(message_of<StudyError>([] { inequalities(compiled("x + 1")); }) ==
        "x + 1\nexpected a condition such as 'a <= b', got a number");
}

TEST_CASE("a formula that cannot be read is shown with a caret under the place", "[expression]") {
  CHECK(refusal("x + * y") == "x + * y\n    ^\nexpected a number, a name or '(', got '*'");
  CHECK(refusal("x +") ==
        "x +\n   ^\nexpected a number, a name or '(', got the end of the formula");
  CHECK(refusal("(x + y") ==
        "(x + y\n      ^\nexpected an operator or ')', got the end of the formula");
  CHECK(refusal("x y") ==
        "x y\n  ^\nexpected an operator or the end of the formula, got 'y'; a product is written "
        "with *");
  const std::vector<std::pair<std::string, std::string>> table = {
      {"x)", "expected an operator or the end of the formula, got ')'"},
      {"2x", "got 'x'; a product is written with *"},
      {"x(3)", "got '('; a product is written with *"},
      {"x < 1 and y < 1", "got 'and'; and is written &&"},
      {"x < 1 or y < 1", "got 'or'; or is written ||"},
      {"x ** 2", "got '**'; a power is written ^"},
      {"x = 2", "got '='; equality is written =="},
      {"x & y", "got '&'; and is written &&"},
      {"x \u2264 2", "got '\u2264'; write <="},
      {"x % 2", "expected an operator, a number or a name, got '%'"},
      {"1e999", "expected a number between 1e-307 and 1e308"},
      {"xx + 1", "expected a known name, got 'xx'; did you mean 'x'?"},
      {"roh * x", "expected a known name, got 'roh'; did you mean 'rho'?"},
      {"wing * x", "got 'wing'; known are 'x', 'y', 'z' and 'rho'"},
      {"sinn(x)", "expected a known function, got 'sinn'; did you mean 'sin'?"},
      {"ln(x)", "got 'ln'; the natural logarithm is 'log'"},
      {"sin + 1", "expected '(' after the function 'sin', got '+'"},
      {"sin(x, y)", "expected 1 argument of 'sin', got 2"},
      {"atan2(x)", "expected 2 arguments of 'atan2', got 1"},
      {"min(x)", "expected at least 2 arguments of 'min', got 1"},
      {"clamp(x, 1)", "expected 3 arguments of 'clamp', got 2"},
      {"sin()", "expected 1 argument of 'sin', got 0"},
      {"min(x, )", "expected a number, a name or '(', got ')'"},
      {"min(x y)", "expected an operator, ',' or ')', got 'y'"},
      {"x < 1 ? y", "expected an operator or ':', got the end of the formula"},
      {"x ? y : z", "expected a condition before '?', got a number"},
      {"x && y < 1", "expected a condition on the left of '&&', got a number"},
      {"y < 1 || x", "expected a condition on the right of '||', got a number"},
      {"!x < 1", "expected a condition after '!', got a number"},
      {"()", "expected a number, a name or '(', got ')'"},
      {"", "expected a formula, got none"},
      {" \n ", "expected a formula, got none"},
      {"x, y", "expected an operator or the end of the formula, got ','"},
  };
  for (const auto& [text, words] : table) {
    INFO(text);
    CHECK(contains(refusal(text), words));
  }
}

TEST_CASE("the caret counts characters and skips line breaks", "[expression]") {
  CHECK(refusal("x +\n '\u00B0' + y") ==
        "x +  '\u00B0' + y\n     ^\nexpected a number, got the text "
        "\"\u00B0\"; a text is compared with a categorical "
        "variable by == or !=");
  CHECK(
      contains(refusal("(x == '\u00B0\u00B0') + wing"), "(x == '\u00B0\u00B0') + wing\n      ^\n"));
  const std::string long_one = concat(std::string(200, '1'), " + wing + ", std::string(200, '1'));
  const std::string words = refusal(long_one);
  CHECK(words.find("...") == 0);
  const std::size_t line = words.find('\n');
  CHECK(words.find('^', line) - line - 1 == words.find("wing"));
}

TEST_CASE("formulas are limited in length, depth and steps", "[expression]") {
  const auto repeated = [](const std::string& part, int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += part;
    return text;
  };
  CHECK(contains(refusal(repeated("x+", 2048) + "xx"), "at most 4096 characters, got 4098"));
  CHECK(value(repeated("x+", 2047) + "x", 1) == 2048);
  const std::string deep = "expected at most 200 levels of nesting, got more";
  CHECK(value(repeated("(", 200) + "x" + repeated(")", 200), 3) == 3);
  CHECK(contains(refusal(repeated("(", 201) + "x" + repeated(")", 201)), deep));
  CHECK(value(repeated("-", 200) + "x", 3) == 3);
  for (const std::string& text :
       {repeated("(", 4000), repeated("-", 4000) + "x", repeated("!", 4000) + "x",
        repeated("+-", 2000) + "x", repeated("x^", 2000) + "x", repeated("2^-", 1300) + "x",
        repeated("x<1?y:", 600) + "x", repeated("x<1?", 900) + "x", repeated("sin(", 900) + "x",
        repeated("-(", 1500) + "x"}) {
    CHECK(contains(refusal(text), deep));
  }
  Symbols symbols = xy();
  symbols.derived.emplace_back("q", Expression(repeated("x*y+", 900) + "x", symbols));
  // Each quantity writes out the one before it, and q once more.
  std::string words;
  std::string before = "q";
  for (int i = 0; i < 20 && words.empty(); ++i) {
    const std::string name = concat("q", i);
    words = message_of<StudyError>(
        [&] { symbols.derived.emplace_back(name, Expression(concat(before, "+2*q"), symbols)); });
    before = name;
  }
  CHECK(contains(words, "expected at most 10000 operations, derived quantities written out"));
}

TEST_CASE("a point of another dimension is refused", "[expression]") {
  CHECK(contains(message_of<ArgumentError>([] { compiled("x")(Vector::Zero(2)); }),
                 "a point needs 3 coordinates, got 2"));
  CHECK(contains(message_of<ArgumentError>([] { compiled("x").on_rows(Points::Zero(4, 2)); }),
                 "a point needs 3 coordinates, got 2"));
  const Expression other("a", {{"a"}, {}, {}, {}});
  Symbols symbols = xy();
  symbols.derived.emplace_back("q", other);
  CHECK(contains(message_of<ArgumentError>([&] { Expression("q + 1", symbols); }),
                 "a derived quantity is over 1 variables, the formula over 3"));
}
