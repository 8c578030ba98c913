#include "run/csv.hpp"

#include <cmath>

#include "sonde/base/error.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"

using namespace sonde;
using testing_support::contains;
using testing_support::message_of;

namespace {

const std::vector<Parameter> inputs{Parameter::linear("a", 0, 1), Parameter::integer("n", 0, 9),
                                    Parameter::choice("m", {"AL", "CF,RP"})};

std::string refusal(const std::string& text) {
  return message_of<ArgumentError>([&] { points_of(parse_csv(text, "p.csv"), inputs); });
}

}  // namespace

TEST_CASE("columns are found by their names, labels become their index", "[csv]") {
  const CsvTable table = parse_csv(
      "\xEF\xBB\xBF# earlier runs\nm, y ,n,a\r\n\"CF,RP\",1.5,3,1e-1\r\n\nAL,,4,+2\n", "p.csv");
  const Points x = points_of(table, inputs);
  REQUIRE(x.rows() == 2);
  CHECK(x.row(0) == Vector{{0.1, 3.0, 1.0}}.transpose());
  CHECK(x.row(1) == Vector{{2.0, 4.0, 0.0}}.transpose());
  const Matrix y = values_of(table, {{"y", "1"}, {"z", "1"}});
  CHECK(y(0, 0) == 1.5);
  CHECK(std::isnan(y(1, 0)));
  CHECK(std::isnan(y(0, 1)));
}

TEST_CASE("a field is written so that it reads back", "[csv]") {
  const std::string odd = "say \"no\", then\nleave";
  const CsvTable table = parse_csv("t\n" + csv_field(odd) + "\n", "p.csv");
  CHECK(table.rows[0][0] == odd);
  const std::string mark = "\xEF\xBB\xBFt";  // which at the begin of a file is none of its text
  CHECK(parse_csv(csv_field(mark) + "\n1\n", "p.csv").head[0] == mark);
  CHECK(format_value(0.1, inputs[0]) == "0.1");
  CHECK(format_value(1.0, inputs[2]) == "CF,RP");
}

TEST_CASE("what is wrong with a table is said with its line and column", "[csv]") {
  CHECK(contains(refusal("a,n,M\n1,2,AL\n"), "p.csv: there is no column 'm'; did you mean 'M'?"));
  CHECK(contains(refusal("a,n,m\n1,2\n"), "p.csv:2: expected 3 fields as in the head, got 2"));
  CHECK(contains(refusal("a,n,m\n1,2,AL\nx,2,AL\n"),
                 "p.csv:3: column 'a': expected a number, got 'x'"));
  CHECK(contains(refusal("a,n,m\n1,2.5,AL\n"), "expected a whole number, got '2.5'"));
  CHECK(contains(refusal("a,n,m\n1,2,AK\n"), "'AK' is no value of 'm'; did you mean 'AL'?"));
  CHECK(contains(refusal(""), "got an empty file"));
}
