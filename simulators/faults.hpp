#pragma once

#include <span>
#include <string>
#include <string_view>

#include "protocol.hpp"

/// The faults that one process of a simulator can commit.
namespace sonde_simulator {

/// How far a fault goes before it ends by itself, so that none outlives a test for long.
struct Bounds {
  double hang_seconds = 3600.0;
  double slow_seconds = 0.2;
  double orphan_seconds = 30.0;
  std::size_t memory_bytes = std::size_t{256} << 20;
  std::size_t disk_bytes = std::size_t{16} << 20;
  std::size_t flood_bytes = std::size_t{5} << 20;  ///< to each of the two streams
};

/// One simulation about to go wrong.
struct Case {
  const Simulator& simulator;
  const Request& request;
  const Bounds& bounds;
  bool files;  ///< also leave result.json and run.log in the working directory
};

/// What a caller who looks at everything must make of the run.
enum class Due { Ok, Failed, TimedOut };

struct Fault {
  std::string_view name;
  Due due;
  std::string_view what;       ///< what the process does
  int (*commit)(const Case&);  ///< returns the exit status, where it returns
};

/// All of them; the first, "none", answers well.
std::span<const Fault> faults();

/// nullptr where there is no fault of that name.
const Fault* fault_named(std::string_view name);

}  // namespace sonde_simulator
