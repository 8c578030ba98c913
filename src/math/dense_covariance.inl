// Stationary covariances and their contracted derivatives, a block of rows at a time. Included
// inside the unnamed namespace of dense_level.cpp.

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

/// k, and dk/ds where the covariance is radial, between rows of a and the point b.
template <Family family, bool product>
inline void values(const double* a, Size stride_a, const double* b, Size stride_b, Size dim,
                   Block& value, Block& slope) {
  if constexpr (product) {
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
  } else {
    Block s = {};
    for (Size r = 0; r < dim; ++r) {
      for (Size p = 0; p < packs; ++p) {
        const Pack u = load(a + r * stride_a + p * width) - b[r * stride_b];
        s.p[p] += u * u;
      }
    }
    for (Size p = 0; p < packs; ++p) profile<family>(s.p[p], value.p[p], slope.p[p]);
  }
}

/// Rows [i, i + rows) of a column that ends at n, from and to memory without padding.
inline void store_rows(double* column, Size i, Size n, const Block& block) {
  if (i + rows <= n) {
    for (Size p = 0; p < packs; ++p) store(column + i + p * width, block.p[p]);
  } else {
    __builtin_memcpy(column + i, &block, static_cast<std::size_t>(n - i) * sizeof(double));
  }
}
inline void load_rows(const double* column, Size begin, Size i, Size n, Block& block) {
  if (begin <= i && i + rows <= n) {
    for (Size p = 0; p < packs; ++p) block.p[p] = load(column + i + p * width);
    return;
  }
  double buffer[rows] = {};
  for (Size k = begin < i ? i : begin; k < n && k < i + rows; ++k) buffer[k - i] = column[k];
  __builtin_memcpy(&block, buffer, sizeof block);
}

template <Family family, bool product>
void covariance_of(Coordinates a, Coordinates b, bool lower, double scale, double* out, Size ldo) {
  for (Size j = 0; j < b.size; ++j) {
    for (Size i = lower ? j / rows * rows : 0; i < a.size; i += rows) {
      Block value;
      Block slope;
      values<family, product>(a.data + i, a.stride, b.data + j, b.stride, a.dim, value, slope);
      for (Size p = 0; p < packs; ++p) value.p[p] *= scale;
      store_rows(out + j * ldo, i, a.size, value);
    }
  }
}

/// Sums over pairs of points: whole of w k, total[r] of w dk / dlog(length_r).
struct Sums {
  Pack whole;
  Pack* total;  // (dim)
};

template <Family family>
inline void add_radial(const double* a, Size stride, const double* b, Size dim, const Block& w,
                       Sums& sums) {
  Block value;
  Block weight;
  values<family, false>(a, stride, b, stride, dim, value, weight);
  for (Size p = 0; p < packs; ++p) {
    sums.whole += w.p[p] * value.p[p];
    weight.p[p] *= -2.0 * w.p[p];
  }
  for (Size r = 0; r < dim; ++r) {
    for (Size p = 0; p < packs; ++p) {
      const Pack u = load(a + r * stride + p * width) - b[r * stride];
      sums.total[r] += weight.p[p] * (u * u);
    }
  }
}

/// What add_product remembers of each dimension: divisions would cost more than all the rest.
struct Memory {
  Block* t;       // (dim)
  Block* before;  // (dim) product of the factors before this one, in its chunk
  Block* others;  // (chunks) product of all chunks but this one, then without its exponential
};

/// k, and in `memory` what the derivative takes.
template <Family family>
inline Block remembered(const double* a, Size stride, const double* b, Size dim, Memory& memory) {
  Block value;
  for (Size p = 0; p < packs; ++p) value.p[p] = splat(1.0);
  for (Size first = 0, c = 0; first < dim; first += chunk, ++c) {
    Block sum = {};
    Block product;
    for (Size p = 0; p < packs; ++p) product.p[p] = splat(1.0);
    for (Size r = first; r < dim && r < first + chunk; ++r) {
      for (Size p = 0; p < packs; ++p) {
        const Pack t = distance(a + r * stride + p * width, b[r * stride]);
        memory.t[r].p[p] = t;
        memory.before[r].p[p] = product.p[p];
        product.p[p] *= factor<family>(t);
        sum.p[p] += t;
      }
    }
    for (Size p = 0; p < packs; ++p) {
      const Pack e = exp_minus(sum.p[p]);
      for (Size k = 0; k < c; ++k) memory.others[k].p[p] *= product.p[p] * e;
      memory.others[c].p[p] = value.p[p] * e;
      value.p[p] *= product.p[p] * e;
    }
  }
  return value;
}

template <Family family>
inline void add_product_form(const double* a, Size stride, const double* b, Size dim,
                             const Block& w, Memory& memory, Sums& sums) {
  const Block value = remembered<family>(a, stride, b, dim, memory);
  for (Size p = 0; p < packs; ++p) sums.whole += w.p[p] * value.p[p];
  for (Size first = 0, c = 0; first < dim; first += chunk, ++c) {
    Block after;
    for (Size p = 0; p < packs; ++p) after.p[p] = w.p[p] * memory.others[c].p[p];
    for (Size r = (first + chunk < dim ? first + chunk : dim) - 1; r >= first; --r) {
      for (Size p = 0; p < packs; ++p) {
        const Pack t = memory.t[r].p[p];
        const Pack slope = family == Family::Matern52 ? t * t * (1.0 + t) * (1.0 / 3.0) : t * t;
        sums.total[r] += memory.before[r].p[p] * after.p[p] * slope;
        after.p[p] *= factor<family>(t);
      }
    }
  }
}

/// Room for what the sums take, at once.
class Room {
 public:
  explicit Room(Size dim)
      : bytes_(static_cast<std::size_t>(3 * dim) * sizeof(Block)),
        data_(static_cast<char*>(::operator new (bytes_, std::align_val_t{64}))),
        memory_{blocks(0), blocks(dim), blocks(2 * dim)} {}
  ~Room() { ::operator delete (data_, std::align_val_t{64}); }
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  Memory& memory() { return memory_; }

 private:
  Block* blocks(Size at) { return reinterpret_cast<Block*>(data_) + at; }

  std::size_t bytes_;
  char* data_;
  Memory memory_;
};

template <Family family, bool product>
void contract_of(Coordinates a, const double* w, Size ldw, double* out) {
  Room room(a.dim + 1);
  Room totals(a.dim + 1);
  Sums sums{Pack{}, reinterpret_cast<Pack*>(totals.memory().t)};
  for (Size r = 0; r < a.dim; ++r) sums.total[r] = Pack{};
  double diagonal = 0.0;
  for (Size j = 0; j < a.size; ++j) {
    diagonal += w[j + j * ldw];
    for (Size i = j / rows * rows; i < a.size; i += rows) {
      Block weight;
      load_rows(w + j * ldw, j + 1, i, a.size, weight);
      const double* const at = a.data + i;
      if constexpr (product) {
        add_product_form<family>(at, a.stride, a.data + j, a.dim, weight, room.memory(), sums);
      } else {
        add_radial<family>(at, a.stride, a.data + j, a.dim, weight, sums);
      }
    }
  }
  out[0] = diagonal + 2.0 * sum_of(sums.whole);
  for (Size r = 0; r < a.dim; ++r) out[1 + r] = 2.0 * sum_of(sums.total[r]);
}

template <Family family, bool product>
void slopes_of(const double* x, Coordinates b, double* out, Size ldo) {
  for (Size i = 0; i < b.size; i += rows) {
    Block value;
    Block slope;
    values<family, product>(b.data + i, b.stride, x, 1, b.dim, value, slope);
    for (Size r = 0; r < b.dim; ++r) {
      Block result;
      for (Size p = 0; p < packs; ++p) {
        const double* at = b.data + i + r * b.stride + p * width;
        const Pack u = x[r] - load(at);
        if constexpr (product) {
          const Pack size = value.p[p] * decline<family>(distance(at, x[r]));
          result.p[p] = (Pack)((Bits)size ^ (~(Bits)u & (Bits)splat(-0.0)));
        } else {
          result.p[p] = 2.0 * slope.p[p] * u;
        }
      }
      store_rows(out + r * ldo, i, b.size, result);
    }
  }
}

/// Calls act.operator()<family, product>() for the kind. The squared exponential is both forms.
template <class Act>
inline void dispatch(Correlation kind, Act act) {
  switch (kind.family) {
    case Family::Matern32:
      return kind.product ? act.template operator()<Family::Matern32, true>()
                          : act.template operator()<Family::Matern32, false>();
    case Family::Matern52:
      return kind.product ? act.template operator()<Family::Matern52, true>()
                          : act.template operator()<Family::Matern52, false>();
    case Family::SquaredExponential:
      return act.template operator()<Family::SquaredExponential, false>();
  }
}

void covariance(Correlation kind, Coordinates a, Coordinates b, double scale, double* out,
                Size ldo) {
  dispatch(kind, [&]<Family family, bool product>() {
    covariance_of<family, product>(a, b, false, scale, out, ldo);
  });
}

void covariance_lower(Correlation kind, Coordinates a, double scale, double* out, Size ldo) {
  dispatch(kind, [&]<Family family, bool product>() {
    covariance_of<family, product>(a, a, true, scale, out, ldo);
  });
}

void contract(Correlation kind, Coordinates a, const double* w, Size ldw, double* out) {
  dispatch(kind,
           [&]<Family family, bool product>() { contract_of<family, product>(a, w, ldw, out); });
}

void slopes(Correlation kind, const double* x, Coordinates b, double* out, Size ldo) {
  dispatch(kind,
           [&]<Family family, bool product>() { slopes_of<family, product>(x, b, out, ldo); });
}
