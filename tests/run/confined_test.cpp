#include "run/confined.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <functional>
#include <stdexcept>
#include <string>

#include "support/catch.hpp"
#include "support/matchers.hpp"

using namespace sonde;
using namespace sonde::testing_support;

namespace {

std::string death(const std::function<std::string()>& act, const Confinement& bounds = {}) {
  return message_of<ChildDied>([&] { confined(act, bounds); });
}

}  // namespace

TEST_CASE("what a confined child returns comes back whole", "[confined]") {
  CHECK(confined([] { return std::string(); }).empty());
  const std::string long_text = std::string(3u << 20, 'a') + std::string(1, '\0') + "b";
  CHECK(confined([&] { return long_text; }) == long_text);
}

TEST_CASE("what a confined child throws is thrown, with its message", "[confined]") {
  const auto act = []() -> std::string { throw std::runtime_error("the third is bad"); };
  CHECK(message_of<StoreError>([&] { confined(act); }) == "the third is bad");
}

TEST_CASE("a confined child that breaks down does so alone", "[confined]") {
  const auto with = [](int signal) {
    return death([signal]() -> std::string {
      ::raise(signal);
      return "";
    });
  };
  CHECK(with(SIGSEGV) == "broke down (Segmentation fault)");
  CHECK(with(SIGABRT) == "broke down (Aborted)");
  CHECK(death([]() -> std::string { ::_exit(3); }) == "broke down (exit status 3)");
}

TEST_CASE("a confined child that never ends is ended", "[confined]") {
  const auto forever = []() -> std::string {
    for (;;) ::pause();
  };
  CHECK(death(forever, {.wall_seconds = 0.2}) == "took longer than 0.2 s");
  const auto busily = []() -> std::string {
    for (std::atomic<int> turns{0};; ++turns) {
    }
  };
  CHECK(death(busily, {.cpu_seconds = 1}) == "took more than 1 s of CPU time");
}

TEST_CASE("a confined child has bounds on memory and on what it returns", "[confined]") {
  const auto greedy = [] {
    void* place =
        ::mmap(nullptr, 256u << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return std::string(place == MAP_FAILED ? "refused" : "given");
  };
  CHECK(confined(greedy, {.memory = 64u << 20}) == "refused");
  CHECK(confined(greedy) == "given");
  CHECK(death([] { return std::string(3u << 20, 'a'); }, {.most = 1u << 20}) ==
        "gave more than 1 MiB");
}

TEST_CASE("a child that opens no more files opens none, and its parent still does", "[confined]") {
  const auto opened = [] {
    const int number = ::open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    if (number >= 0) ::close(number);
    return number >= 0;
  };
  const auto act = [&] {
    const bool before = opened();
    open_no_more_files();
    return std::string(before && !opened() ? "kept out" : "let in");
  };
  CHECK(confined(act) == "kept out");
  CHECK(opened());
}
