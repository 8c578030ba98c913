// Stationary correlations of a block of rows and one point. Included inside the unnamed namespace
// of dense_level.cpp.

// Beyond these the covariance is zero in double precision; they keep what multiplies that zero
// finite.
constexpr double far = 800.0;
constexpr Size chunk = 32;  // dimensions: (far^2 / 3)^32 is below the largest double

/// k and dk/ds of a radial covariance, s the squared distance.
template <Family family>
inline void profile(Pack s, Pack& value, Pack& slope) {
  s = smaller(s, far * far);
  if constexpr (family == Family::SquaredExponential) {
    value = exp_minus(0.5 * s);
    slope = -0.5 * value;
  } else {
    const Pack t = root(s);
    const Pack e = exp_minus(t);
    if constexpr (family == Family::Matern52) {
      value = (1.0 + t + (1.0 / 3.0) * s) * e;
      slope = (-1.0 / 6.0) * (1.0 + t) * e;
    } else {
      value = (1.0 + t) * e;
      slope = -0.5 * e;
    }
  }
}

/// A Matern covariance in one dimension without its exponential.
template <Family family>
inline Pack factor(Pack t) {
  return family == Family::Matern52 ? 1.0 + t * (1.0 + t * (1.0 / 3.0)) : 1.0 + t;
}

/// -(d/dt) log of the covariance in one dimension.
template <Family family>
inline Pack decline(Pack t) {
  return family == Family::Matern52 ? t * (1.0 + t) / (3.0 + t * (3.0 + t)) : t / (1.0 + t);
}

inline Pack distance(const double* a, double b) {
  return smaller(absolute(load(a) - b), far);
}

/// A covariance in one dimension and -dk/dt.
template <Family family>
inline void profile_in_one(Pack t, Pack& value, Pack& fall) {
  if constexpr (family == Family::SquaredExponential) {
    value = exp_minus(0.5 * t * t);
    fall = t * value;
  } else {
    const Pack e = exp_minus(t);
    value = factor<family>(t) * e;
    fall = family == Family::Matern52 ? (1.0 / 3.0) * t * (1.0 + t) * e : t * e;
  }
}

template <Family family>
inline void radial_values(const double* a, Size stride_a, const double* b, Size stride_b, Size dim,
                          Block& value, Block& slope) {
  Block s = {};
  for (Size r = 0; r < dim; ++r) {
    for (Size p = 0; p < packs; ++p) {
      const Pack u = load(a + r * stride_a + p * width) - b[r * stride_b];
      s.p[p] += u * u;
    }
  }
  for (Size p = 0; p < packs; ++p) profile<family>(s.p[p], value.p[p], slope.p[p]);
}

template <Family family>
inline void product_values(const double* a, Size stride_a, const double* b, Size stride_b, Size dim,
                           Block& value) {
  for (Size p = 0; p < packs; ++p) value.p[p] = splat(1.0);
  for (Size first = 0; first < dim; first += chunk) {
    const Size last = first + chunk < dim ? first + chunk : dim;
    Block sum = {};
    for (Size r = first; r < last; ++r) {
      for (Size p = 0; p < packs; ++p) {
        const Pack t = distance(a + r * stride_a + p * width, b[r * stride_b]);
        value.p[p] *= factor<family>(t);
        sum.p[p] += t;
      }
    }
    for (Size p = 0; p < packs; ++p) value.p[p] *= exp_minus(sum.p[p]);
  }
}

template <Family family>
inline void anova_values(const double* a, Size stride_a, const double* b, Size stride_b, Size dim,
                         const double* weights, Block& value) {
  for (Size p = 0; p < packs; ++p) value.p[p] = splat(1.0);
  for (Size r = 0; r < dim; ++r) {
    for (Size p = 0; p < packs; ++p) {
      Pack k;
      Pack fall;
      profile_in_one<family>(distance(a + r * stride_a + p * width, b[r * stride_b]), k, fall);
      value.p[p] *= 1.0 + weights[r] * (k - 1.0);
    }
  }
}

/// k, and dk/ds where the covariance is radial, between rows of a and the point b.
template <Family family, Form form>
inline void values(const double* a, Size stride_a, const double* b, Size stride_b, Size dim,
                   const double* weights, Block& value, Block& slope) {
  if constexpr (form == Form::Radial) {
    radial_values<family>(a, stride_a, b, stride_b, dim, value, slope);
  } else if constexpr (form == Form::Product) {
    product_values<family>(a, stride_a, b, stride_b, dim, value);
  } else {
    anova_values<family>(a, stride_a, b, stride_b, dim, weights, value);
  }
}
