#include "math/dense.hpp"

#include <cstdlib>
#include <string_view>

#include "sonde/math/cholesky.hpp"

namespace sonde::dense {

#ifdef SONDE_DENSE_PORTABLE

namespace portable {
const Arithmetic& arithmetic() noexcept;
}

const Arithmetic* arithmetic_of(int level) noexcept {
  return level == 2 ? &portable::arithmetic() : nullptr;
}

#else

namespace v2 {
const Arithmetic& arithmetic() noexcept;
}
namespace v3 {
const Arithmetic& arithmetic() noexcept;
}
namespace v4 {
const Arithmetic& arithmetic() noexcept;
}

namespace {

bool has_v3() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}

bool has_v4() {
  return has_v3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
}

}  // namespace

const Arithmetic* arithmetic_of(int level) noexcept {
  if (level == 4) return has_v4() ? &v4::arithmetic() : nullptr;
  if (level == 3) return has_v3() ? &v3::arithmetic() : nullptr;
  return level == 2 ? &v2::arithmetic() : nullptr;
}

#endif

namespace {

const Arithmetic& chosen() {
  const char* words = std::getenv("SONDE_DENSE");
  const std::string_view limit = words ? words : "v4";
  for (const int level : {4, 3}) {
    if (limit == "v2" || (limit == "v3" && level == 4)) continue;
    if (const Arithmetic* found = arithmetic_of(level)) return *found;
  }
  return *arithmetic_of(2);
}

}  // namespace

const Arithmetic& arithmetic() noexcept {
  static const Arithmetic& table = chosen();
  return table;
}

}  // namespace sonde::dense

namespace sonde {

const char* dense_arithmetic() noexcept {
  return dense::arithmetic().name;
}

}  // namespace sonde
