#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "oracle/file.hpp"
#include "oracle/run_record.hpp"

namespace sonde {

/// A simulator that was started, or why it could not be.
struct Simulation {
  pid_t process = -1;       ///< also its process group; -1: it could not be started
  Descriptor output;        ///< what it writes to standard output; never blocks
  Descriptor error_output;  ///< to standard error
  std::string message;      ///< why not
};

/// Starts the simulator in the working directory, in a session of its own, with signals as a
/// program expects them and no descriptor but its streams. It dies with its supervisor.
Simulation launch(const RunRequest& request);

/// Ends what is left of the simulation, children first handed to us by the kernel included.
/// Only processes that we have not waited for are signalled: their numbers cannot be another's.
void signal_children(int signal);

}  // namespace sonde
