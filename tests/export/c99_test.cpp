#include "sonde/export/c99.hpp"

#include <cmath>
#include <cstdlib>

#include "export/c99_tables.hpp"
#include "sonde/base/error.hpp"
#include "sonde/space/design.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"

using namespace sonde;
using namespace sonde::testing_support;

// What the file computes is held against `sonde predict` by end_to_end/export_c99_test.py.

namespace {

Surrogate beam(const std::vector<Output>& outputs) {
  const Domain domain({Parameter::log("load", 1.0, 1e3, "N"), Parameter::integer("bolts", 2, 9),
                       Parameter::choice("steel", {"soft", "*/ hard", "a@b"})},
                      {{"safe", ScalarField([](VectorView x) { return x[0] - 900.0; })}});
  const Index m = static_cast<Index>(outputs.size());
  Dataset data{design::sobol(domain, 20, Rng(1)), Matrix(20, m)};
  for (Index i = 0; i < 20; ++i)
    data.y.row(i).setConstant(std::log(data.x(i, 0)) + data.x(i, 1) + data.x(i, 2));
  ModelOptions options;
  options.stack = {{}};
  return Surrogate::fit(domain, outputs, data, options, Matrix(0, 0), Rng(2));
}

}  // namespace

TEST_CASE("names become identifiers of C", "[c99]") {
  CHECK(c99_identifier("wing") == "wing");
  CHECK(c99_identifier("wing-2 (new)") == "wing_2_new");
  CHECK(c99_identifier("__a__b") == "a_b");
  CHECK(c99_identifier("2nd") == "n2nd");
  CHECK(c99_identifier("\xCE\xB7") == "surrogate");
  CHECK(c99_identifier("") == "surrogate");
}

TEST_CASE("numbers are written so that they read back the same", "[c99]") {
  for (const double value : {0.1, -1.0 / 3.0, 1e-300, 1e300, 5e-324, 2.0, 0.0}) {
    CHECK(std::strtod(c99::literal(value).c_str(), nullptr) == value);
    CHECK(c99::literal(value).find('p') != std::string::npos);
  }
}

TEST_CASE("the comment on top says what the inputs and outputs are", "[c99]") {
  const std::string text =
      export_c99(beam({{"stress", "MPa"}}), {.name = "beam", .title = "A */ beam"});
  for (const char* part :
       {"/* A * / beam: a surrogate of 20 runs", "x[0] load, N, 1 to 1000",
        "x[1] bolts, 2 to 9, whole", "x[2] steel, a choice: 0 soft, 1 * / hard, 2 a@b",
        "stress, MPa: beam_stress()", " *   safe\n", "#include <math.h>",
        "double beam_stress_mean(const double *x);", "enum { BEAM_INPUTS = 3 };"})
    CHECK(contains(text, part));
  const std::string code = text.substr(text.find("#ifndef"));
  CHECK(code.find('@') == std::string::npos);
  CHECK(code.find("include", code.find("<math.h>")) == std::string::npos);
}

TEST_CASE("outputs whose names would give the same function get others", "[c99]") {
  const std::string text =
      export_c99(beam({{"y", "1"}, {"y_mean", "1"}, {"y mean", "1"}, {"*", "1"}}), {.name = "b"});
  for (const char* part :
       {"y: b_y()", "y_mean: b_y_mean_2()", "y mean: b_y_mean_3()", "*: b_surrogate()"})
    CHECK(contains(text, part));
}
