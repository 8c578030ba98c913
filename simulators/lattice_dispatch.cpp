#include "lattice_kernel.hpp"

namespace sonde_simulator {

// One namespace a time that lattice_kernel.cpp is compiled.
namespace baseline {
LatticeKernel<float> kernel(float);
LatticeKernel<double> kernel(double);
}  // namespace baseline
namespace avx2 {
LatticeKernel<float> kernel(float);
LatticeKernel<double> kernel(double);
}  // namespace avx2
namespace avx512 {
LatticeKernel<float> kernel(float);
LatticeKernel<double> kernel(double);
}  // namespace avx512

template <class Real>
LatticeKernel<Real> pick_lattice_kernel() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"))
    return avx512::kernel(Real());
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2::kernel(Real());
#endif
  return baseline::kernel(Real());
}

template LatticeKernel<float> pick_lattice_kernel<float>();
template LatticeKernel<double> pick_lattice_kernel<double>();

}  // namespace sonde_simulator
