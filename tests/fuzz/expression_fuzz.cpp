#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "fuzz/fuzz.hpp"
#include "sonde/base/error.hpp"
#include "sonde/math/expression.hpp"

namespace {

using namespace sonde;

const Symbols& symbols() {
  static const Symbols known = [] {
    Symbols made{.variables = {"x", "y_1", "material"},
                 .labels = {{}, {}, {"AL", "CFRP"}},
                 .constants = {{"rho", 1.225}},
                 .derived = {}};
    made.derived.emplace_back("area", Expression("x * y_1 + rho", made));
    return made;
  }();
  return known;
}

bool same(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

void evaluate(const Expression& formula) {
  constexpr double huge = std::numeric_limits<double>::max();
  const std::array<std::array<double, 3>, 6> places{{{0.0, 0.0, 0.0},
                                                     {1.5, -2.0, 1.0},
                                                     {-0.25, 3.0, 0.0},
                                                     {huge, -huge, 1.0},
                                                     {1e-310, 7.0, 0.0},
                                                     {NAN, INFINITY, 1.0}}};
  Points rows(static_cast<Index>(places.size()), 3);
  for (Index i = 0; i < rows.rows(); ++i) {
    const auto& place = places[static_cast<std::size_t>(i)];
    rows.row(i) << place[0], place[1], place[2];
    const Vector x = rows.row(i).transpose();
    Vector gradient(3);
    const double value = formula(x);
    fuzz::expect(same(value, formula(x, gradient)), "a gradient changes no value");
    fuzz::expect(!formula.is_condition() || std::isnan(value) || value == 0.0 || value == 1.0,
                 "a condition holds or does not");
    for (Index j = 0; j < 3; ++j)
      fuzz::expect(formula.uses()[static_cast<std::size_t>(j)] || gradient[j] == 0.0,
                   "what does not stand in a formula does not change it");
  }
  fuzz::expect(formula.on_rows(rows).size() == rows.rows(), "a value a row");
  if (!formula.is_condition()) return;
  const bool holds = formula(rows.row(1).transpose()) == 1.0;
  bool all = true;
  for (const ScalarField& field : inequalities(formula)) {
    const double excess = field(rows.row(1).transpose());
    fuzz::expect(!std::isnan(excess), "an inequality holds or does not, by a number");
    all = all && excess <= 0.0;
  }
  fuzz::expect(!holds || all, "where a condition holds its inequalities do");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    evaluate(Expression(fuzz::text_of(data, size), symbols()));
  } catch (const StudyError&) {
  }
  return 0;
}
