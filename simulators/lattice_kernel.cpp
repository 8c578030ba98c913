// Compiled once for each instruction set, LATTICE_LEVEL being its namespace. Includes nothing of
// the standard library: an inline function compiled here for a newer processor could be the one
// that the linker keeps for all.
#include "lattice_kernel.hpp"

namespace sonde_simulator::LATTICE_LEVEL {

#if defined(__clang__)
#define LATTICE_VECTORISE _Pragma("clang loop vectorize(assume_safety)")
#else
#define LATTICE_VECTORISE _Pragma("GCC ivdep")
#endif

// Two relaxation times (Ginzburg, Verhaeghe and d'Humieres, 2008) towards the incompressible
// equilibrium of He and Luo (1997): w_i (rho + 3 c.u + 9/2 (c.u)^2 - 3/2 u.u), where rho and the
// populations are deviations from the state of rest, so that single precision suffices.
template <class Real>
void collide_any(const Real* const* from, Real* const* to, long count, Rates<Real> rates) {
  const Real* __restrict f0 = from[0];
  const Real* __restrict f1 = from[1];
  const Real* __restrict f2 = from[2];
  const Real* __restrict f3 = from[3];
  const Real* __restrict f4 = from[4];
  const Real* __restrict f5 = from[5];
  const Real* __restrict f6 = from[6];
  const Real* __restrict f7 = from[7];
  const Real* __restrict f8 = from[8];
  Real* __restrict t0 = to[0];
  Real* __restrict t1 = to[1];
  Real* __restrict t2 = to[2];
  Real* __restrict t3 = to[3];
  Real* __restrict t4 = to[4];
  Real* __restrict t5 = to[5];
  Real* __restrict t6 = to[6];
  Real* __restrict t7 = to[7];
  Real* __restrict t8 = to[8];
  const Real half_even = rates.even / 2;
  const Real half_odd = rates.odd / 2;
  const Real rest = Real(4) / 9, axis = Real(1) / 9, diagonal = Real(1) / 36;
  LATTICE_VECTORISE
  for (long x = 0; x < count; ++x) {
    const Real sum13 = f1[x] + f3[x], gap13 = f1[x] - f3[x];
    const Real sum24 = f2[x] + f4[x], gap24 = f2[x] - f4[x];
    const Real sum57 = f5[x] + f7[x], gap57 = f5[x] - f7[x];
    const Real sum68 = f6[x] + f8[x], gap68 = f6[x] - f8[x];
    const Real density = f0[x] + ((sum13 + sum24) + (sum57 + sum68));
    const Real u = gap13 + (gap57 - gap68);
    const Real v = gap24 + (gap57 + gap68);
    const Real level = density - Real(1.5) * (u * u + v * v);
    const Real along = u + v, across = v - u;

    t0[x] = f0[x] - rates.even * (f0[x] - rest * level);
    const Real even1 = half_even * (sum13 - axis * (2 * level + 9 * u * u));
    const Real odd1 = half_odd * (gap13 - axis * (6 * u));
    t1[x] = f1[x] - even1 - odd1;
    t3[x] = f3[x] - even1 + odd1;
    const Real even2 = half_even * (sum24 - axis * (2 * level + 9 * v * v));
    const Real odd2 = half_odd * (gap24 - axis * (6 * v));
    t2[x] = f2[x] - even2 - odd2;
    t4[x] = f4[x] - even2 + odd2;
    const Real even5 = half_even * (sum57 - diagonal * (2 * level + 9 * along * along));
    const Real odd5 = half_odd * (gap57 - diagonal * (6 * along));
    t5[x] = f5[x] - even5 - odd5;
    t7[x] = f7[x] - even5 + odd5;
    const Real even6 = half_even * (sum68 - diagonal * (2 * level + 9 * across * across));
    const Real odd6 = half_odd * (gap68 - diagonal * (6 * across));
    t6[x] = f6[x] - even6 - odd6;
    t8[x] = f8[x] - even6 + odd6;
  }
}

// The part off equilibrium is that of the node before the side.
template <class Real>
void open_any(const Real* before, Real* beyond, long stride, const Real* far_x, const Real* far_y,
              long count, const OpenRule<Real>& rule) {
  constexpr int cx[9] = {0, 1, 0, -1, 0, 1, -1, -1, 1};
  constexpr int cy[9] = {0, 0, 1, 0, -1, 1, 1, -1, -1};
  const Real half_slowness = Real(0.8660254037844386);  // 1 / (2 sound)
  for (const int i : rule.inwards) {
    const Real x = Real(cx[i]), y = Real(cy[i]), weight = Real(cx[i] * cy[i] == 0 ? 4 : 1) / 36;
    LATTICE_VECTORISE
    for (long k = 0; k < count; ++k) {
      const Real f1 = before[stride + k], f2 = before[2 * stride + k], f3 = before[3 * stride + k],
                 f4 = before[4 * stride + k], f5 = before[5 * stride + k],
                 f6 = before[6 * stride + k], f7 = before[7 * stride + k],
                 f8 = before[8 * stride + k];
      const Real density = before[k] + f1 + f2 + f3 + f4 + f5 + f6 + f7 + f8;
      const Real u = f1 - f3 + f5 - f6 - f7 + f8;
      const Real v = f2 - f4 + f5 + f6 - f7 - f8;
      const Real du = u - far_x[k], dv = v - far_y[k];
      const Real wave = density / 2 + half_slowness * (rule.outward_x * du + rule.outward_y * dv);
      const Real leaving = rule.velocity_of_wave * wave;
      const Real u2 = far_x[k] + rule.keep_x * du + rule.outward_x * leaving;
      const Real v2 = far_y[k] + rule.keep_y * dv + rule.outward_y * leaving;
      const Real along = x * u + y * v, along2 = x * u2 + y * v2;
      beyond[i * stride + k] =
          before[i * stride + k] +
          weight * (rule.density_of_wave * wave - density + 3 * (along2 - along) +
                    Real(4.5) * (along2 * along2 - along * along) -
                    Real(1.5) * (u2 * u2 + v2 * v2 - u * u - v * v));
    }
  }
}

LatticeKernel<float> kernel(float) {
  return {collide_any<float>, open_any<float>};
}
LatticeKernel<double> kernel(double) {
  return {collide_any<double>, open_any<double>};
}

}  // namespace sonde_simulator::LATTICE_LEVEL
