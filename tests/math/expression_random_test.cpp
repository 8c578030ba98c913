#include <cmath>
#include <functional>

#include "sonde/base/error.hpp"
#include "sonde/base/random.hpp"
#include "sonde/math/expression.hpp"
#include "support/matchers.hpp"

using namespace sonde;
using testing_support::central_difference;

namespace {

// A random formula together with its meaning, built from the same random numbers.
struct Made {
  std::string text;
  std::function<double(const Vector&)> truth;
};

class Maker {
 public:
  explicit Maker(Rng rng) : rng_(rng) {}

  Made number(int depth) {
    switch (depth == 0 ? rng_.below(2) : rng_.below(9)) {
      case 0: {
        const auto i = static_cast<Index>(rng_.below(3));
        return {std::string(1, "xyz"[i]), [i](const Vector& x) { return x[i]; }};
      }
      case 1: {
        const double value = static_cast<double>(rng_.below(40)) / 8;
        return {concat(value), [value](const Vector&) { return value; }};
      }
      case 2:
        return binary(depth, "+", [](double a, double b) { return a + b; });
      case 3:
        return binary(depth, "-", [](double a, double b) { return a - b; });
      case 4:
        return binary(depth, "*", [](double a, double b) { return a * b; });
      case 5:
        return binary(depth, "/", [](double a, double b) { return a / b; });
      case 6:
        return unary(depth, "sin", [](double a) { return std::sin(a); });
      case 7:
        return unary(depth, "-", [](double a) { return -a; });
      default: {
        const Made c = condition(depth - 1), a = number(depth - 1), b = number(depth - 1);
        return {"(" + c.text + " ? " + a.text + " : " + b.text + ")",
                [=](const Vector& x) { return c.truth(x) != 0 ? a.truth(x) : b.truth(x); }};
      }
    }
  }

  Made condition(int depth) {
    const Made a = number(depth), b = number(depth);
    return {a.text + " <= " + b.text,
            [=](const Vector& x) { return a.truth(x) <= b.truth(x) ? 1.0 : 0.0; }};
  }

  std::string noise(const std::string& alphabet) {
    std::string text;
    for (std::uint64_t n = 1 + rng_.below(30); n > 0; --n) {
      text += alphabet[rng_.below(alphabet.size())];
    }
    return text;
  }

 private:
  // Parentheses only here and there: precedence is under test, so they follow the meaning.
  Made binary(int depth, const std::string& symbol, std::function<double(double, double)> f) {
    const Made a = number(depth - 1), b = number(depth - 1);
    return {"(" + a.text + ")" + symbol + "(" + b.text + ")",
            [=](const Vector& x) { return f(a.truth(x), b.truth(x)); }};
  }
  Made unary(int depth, const std::string& name, std::function<double(double)> f) {
    const Made a = number(depth - 1);
    return {name + "(" + a.text + ")", [=](const Vector& x) { return f(a.truth(x)); }};
  }

  Rng rng_;
};

const Symbols kSymbols{{"x", "y", "z"}, {}, {}, {}};

bool same(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

}  // namespace

TEST_CASE("random formulas have their meaning, by points and by rows", "[expression]") {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Rng rng = Rng(seed).child("points");
    const Made made = Maker(Rng(seed)).number(5);
    INFO(made.text);
    if (made.text.size() > 4096) continue;
    const Expression formula(made.text, kSymbols);
    Points x(20, 3);
    for (Index i = 0; i < x.size(); ++i) x.data()[i] = 6 * rng.uniform() - 3;
    const Vector rows = formula.on_rows(x);
    for (Index i = 0; i < x.rows(); ++i) {
      const Vector point = x.row(i).transpose();
      CHECK(same(formula(point), made.truth(point)));
      CHECK(same(rows[i], formula(point)));
    }
  }
}

TEST_CASE("gradients of random formulas are their central differences", "[expression]") {
  int compared = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Rng rng = Rng(seed).child("points");
    const Made made = Maker(Rng(seed)).number(4);
    INFO(made.text);
    const Expression formula(made.text, kSymbols);
    const Vector x{{6 * rng.uniform() - 3, 6 * rng.uniform() - 3, 6 * rng.uniform() - 3}};
    Vector gradient(3);
    const double value = formula(x, gradient);
    if (!std::isfinite(value) || std::abs(value) > 1e3) continue;
    // Two step lengths that agree show that no pole and no jump is near.
    const Vector coarse = central_difference(formula.field(), x, Vector::Ones(3), 1e-4);
    const Vector fine = central_difference(formula.field(), x, Vector::Ones(3), 1e-5);
    if (!coarse.allFinite() || !((coarse - fine).norm() < 1e-5 * (1 + fine.norm()))) continue;
    if (fine.norm() > 1e3) continue;
    ++compared;
    CHECK(testing_support::near(gradient, fine, 1e-4));
  }
  CHECK(compared > 150);
}

TEST_CASE("whatever is written, a formula or a message comes out", "[expression]") {
  int refused = 0;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    Maker maker{Rng(seed)};
    const std::string text = seed % 2 == 0
                                 ? maker.noise("xyz()+-*/^<>=!&|?:,. 12e'\"sin\xE2\x89\xA4")
                                 : maker.noise("xy12()+*?:<");
    try {
      Expression(text, kSymbols)(Vector::Ones(3));
    } catch (const StudyError& failure) {
      ++refused;
      const std::string words = failure.what();
      CHECK(words.find("expected") != std::string::npos);
    }
  }
  CHECK(refused > 1000);
}
