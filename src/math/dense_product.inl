// The product of matrices on which all that is large is built. Included inside the unnamed
// namespace of dense_level.cpp.
//
// Goto & van de Geijn (2008), Anatomy of high-performance matrix multiplication: a tile of the
// result stays in registers while packed strips of the factors pass by, one from the second cache
// and one from the first.

constexpr Size tile_packs = 3;
constexpr Size tile_rows = tile_packs * width;
constexpr Size tile_columns = pack_bytes == 64 ? 8 : 4;  // of 32 registers, and of 16
constexpr Size depth = 256;                              // numbers of a strip that pass by
constexpr Size tall = 8 * tile_rows;                     // rows packed at once
constexpr Size wide = 512;                               // columns packed at once

/// The number in row i and column j stands at data[i * row + j * column].
struct Operand {
  const double* data;
  Size row;
  Size column;

  Operand from(Size i, Size j) const { return {data + i * row + j * column, row, column}; }
};
inline Operand plain(const double* data, Size ld) {
  return {data, 1, ld};
}
inline Operand transposed(const double* data, Size ld) {
  return {data, ld, 1};
}

enum class Write { Add, Replace };
enum class Part { Whole, Lower };
/// What is zero in the factors and is passed over. Only up to k = depth.
enum class Zeros { None, AboveInA, BelowInA, AboveInB };

inline Size least(Size a, Size b) {
  return a < b ? a : b;
}

/// Square blocks of numbers, turned about the diagonal: after log2(width) times of laying the first
/// half of the rows between those of the second.
inline void turn(Pack (&rows_of)[width]) {
  for (Size times = 1; times < width; times *= 2) {
    Pack next[width];
    for (Size i = 0; i < width / 2; ++i) {
      next[2 * i] = first_halves(rows_of[i], rows_of[i + width / 2]);
      next[2 * i + 1] = second_halves(rows_of[i], rows_of[i + width / 2]);
    }
    for (Size i = 0; i < width; ++i) rows_of[i] = next[i];
  }
}

/// One whole strip whose rows are contiguous.
template <Size size>
inline void pack_turned(Size k, Operand strip, double* to) {
  Size l = 0;
  for (; l + width <= k; l += width, to += width * size) {
    for (Size q = 0; q < size; q += width) {
      Pack block[width];
      for (Size r = 0; r < width; ++r) block[r] = load(strip.data + (q + r) * strip.row + l);
      turn(block);
      for (Size r = 0; r < width; ++r) store(to + q + r * size, block[r]);
    }
  }
  for (; l < k; ++l, to += size) {
    for (Size q = 0; q < size; ++q) to[q] = strip.data[q * strip.row + l];
  }
}

/// Whole strips whose columns are contiguous: all of a column, for the sake of the memory.
template <Size size>
inline void pack_straight(Size strips, Size k, Operand a, double* to) {
  for (Size l = 0; l < k; ++l) {
    for (Size i = 0; i < strips; ++i) {
      __builtin_memcpy(to + (i * k + l) * size, a.data + i * size + l * a.column,
                       size * sizeof(double));
    }
  }
}

/// Strips of `size` rows of a (m, k), each its k columns one after the other, filled up with zeros.
template <Size size>
inline void pack(Size m, Size k, Operand a, double* to) {
  Size i = 0;
  if (a.row == 1) {
    constexpr Size together = 8;  // as many as the first cache has ways
    for (Size strips = m / size; strips > 0; strips = (m - i) / size) {
      const Size now = least(together, strips);
      pack_straight<size>(now, k, a.from(i, 0), to);
      to += now * size * k;
      i += now * size;
    }
  } else if (a.column == 1) {
    for (; i + size <= m; i += size, to += size * k) pack_turned<size>(k, a.from(i, 0), to);
  }
  for (; i < m; i += size) {
    const Size here = least(size, m - i);
    for (Size l = 0; l < k; ++l, to += size) {
      const double* const from = a.data + i * a.row + l * a.column;
      for (Size q = 0; q < here; ++q) to[q] = from[q * a.row];
      for (Size q = here; q < size; ++q) to[q] = 0.0;
    }
  }
}

struct Tile {
  Pack sum[tile_columns][tile_packs];
};

/// On its own, so that the compiler has all registers for the tile.
__attribute__((noinline)) void tile_product(Size k, const double* a, const double* b, Tile& tile) {
  Pack sum[tile_columns][tile_packs] = {};
  for (Size l = 0; l < k; ++l, a += tile_rows, b += tile_columns) {
    Pack x[tile_packs];
    for (Size p = 0; p < tile_packs; ++p) {
      x[p] = load(a + p * width);
      __builtin_prefetch(a + p * width + 8 * tile_rows);
    }
#pragma GCC unroll 8
    for (Size j = 0; j < tile_columns; ++j) {
#pragma GCC unroll 3
      for (Size p = 0; p < tile_packs; ++p) sum[j][p] += x[p] * b[j];
    }
  }
  for (Size j = 0; j < tile_columns; ++j) {
    for (Size p = 0; p < tile_packs; ++p) tile.sum[j][p] = sum[j][p];
  }
}

/// Rows [i, i + m) and columns [j, j + n) of c.
template <Write write>
inline void write_tile(const Tile& tile, double alpha, Size i, Size j, Size m, Size n, Part part,
                       double* c, Size ldc) {
  if (m == tile_rows && n == tile_columns && (part == Part::Whole || i >= j + n)) {
#pragma GCC unroll 8
    for (Size q = 0; q < tile_columns; ++q) {
      for (Size p = 0; p < tile_packs; ++p) {
        double* const at = c + i + p * width + (j + q) * ldc;
        const Pack product = alpha * tile.sum[q][p];
        store(at, write == Write::Add ? load(at) + product : product);
      }
    }
    return;
  }
  double numbers[tile_columns][tile_rows];
  __builtin_memcpy(numbers, &tile, sizeof numbers);
  for (Size q = 0; q < n; ++q) {
    double* const at = c + i + (j + q) * ldc;
    for (Size r = part == Part::Lower && j + q > i ? j + q - i : 0; r < m; ++r) {
      at[r] = write == Write::Add ? at[r] + alpha * numbers[q][r] : alpha * numbers[q][r];
    }
  }
}

/// Where and how a product goes.
struct Target {
  double alpha;
  Part part;
  Zeros zeros;
  double* c;
  Size ldc;
};

/// Packed strips of rows of a, from row `i` of c on, times those of columns of b, from column `j`.
template <Write write>
void multiply_packed(Size m, Size n, Size k, const double* a, const double* b, Size i, Size j,
                     const Target& to) {
  for (Size q = 0; q < n; q += tile_columns) {
    for (Size r = 0; r < m; r += tile_rows) {
      if (to.part == Part::Lower && i + r + tile_rows <= j + q) continue;  // above the diagonal
      const Size end = to.zeros == Zeros::AboveInA ? least(k, i + r + tile_rows) : k;
      const Size begin = to.zeros == Zeros::BelowInA   ? i + r
                         : to.zeros == Zeros::AboveInB ? j + q
                                                       : 0;
      Tile tile;
      tile_product(end - begin, a + r * k + begin * tile_rows, b + q * k + begin * tile_columns,
                   tile);
      write_tile<write>(tile, to.alpha, i + r, j + q, least(tile_rows, m - r),
                        least(tile_columns, n - q), to.part, to.c, to.ldc);
    }
  }
}

/// Room for numbers, on the boundary of a cache line; where they are few, on the stack.
class Numbers {
 public:
  explicit Numbers(Size count) : data_(count <= few ? here_ : allocated(count)) {}
  ~Numbers() {
    if (data_ != here_) ::operator delete (data_, std::align_val_t{64});
  }
  Numbers(const Numbers&) = delete;
  Numbers& operator=(const Numbers&) = delete;

  double* data() const { return data_; }

 private:
  static constexpr Size few = 16384;  // 128 KiB

  static double* allocated(Size count) {
    return static_cast<double*>(
        ::operator new (static_cast<std::size_t>(count) * sizeof(double), std::align_val_t{64}));
  }

  alignas(64) double here_[few];
  double* data_;
};

/// c (m, n) becomes alpha a b, or that more; a (m, k), b (k, n). Up to k = depth, c may be b, and
/// up to n = wide as well, it may be a.
void multiply(Size m, Size n, Size k, double alpha, Operand a, Operand b, double* c, Size ldc,
              Write write = Write::Add, Part part = Part::Whole, Zeros zeros = Zeros::None) {
  const Target to{alpha, part, zeros, c, ldc};
  const Size deep = least(depth, k);
  const Size strips = (least(tall, m) + tile_rows - 1) / tile_rows;
  const Size columns = (least(wide, n) + tile_columns - 1) / tile_columns * tile_columns;
  const Numbers room((strips * tile_rows + columns) * deep);
  double* const from_b = room.data();
  double* const from_a = from_b + columns * deep;
  for (Size j = 0; j < n; j += wide) {
    const Size nj = least(wide, n - j);
    for (Size l = 0; l < k; l += depth) {
      const Size kl = least(depth, k - l);
      const Operand right = b.from(l, j);
      pack<tile_columns>(nj, kl, {right.data, right.column, right.row}, from_b);
      for (Size i = 0; i < m; i += tall) {
        const Size mi = least(tall, m - i);
        if (part == Part::Lower && i + mi <= j) continue;
        pack<tile_rows>(mi, kl, a.from(i, l), from_a);
        if (write == Write::Replace && l == 0) {
          multiply_packed<Write::Replace>(mi, nj, kl, from_a, from_b, i, j, to);
        } else {
          multiply_packed<Write::Add>(mi, nj, kl, from_a, from_b, i, j, to);
        }
      }
    }
  }
}
