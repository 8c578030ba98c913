#include "sonde/base/parallel.hpp"

#include <stdexcept>
#include <string>
#include <vector>

#include "support/catch.hpp"

using sonde::Index;
using sonde::parallel_for;

TEST_CASE("each index is visited once, on any number of threads", "[parallel]") {
  for (const int threads : {1, 2, 7}) {
    std::vector<int> visits(1000, 0);
    parallel_for(1000, threads, [&](Index i) { ++visits[static_cast<std::size_t>(i)]; });
    CHECK(visits == std::vector<int>(1000, 1));
  }
}

TEST_CASE("the exception of the lowest index is rethrown after all others finished", "[parallel]") {
  for (const int threads : {1, 4}) {
    std::vector<int> visits(100, 0);
    std::string message;
    try {
      parallel_for(100, threads, [&](Index i) {
        ++visits[static_cast<std::size_t>(i)];
        if (i == 80 || i == 20) throw std::runtime_error(std::to_string(i));
      });
    } catch (const std::runtime_error& failure) {
      message = failure.what();
    }
    CHECK(message == "20");
    CHECK(visits == std::vector<int>(100, 1));
  }
}

TEST_CASE("nothing is called for no indices", "[parallel]") {
  parallel_for(0, 4, [](Index) { FAIL("called"); });
}
