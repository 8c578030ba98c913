// Stationary covariances and their contracted derivatives, a block of rows at a time. Included
// inside the unnamed namespace of dense_level.cpp.

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

template <Family family, Form form>
void covariance_of(Coordinates a, Coordinates b, const double* weights, bool lower, double scale,
                   double* out, Size ldo) {
  for (Size j = 0; j < b.size; ++j) {
    for (Size i = lower ? j / rows * rows : 0; i < a.size; i += rows) {
      Block value;
      Block slope;
      values<family, form>(a.data + i, a.stride, b.data + j, b.stride, a.dim, weights, value,
                           slope);
      for (Size p = 0; p < packs; ++p) value.p[p] *= scale;
      store_rows(out + j * ldo, i, a.size, value);
    }
  }
}

/// Sums over pairs of points: whole of w k, total[r] of w dk / dlog(length_r), and of Anova
/// total[dim + r] of w dk / dlog(weights[r]).
struct Sums {
  Pack whole;
  Pack* total;
};

template <Family family>
inline void add_radial(const double* a, Size stride, const double* b, Size dim, const Block& w,
                       Sums& sums) {
  Block value;
  Block weight;
  radial_values<family>(a, stride, b, stride, dim, value, weight);
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

/// What is remembered of each dimension: divisions would cost more than all the rest.
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

struct AnovaMemory {
  Block* before;  // (dim) the weight times the factors before this one
  Block* change;  // (dim) this factor less one
  Block* slope;   // (dim) dk_r / dlog(length_r)
};

/// Room for what the sums take, at once: three blocks a dimension.
class Room {
 public:
  explicit Room(Size dim)
      : dim_(dim),
        data_(static_cast<Block*>(::operator new (static_cast<std::size_t>(3 * dim) * sizeof(Block),
                                                  std::align_val_t{64}))) {}
  ~Room() { ::operator delete (data_, std::align_val_t{64}); }
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  Block* blocks(Size k) const { return data_ + k * dim_; }
  Memory memory() const { return {blocks(0), blocks(1), blocks(2)}; }
  AnovaMemory anova_memory() const { return {blocks(0), blocks(1), blocks(2)}; }

 private:
  Size dim_;
  Block* data_;
};

template <Family family>
inline void add_anova(const double* a, Size stride, const double* b, Size dim,
                      const double* weights, const Block& w, AnovaMemory& memory, Sums& sums) {
  Block product;
  for (Size p = 0; p < packs; ++p) product.p[p] = w.p[p];
  for (Size r = 0; r < dim; ++r) {
    for (Size p = 0; p < packs; ++p) {
      const Pack t = distance(a + r * stride + p * width, b[r * stride]);
      Pack k;
      Pack fall;
      profile_in_one<family>(t, k, fall);
      memory.before[r].p[p] = product.p[p];
      memory.change[r].p[p] = weights[r] * (k - 1.0);
      memory.slope[r].p[p] = t * fall;
      product.p[p] += product.p[p] * memory.change[r].p[p];
    }
  }
  Block after;
  for (Size p = 0; p < packs; ++p) {
    sums.whole += product.p[p];
    after.p[p] = splat(1.0);
  }
  for (Size r = dim - 1; r >= 0; --r) {
    for (Size p = 0; p < packs; ++p) {
      const Pack others = memory.before[r].p[p] * after.p[p];
      sums.total[r] += others * memory.slope[r].p[p];
      sums.total[dim + r] += others * memory.change[r].p[p];
      after.p[p] += after.p[p] * memory.change[r].p[p];
    }
  }
}

template <Family family, Form form>
void contract_of(Coordinates a, const double* weights, const double* w, Size ldw, double* out) {
  constexpr bool anova = form == Form::Anova;
  const Size derivatives = anova ? 2 * a.dim : a.dim;
  Room room(a.dim + 1);
  Room totals(a.dim + 1);
  Sums sums{Pack{}, reinterpret_cast<Pack*>(totals.blocks(0))};
  for (Size r = 0; r < derivatives; ++r) sums.total[r] = Pack{};
  Memory memory = room.memory();
  AnovaMemory anova_memory = room.anova_memory();
  double diagonal = 0.0;
  for (Size j = 0; j < a.size; ++j) {
    diagonal += w[j + j * ldw];
    for (Size i = j / rows * rows; i < a.size; i += rows) {
      Block weight;
      load_rows(w + j * ldw, j + 1, i, a.size, weight);
      const double* const at = a.data + i;
      if constexpr (anova) {
        add_anova<family>(at, a.stride, a.data + j, a.dim, weights, weight, anova_memory, sums);
      } else if constexpr (form == Form::Product) {
        add_product_form<family>(at, a.stride, a.data + j, a.dim, weight, memory, sums);
      } else {
        add_radial<family>(at, a.stride, a.data + j, a.dim, weight, sums);
      }
    }
  }
  out[0] = diagonal + 2.0 * sum_of(sums.whole);
  for (Size r = 0; r < derivatives; ++r) {
    out[1 + r] = 2.0 * sum_of(sums.total[r]) * (anova && r < a.dim ? weights[r] : 1.0);
  }
}

/// `size` with the sign of -u.
inline Pack against(Pack size, Pack u) {
  return (Pack)((Bits)size ^ (~(Bits)u & (Bits)splat(-0.0)));
}

template <Family family, Form form>
void slopes_of(const double* x, Coordinates b, double* out, Size ldo) {
  for (Size i = 0; i < b.size; i += rows) {
    Block value;
    Block slope;
    values<family, form>(b.data + i, b.stride, x, 1, b.dim, nullptr, value, slope);
    for (Size r = 0; r < b.dim; ++r) {
      Block result;
      for (Size p = 0; p < packs; ++p) {
        const double* at = b.data + i + r * b.stride + p * width;
        const Pack u = x[r] - load(at);
        if constexpr (form == Form::Product) {
          result.p[p] = against(value.p[p] * decline<family>(distance(at, x[r])), u);
        } else {
          result.p[p] = 2.0 * slope.p[p] * u;
        }
      }
      store_rows(out + r * ldo, i, b.size, result);
    }
  }
}

template <Family family>
void anova_slopes_of(const double* weights, const double* x, Coordinates b, double* out, Size ldo) {
  const Room room(b.dim + 1);
  const AnovaMemory memory = room.anova_memory();
  for (Size i = 0; i < b.size; i += rows) {
    Block product;
    for (Size p = 0; p < packs; ++p) product.p[p] = splat(1.0);
    for (Size r = 0; r < b.dim; ++r) {
      for (Size p = 0; p < packs; ++p) {
        const double* at = b.data + i + r * b.stride + p * width;
        Pack k;
        Pack fall;
        profile_in_one<family>(distance(at, x[r]), k, fall);
        memory.before[r].p[p] = product.p[p];
        memory.change[r].p[p] = weights[r] * (k - 1.0);
        memory.slope[r].p[p] = against(weights[r] * fall, x[r] - load(at));
        product.p[p] += product.p[p] * memory.change[r].p[p];
      }
    }
    for (Size p = 0; p < packs; ++p) product.p[p] = splat(1.0);  // of the factors after
    for (Size r = b.dim - 1; r >= 0; --r) {
      Block result;
      for (Size p = 0; p < packs; ++p) {
        result.p[p] = memory.before[r].p[p] * product.p[p] * memory.slope[r].p[p];
        product.p[p] += product.p[p] * memory.change[r].p[p];
      }
      store_rows(out + r * ldo, i, b.size, result);
    }
  }
}

template <Family family, class Act>
inline void dispatch_form(Form form, Act act) {
  switch (form) {
    case Form::Radial:
      return act.template operator()<family, Form::Radial>();
    case Form::Product:
      if constexpr (family == Family::SquaredExponential) {
        return act.template operator()<family, Form::Radial>();  // the same
      } else {
        return act.template operator()<family, Form::Product>();
      }
    case Form::Anova:
      return act.template operator()<family, Form::Anova>();
  }
}

/// Calls act.operator()<family, form>() for the kind.
template <class Act>
inline void dispatch(Correlation kind, Act act) {
  switch (kind.family) {
    case Family::Matern32:
      return dispatch_form<Family::Matern32>(kind.form, act);
    case Family::Matern52:
      return dispatch_form<Family::Matern52>(kind.form, act);
    case Family::SquaredExponential:
      return dispatch_form<Family::SquaredExponential>(kind.form, act);
  }
}

void covariance(Correlation kind, Coordinates a, Coordinates b, double scale, double* out,
                Size ldo) {
  dispatch(kind, [&]<Family family, Form form>() {
    covariance_of<family, form>(a, b, kind.weights, false, scale, out, ldo);
  });
}

void covariance_lower(Correlation kind, Coordinates a, double scale, double* out, Size ldo) {
  dispatch(kind, [&]<Family family, Form form>() {
    covariance_of<family, form>(a, a, kind.weights, true, scale, out, ldo);
  });
}

void contract(Correlation kind, Coordinates a, const double* w, Size ldw, double* out) {
  dispatch(kind, [&]<Family family, Form form>() {
    contract_of<family, form>(a, kind.weights, w, ldw, out);
  });
}

void slopes(Correlation kind, const double* x, Coordinates b, double* out, Size ldo) {
  dispatch(kind, [&]<Family family, Form form>() {
    if constexpr (form == Form::Anova) {
      anova_slopes_of<family>(kind.weights, x, b, out, ldo);
    } else {
      slopes_of<family, form>(x, b, out, ldo);
    }
  });
}
