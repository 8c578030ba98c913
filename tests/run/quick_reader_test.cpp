#include "run/quick_reader.hpp"
#include "run/journal_record.hpp"

#include <string>
#include <variant>

#include "sonde/base/error.hpp"
#include "support/catch.hpp"

namespace sonde {
namespace {

std::string answered_with(const std::string& number) {
  return R"({"kind":"answered","seq":3,"id":0,"status":"ok","y":[)" + number +
         R"(],"seconds":0.5,"failure":"","message":"","attempts":1,"host":"n","started":1.0,"ended":1.5})";
}

TEST_CASE("what is read quickly is what a reader of any JSON reads", "[quick]") {
  for (const char* number : {"1.5", "-0.0", "5e-324", "1E+22", "0", "-12", "\"nan\"", "\"-inf\""}) {
    const auto quick = record::quickly_read(answered_with(number));
    REQUIRE(quick);
    const record::Record slow = record::read(" " + answered_with(number));
    CHECK(record::write(3, std::get<Event>(quick->content), "") ==
          record::write(3, std::get<Event>(slow.content), ""));
  }
}

TEST_CASE("numbers that are none in JSON are not read quickly", "[quick]") {
  for (const char* number : {"05", "-05.2", "1.", "1.e5", ".5", "+1", "0x1", "1e999", "nan"})
    CHECK_FALSE(record::quickly_read(answered_with(number)));
}

TEST_CASE("what is no whole number is refused where one is expected", "[quick]") {
  for (const std::string number : {"1e128", "1.5", "-1e300", "\"1\"", "null"}) {
    CAPTURE(number);
    CHECK_THROWS_AS(
        record::read(R"({"kind":"leased","ids":[0],"who":"","until":1.0,"seq":)" + number + "}"),
        StoreError);
    CHECK_THROWS_AS(
        record::read(R"({"kind":"leased","seq":1,"who":"","until":1.0,"ids":[)" + number + "]}"),
        StoreError);
  }
}

}  // namespace
}  // namespace sonde
