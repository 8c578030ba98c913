#include "oracle/number.hpp"

#include <cmath>

#include "support/catch.hpp"

namespace sonde {
namespace {

TEST_CASE("numbers are read as C and Fortran write them", "[number]") {
  CHECK(number_in("1.5") == 1.5);
  CHECK(number_in("  -2e3\r\n") == -2000.0);
  CHECK(number_in("+7") == 7.0);
  CHECK(number_in(".5") == 0.5);
  CHECK(number_in("5.") == 5.0);
  CHECK(number_in("1.5D+03") == 1500.0);
  CHECK(number_in("-0.25d-2") == -0.0025);
  CHECK(number_in("0.5-103") == 0.5e-103);
  CHECK(number_in("1.25+101") == 1.25e101);
  CHECK(number_in("1e-400") == 0.0);
}

TEST_CASE("what is no number as a whole is none", "[number]") {
  for (const char* text : {"", " ", "1,5", "1.5 mm", "1.5e", "--1", "+-1", "1.5.2", "****", "0x10",
                           "1_000", "abc", "-", "1.5dd3", "5-103", "1-2"}) {
    INFO(text);
    CHECK_FALSE(number_in(text));
  }
}

TEST_CASE("the words for NaN and infinity are read as such", "[number]") {
  for (const char* text : {"nan", "NaN", "-nan", "NAN(ind)", "-nan(ind)", "1.#QNAN", "-1.#IND00"}) {
    INFO(text);
    REQUIRE(number_in(text));
    CHECK(std::isnan(*number_in(text)));
  }
  for (const char* text : {"inf", "Infinity", "+INF", "1.#INF", "1e999"}) {
    INFO(text);
    CHECK(number_in(text) == HUGE_VAL);
  }
  CHECK(number_in("-Infinity") == -HUGE_VAL);
}

TEST_CASE("shortest decimals read back as the same double", "[number]") {
  for (const double value : {0.1, 1.0 / 3.0, -2.5e-300, 1e22, 123456.0, 5e-324, -0.0}) {
    const std::string text = shortest_decimal(value);
    INFO(text);
    CHECK(std::signbit(*number_in(text)) == std::signbit(value));
    CHECK(*number_in(text) == value);
  }
  CHECK(shortest_decimal(0.1) == "0.1");
}

}  // namespace
}  // namespace sonde
