// Vectors of doubles as wide as the level has, and exp on them. Included inside the unnamed
// namespace of dense_level.cpp.

#if defined(__AVX512F__)
constexpr int pack_bytes = 64;
#elif defined(__AVX__)
constexpr int pack_bytes = 32;
#else
constexpr int pack_bytes = 16;
#endif

typedef double Pack __attribute__((vector_size(pack_bytes)));
typedef long long Bits __attribute__((vector_size(pack_bytes)));

constexpr Size width = pack_bytes / 8;
constexpr Size packs = 4;  // in flight together, to hide the latency of an operation
constexpr Size rows = packs * width;
static_assert(padding % rows == 0);

/// So many rows of a column.
struct Block {
  Pack p[packs];
};

inline Pack load(const double* from) {
  Pack v;
  __builtin_memcpy(&v, from, sizeof v);
  return v;
}
inline void store(double* to, Pack v) {
  __builtin_memcpy(to, &v, sizeof v);
}
inline Pack splat(double value) {
  return value - Pack{};
}
inline Pack masked(Bits mask, Pack v) {
  return (Pack)(mask & (Bits)v);
}
inline Pack absolute(Pack v) {
  return (Pack)((Bits)v & (Bits{} + 0x7fffffffffffffffLL));
}
inline Pack smaller(Pack v, double limit) {
#if defined(__AVX512F__)
  return (Pack)_mm512_min_pd((__m512d)splat(limit), (__m512d)v);
#elif defined(__AVX__)
  return (Pack)_mm256_min_pd((__m256d)splat(limit), (__m256d)v);
#elif defined(__SSE2__)
  return (Pack)_mm_min_pd((__m128d)splat(limit), (__m128d)v);
#else
  const Bits above = v > limit;
  return (Pack)((above & (Bits)splat(limit)) | (~above & (Bits)v));
#endif
}

inline Pack root(Pack v) {
#if defined(__AVX512F__)
  return (Pack)_mm512_sqrt_pd((__m512d)v);
#elif defined(__AVX__)
  return (Pack)_mm256_sqrt_pd((__m256d)v);
#elif defined(__SSE2__)
  return (Pack)_mm_sqrt_pd((__m128d)v);
#else
  for (Size i = 0; i < width; ++i) v[i] = __builtin_sqrt(v[i]);
  return v;
#endif
}

/// a0 b0 a1 b1 ..., of the first and of the second half of each.
inline Pack first_halves(Pack a, Pack b) {
#if defined(__AVX512F__)
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
#elif defined(__AVX__)
  return __builtin_shufflevector(a, b, 0, 4, 1, 5);
#else
  return __builtin_shufflevector(a, b, 0, 2);
#endif
}
inline Pack second_halves(Pack a, Pack b) {
#if defined(__AVX512F__)
  return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
#elif defined(__AVX__)
  return __builtin_shufflevector(a, b, 2, 6, 3, 7);
#else
  return __builtin_shufflevector(a, b, 1, 3);
#endif
}

inline double sum_of(Pack v) {
  double sum = 0.0;
  for (Size i = 0; i < width; ++i) sum += v[i];
  return sum;
}

/// e^-t for t >= 0; zero where that is below 1e-307.
///
/// t = -(n log 2 + r), |r| <= log(2) / 2; the polynomial interpolates (e^r - 1 - r) / r^2 in the
/// Chebyshev nodes, with a relative error of 3e-19 in e^r.
inline Pack exp_minus(Pack t) {
  constexpr double magic = 0x1.8p52;  // adding it leaves the nearest integer in the low bits
  const Bits inside = t < 707.0;
  const Pack x = -smaller(t, 707.0);
  const Pack shifted = x * 1.44269504088896338700e+00 + magic;
  const Pack n = shifted - magic;
  Pack r = x - n * 6.93147180369123816490e-01;
  r = r - n * 1.90821492927058770002e-10;
  Pack q = splat(0x1.1f72fc83bcbc7p-29);
  q = q * r + 0x1.af4ddda1c08cdp-26;
  q = q * r + 0x1.27e4db67ac2b0p-22;
  q = q * r + 0x1.71de0237484cdp-19;
  q = q * r + 0x1.a01a01a6d7831p-16;
  q = q * r + 0x1.a01a01abe6323p-13;
  q = q * r + 0x1.6c16c16c162d6p-10;
  q = q * r + 0x1.11111111100dfp-7;
  q = q * r + 0x1.5555555555556p-5;
  q = q * r + 0x1.5555555555557p-3;
  q = q * r + 0.5;
  const Pack e = 1.0 + (r + r * r * q);
  const Pack power = (Pack)(((Bits)shifted + 1023) << 52);
  return masked(inside, e * power);
}

/// ln(1 + x) for x > -1.
///
/// 1 + x = 2^n m, m in [1/sqrt(2), sqrt(2)), and ln m = 2 artanh(s), s = (m - 1) / (m + 1): the
/// series ends where s^23 / 23 is below 1e-19. What rounding took from 1 + x is given back.
inline Pack log1p_of(Pack x) {
  const Pack y = 1.0 + x;
  const Pack lost = (x - (y - 1.0)) / y;
  const Bits bits = (Bits)y;
  constexpr long long root_half = 0x3fe6a09e667f3bcdLL;  // of 1/sqrt(2)
  const Bits n = (bits - root_half) >> 52;
  const Pack m = (Pack)(bits - (n << 52));
  const Pack exponent = __builtin_convertvector(n, Pack);
  const Pack s = (m - 1.0) / (m + 1.0);
  const Pack t = s * s;
  Pack q = splat(1.0 / 21.0);
  q = q * t + 1.0 / 19.0;
  q = q * t + 1.0 / 17.0;
  q = q * t + 1.0 / 15.0;
  q = q * t + 1.0 / 13.0;
  q = q * t + 1.0 / 11.0;
  q = q * t + 1.0 / 9.0;
  q = q * t + 1.0 / 7.0;
  q = q * t + 1.0 / 5.0;
  q = q * t + 1.0 / 3.0;
  const Pack low = exponent * 1.90821492927058770002e-10 + lost;
  return exponent * 6.93147180369123816490e-01 + (2.0 * s + (2.0 * s * t * q + low));
}

void log1p_of_each(Size n, const double* x, double* out) {
  Size i = 0;
  for (; i + width <= n; i += width) store(out + i, log1p_of(load(x + i)));
  Pack rest = {};
  for (Size j = i; j < n; ++j) rest[j - i] = x[j];
  rest = log1p_of(rest);
  for (Size j = i; j < n; ++j) out[j] = rest[j - i];
}
