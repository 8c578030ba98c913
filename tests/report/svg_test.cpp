#include "report/svg.hpp"

#include <algorithm>
#include <limits>

#include "support/catch.hpp"
#include "support/matchers.hpp"

using namespace sonde::report;
using sonde::testing_support::contains;

namespace {

std::vector<std::string> labels(const Ticks& found) {
  std::vector<std::string> words;
  for (const Tick& tick : found.at) words.push_back(tick.label);
  return words;
}

using Words = std::vector<std::string>;
constexpr double missing = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("text from outside cannot become markup", "[svg]") {
  CHECK(escaped("<a href=\"x\" onclick='y'>&\x01") ==
        "&lt;a href=&quot;x&quot; onclick=&#39;y&#39;&gt;&amp; ");
}

TEST_CASE("numbers read as people write them", "[svg]") {
  CHECK(number(0.0) == "0");
  CHECK(number(12345.0) == "12345");
  CHECK(number(-0.5) == "\u22120.5000");
  CHECK(number(3.14159265, 3) == "3.14");
  CHECK(number(1.5e-7) == "1.500\u00b710\u207b\u2077");
  CHECK(number(-2.25e12, 3) == "\u22122.25\u00b710\u00b9\u00b2");
  CHECK(number(missing) == "\u2013");
}

TEST_CASE("ticks of an axis are round", "[svg]") {
  CHECK(labels(ticks({-0.3, 1.2}, 4)) == Words{"0.0", "0.5", "1.0"});
  CHECK(labels(ticks({-25, 25}, 5)) == Words{"\u221220", "\u221210", "0", "10", "20"});
}

TEST_CASE("ticks of large and small numbers share a factor", "[svg]") {
  const Ticks large = ticks({0, 3.2e6}, 4);
  CHECK(large.factor == "\u00d710\u2076");
  CHECK(labels(large) == Words{"0", "1", "2", "3"});
  CHECK(ticks({0, 4e-6}, 4).factor == "\u00d710\u207b\u2076");
}

TEST_CASE("ticks of a log axis are powers of ten, or parts of one", "[svg]") {
  CHECK(labels(ticks({1e5, 1e7, true}, 3)) == Words{"10\u2075", "10\u2076", "10\u2077"});
  CHECK(labels(ticks({0.04, 0.6, true}, 5)) == Words{"0.05", "0.1", "0.2", "0.5"});
  // Less than a decade without a power of ten in it.
  CHECK(ticks({2.1, 2.9, true}, 4).at.size() >= 2);
}

TEST_CASE("a range covers what is finite, and is never empty", "[svg]") {
  const Range some = covering(std::vector<double>{1.0, missing, 3.0}, false, 0.1);
  CHECK(some.lower == Approx(0.8));
  CHECK(some.upper == Approx(3.2));
  for (const std::vector<double>& values :
       {std::vector<double>{}, {missing}, {0.0}, {5.0}, {-1e-300}, {1e300, 1e300}}) {
    const Range range = covering(values);
    CHECK(range.lower < range.upper);
    const Range log = covering(values, true);
    CHECK((log.lower > 0.0 && log.lower < log.upper));
  }
}

TEST_CASE("a line is interrupted where a value is missing", "[svg]") {
  Chart chart(300, 200, {0, 4}, {"x", "mm", false, {}}, {0, 4}, {"y <z>"});
  const std::vector<double> x = {0, 1, 2, 3, 4};
  const std::vector<double> y = {0, 1, missing, 3, 4};
  chart.line(x, y, "line");
  const std::string text = chart.str();
  const std::size_t path = text.find("<path class=\"line\"");
  REQUIRE(path != std::string::npos);
  const std::string d = text.substr(path, text.find("/>", path) - path);
  CHECK(std::count(d.begin(), d.end(), 'M') == 2);
  CHECK(std::count(d.begin(), d.end(), 'L') == 2);
  CHECK(contains(text, "y &lt;z&gt;"));
  CHECK(contains(text, "mm"));
}
