#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>

namespace sonde::testing_support {

/// How many random domains a property is tried on: `usual`, or what SONDE_TEST_DOMAINS says.
inline std::uint64_t number_of_domains(std::uint64_t usual) {
  const char* const said = std::getenv("SONDE_TEST_DOMAINS");
  return said ? std::stoull(said) : usual;
}

}  // namespace sonde::testing_support
