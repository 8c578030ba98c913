#include "lattice_boltzmann.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace sonde_simulator {

namespace {

constexpr int directions = 9;
constexpr int cx[directions] = {0, 1, 0, -1, 0, 1, -1, -1, 1};
constexpr int cy[directions] = {0, 0, 1, 0, -1, 1, 1, -1, -1};
constexpr int opposite[directions] = {0, 3, 4, 1, 2, 7, 8, 5, 6};
constexpr double weight[directions] = {4.0 / 9,  1.0 / 9,  1.0 / 9,  1.0 / 9, 1.0 / 9,
                                       1.0 / 36, 1.0 / 36, 1.0 / 36, 1.0 / 36};
constexpr int margin = 16;  // cells left of a row: keeps rows aligned, holds the ghost column

double equilibrium(int i, double density, double u, double v) {
  const double cu = cx[i] * u + cy[i] * v;
  return weight[i] * (density + 3 * cu + 4.5 * cu * cu - 1.5 * (u * u + v * v));
}

template <class Real>
Real* aligned(std::vector<Real>& memory) {
  const auto address = reinterpret_cast<std::uintptr_t>(memory.data());
  return memory.data() + (64 - address % 64) % 64 / sizeof(Real);
}

}  // namespace

template <class Real>
LatticeBoltzmann<Real>::LatticeBoltzmann(const Tunnel& tunnel, const Outline& body)
    : tunnel_(tunnel), kernel_(pick_lattice_kernel<Real>()) {
  const double even_time = 3 * tunnel.viscosity;
  rates_.even = static_cast<Real>(1 / (even_time + 0.5));
  rates_.odd = static_cast<Real>(1 / (tunnel.magic / even_time + 0.5));
  stride_ = (margin + tunnel.columns + 1 + 15) / 16 * 16;
  const auto size = static_cast<std::size_t>(stride_ * directions * (tunnel.rows + 2) + 16);
  for (auto& memory : memory_) memory.assign(size, Real(0));
  now_ = aligned(memory_[0]);
  other_ = aligned(memory_[1]);
  mark_solid(body);
  make_links(body);
  make_walls();
  make_open(tunnel.left, {-1, 0}, tunnel.rows, left_);
  make_open(tunnel.right, {1, 0}, tunnel.rows, right_);
  make_open(tunnel.bottom, {0, -1}, tunnel.columns, bottom_);
  make_open(tunnel.top, {0, 1}, tunnel.columns, top_);
  start([](double, double) { return FlowState{}; });
}

template <class Real>
long LatticeBoltzmann<Real>::slot(int direction, int column, int row) const {
  return ((row + 1L) * directions + direction) * stride_ + margin + column;
}

template <class Real>
bool LatticeBoltzmann<Real>::is_solid(int column, int row) const {
  if (column < 0 || row < 0 || column >= tunnel_.columns || row >= tunnel_.rows) return false;
  return solid_[static_cast<std::size_t>(row) * static_cast<std::size_t>(tunnel_.columns) +
                static_cast<std::size_t>(column)] != 0;
}

template <class Real>
void LatticeBoltzmann<Real>::mark_solid(const Outline& body) {
  for (const Point p : body.points())
    if (p.x < 0.5 || p.y < 0.5 || p.x > tunnel_.columns - 1.5 || p.y > tunnel_.rows - 1.5)
      throw std::invalid_argument(
          "LatticeBoltzmann: expected the body at least a cell from every side of the tunnel");
  solid_.assign(static_cast<std::size_t>(tunnel_.columns) * static_cast<std::size_t>(tunnel_.rows),
                0);
  spans_.resize(static_cast<std::size_t>(tunnel_.rows));
  for (int row = 0; row < tunnel_.rows; ++row) {
    const std::vector<double> crossings = body.crossings(row);
    int begin = 0;
    auto& spans = spans_[static_cast<std::size_t>(row)];
    for (std::size_t k = 0; k + 1 < crossings.size(); k += 2) {
      const int first = static_cast<int>(std::ceil(crossings[k]));
      const int last = static_cast<int>(std::ceil(crossings[k + 1]));
      if (first == last) continue;  // the body passes between two nodes
      for (int column = first; column < last; ++column)
        solid_[static_cast<std::size_t>(row) * static_cast<std::size_t>(tunnel_.columns) +
               static_cast<std::size_t>(column)] = 1;
      if (first > begin) spans.push_back({begin, first - begin});
      begin = last;
    }
    if (tunnel_.columns > begin) spans.push_back({begin, tunnel_.columns - begin});
    for (const Span span : spans) fluid_nodes_ += span.count;
  }
}

template <class Real>
void LatticeBoltzmann<Real>::make_links(const Outline& body) {
  links_.resize(static_cast<std::size_t>(tunnel_.rows));
  for (int row = 0; row < tunnel_.rows; ++row)
    for (int column = 0; column < tunnel_.columns; ++column)
      for (int i = 1; i < directions; ++i) {
        if (is_solid(column, row) || !is_solid(column + cx[i], row + cy[i])) continue;
        const Point from = {double(column), double(row)};
        const Point to = {double(column + cx[i]), double(row + cy[i])};
        const double distance = std::min(1.0, body.first_meeting(from, to));
        links_[static_cast<std::size_t>(row)].push_back(bounce(i, column, row, distance, {}));
      }
}

// What comes back to node b along a link of direction c that meets a surface after q link lengths.
//
// With f before and F after collision, e odd part of the equilibrium, g odd part of F - f, a steady
// flow obeys (Ginzburg and d'Humieres, 2003)
//   F_c(b) - f_back(b) + k0 (F_c(b-c) - F_back(b)) + k1 (F_c(b-2c) - F_back(b-c))
//     = 2 s (e + q De + q^2/2 DDe - L g)      with k0 = (1 - 2q - 2q^2) / (1+q)^2,
//                                             k1 = q^2 / (1+q)^2, s = 2 / (1+q)^2,
// D the derivative along the link, L = 1/odd rate - 1/2. The first three terms are the velocity at
// the surface. The last differs between links of different directions and makes drag jump where the
// surface crosses a node; a small product of relaxation times makes L small. The formula alone lets
// a node on the surface (q = 0) alternate undamped; adding 2 s (a - 1/2) (g(b) - g(b-c)), of third
// order, with a < 1/2 damps it. g is half of F_c - f_c - F_back + f_back.
//
// Where b-2c is no fluid, f_back follows from e + q De = 0 alone, and where b-c is none, from plain
// bounce-back.
template <class Real>
typename LatticeBoltzmann<Real>::Link LatticeBoltzmann<Real>::bounce(int i, int column, int row,
                                                                     double q,
                                                                     Point velocity) const {
  const auto fluid = [&](int x, int y) {
    return x >= 0 && y >= 0 && x < tunnel_.columns && y < tunnel_.rows && !is_solid(x, y);
  };
  const bool one = fluid(column - cx[i], row - cy[i]);
  const bool two = one && fluid(column - 2 * cx[i], row - 2 * cy[i]);
  const int back = opposite[i];
  const int x1 = column - one * cx[i], y1 = row - one * cy[i];
  const int x2 = column - (one + two) * cx[i], y2 = row - (one + two) * cy[i];
  Link link;
  link.reads = {slot(i, column, row), slot(i, x1, y1), slot(back, column, row), slot(i, x2, y2),
                slot(back, x1, y1)};
  link.writes = slot(back, column + cx[i], row + cy[i]);
  link.direction = i;
  link.count = 1;

  const double a = 0.3;
  std::array<double, 5> weights = {1, 0, 0, 0, 0};
  double share = 1;
  if (two) {
    const double square = (1 + q) * (1 + q);
    const double k0 = (1 - 2 * q - 2 * q * q) / square, k1 = q * q / square, s = 2 / square;
    const double p = s * (a - 0.5);
    share = s / (1 - p);
    weights = {(1 + p) / (1 - p), (k0 - 2 * p) / (1 - p), (-k0 - 2 * p) / (1 - p),
               (k1 + p) / (1 - p), (-k1 + p) / (1 - p)};
  } else if (one) {
    share = 1 / (1 - a + q);
    weights = {(a + q) * share, (1 - a - q) * share, (q - a) * share, 0, 0};
  }
  for (std::size_t k = 0; k < 5; ++k) link.weights[k] = static_cast<Real>(weights[k]);
  link.push = static_cast<Real>(-6 * weight[i] * share * (cx[i] * velocity.x + cy[i] * velocity.y));
  return link;
}

template <class Real>
void LatticeBoltzmann<Real>::make_walls() {
  walls_.resize(static_cast<std::size_t>(tunnel_.rows));
  for (int row = 0; row < tunnel_.rows; ++row)
    for (int i = 1; i < directions; ++i) {
      const double position = row + 0.5 * cy[i];
      if (cx[i] < 0) add_wall(tunnel_.left, i, 0, row, position);
      if (cx[i] > 0) add_wall(tunnel_.right, i, tunnel_.columns - 1, row, position);
    }
  for (int column = 0; column < tunnel_.columns; ++column)
    for (int i = 1; i < directions; ++i) {
      const double position = column + 0.5 * cx[i];
      if (cy[i] < 0) add_wall(tunnel_.bottom, i, column, 0, position);
      if (cy[i] > 0) add_wall(tunnel_.top, i, column, tunnel_.rows - 1, position);
    }
}

template <class Real>
void LatticeBoltzmann<Real>::add_wall(const Side& side, int i, int column, int row,
                                      double position) {
  if (side.kind != SideKind::Wall) return;
  const Link link = bounce(i, column, row, 0.5, side.velocity(position));
  auto& walls = walls_[static_cast<std::size_t>(row)];
  for (Link& known : walls) {
    bool next = known.weights == link.weights && known.push == link.push &&
                known.writes + known.count == link.writes;
    for (std::size_t k = 0; k < link.reads.size(); ++k)
      next = next && known.reads[k] + known.count == link.reads[k];
    if (next) {
      ++known.count;
      return;
    }
  }
  walls.push_back(link);
}

// A far field's pressure is impedance * (velocity out - far velocity out); its tangential velocity
// is given where the flow enters and left alone along it.
template <class Real>
void LatticeBoltzmann<Real>::make_open(const Side& side, Point outward, int nodes,
                                       OpenSide& open) const {
  if (side.kind == SideKind::Wall) return;
  for (int k = -1; k <= nodes; ++k) {
    const Point far = side.velocity(k);
    open.far_x.push_back(static_cast<Real>(far.x));
    open.far_y.push_back(static_cast<Real>(far.y));
  }
  OpenRule<Real>& rule = open.rule;
  rule = {};
  rule.outward_x = static_cast<Real>(outward.x);
  rule.outward_y = static_cast<Real>(outward.y);
  if (side.kind == SideKind::Outlet) {
    rule.keep_x = rule.keep_y = 1;
  } else {
    const double share = 2 / (side.impedance + sound);
    rule.density_of_wave = static_cast<Real>(share * side.impedance);
    rule.velocity_of_wave = static_cast<Real>(share * sound * sound);
    rule.keep_x = outward.y != 0 ? 1 : 0;
  }
  int found = 0;
  for (int i = 1; i < directions; ++i)
    if (cx[i] * outward.x + cy[i] * outward.y < 0) rule.inwards[found++] = i;
}

template <class Real>
void LatticeBoltzmann<Real>::start(const std::function<FlowState(double, double)>& state) {
  std::fill(memory_[0].begin(), memory_[0].end(), Real(0));
  std::fill(memory_[1].begin(), memory_[1].end(), Real(0));
  // The part off equilibrium is -D(3 w c.u) / rate before the collision.
  const double off = -3 * (1 / double(rates_.even) - 1);
  for (int row = 0; row < tunnel_.rows; ++row)
    for (int column = 0; column < tunnel_.columns; ++column) {
      if (is_solid(column, row)) continue;
      const FlowState here = state(column, row);
      const auto apart = [&](int dx, int dy) {
        const bool inside = column >= dx && row >= dy && column + dx < tunnel_.columns &&
                            row + dy < tunnel_.rows && !is_solid(column + dx, row + dy) &&
                            !is_solid(column - dx, row - dy);
        if (!inside) return Point{};
        const Point a = state(column + dx, row + dy).velocity;
        const Point b = state(column - dx, row - dy).velocity;
        return Point{(a.x - b.x) / 2, (a.y - b.y) / 2};
      };
      const Point by_x = apart(1, 0), by_y = apart(0, 1);
      for (int i = 0; i < directions; ++i) {
        const double stretch = cx[i] * (cx[i] * by_x.x + cy[i] * by_x.y) +
                               cy[i] * (cx[i] * by_y.x + cy[i] * by_y.y) - (by_x.x + by_y.y) / 3;
        now_[slot(i, column, row)] =
            static_cast<Real>(equilibrium(i, here.density, here.velocity.x, here.velocity.y) +
                              off * weight[i] * stretch);
      }
    }
  for (int row = 0; row < tunnel_.rows; ++row) finish_row(row, now_);
}

template <class Real>
void LatticeBoltzmann<Real>::collide_row(int row, const Real* before, Real* after) const {
  for (const Span span : spans_[static_cast<std::size_t>(row)]) {
    const Real* from[directions];
    Real* to[directions];
    for (int i = 0; i < directions; ++i) {
      from[i] = before + slot(i, span.begin - cx[i], row - cy[i]);
      to[i] = after + slot(i, span.begin, row);
    }
    kernel_.collide_row(from, to, span.count, rates_);
  }
}

// Writes what the next pull of this row will look for beyond the fluid.
template <class Real>
void LatticeBoltzmann<Real>::finish_row(int row, Real* after) const {
  const int columns = tunnel_.columns, rows = tunnel_.rows;
  open_side(left_, 0, row, -1, row, row, 1, after);
  open_side(right_, columns - 1, row, columns, row, row, 1, after);
  for (const bool top : {false, true}) {
    if (row != (top ? rows - 1 : 0)) continue;
    const OpenSide& side = top ? top_ : bottom_;
    const int beyond = top ? rows : -1;
    open_side(side, 0, row, -1, beyond, -1, 1, after);
    open_side(side, 0, row, 0, beyond, 0, columns, after);
    open_side(side, columns - 1, row, columns, beyond, columns, 1, after);
  }
  for (const Link& wall : walls_[static_cast<std::size_t>(row)]) bounce_back(wall, after);
  for (const Link& link : links_[static_cast<std::size_t>(row)]) bounce_back(link, after);
}

template <class Real>
void LatticeBoltzmann<Real>::bounce_back(const Link& link, Real* after) const {
  const auto& [w0, w1, w2, w3, w4] = link.weights;
  const auto& [r0, r1, r2, r3, r4] = link.reads;
  // A link never reads what another of its kind writes.
#if defined(__clang__)
#pragma clang loop vectorize(assume_safety)
#else
#pragma GCC ivdep
#endif
  for (int k = 0; k < link.count; ++k)
    after[link.writes + k] = link.push + w0 * after[r0 + k] + w1 * after[r1 + k] +
                             w2 * after[r2 + k] + w3 * after[r3 + k] + w4 * after[r4 + k];
}

template <class Real>
void LatticeBoltzmann<Real>::open_side(const OpenSide& side, int from_column, int from_row,
                                       int to_column, int to_row, int position, int count,
                                       Real* after) const {
  if (side.far_x.empty()) return;
  const auto first = static_cast<std::size_t>(position + 1);
  kernel_.open_nodes(after + slot(0, from_column, from_row), after + slot(0, to_column, to_row),
                     stride_, &side.far_x[first], &side.far_y[first], count, side.rule);
}

// Rows of several steps follow each other down the tunnel, two rows apart, so that a row is still
// in the cache when the next step asks for it. A step may collide row r when the step before has
// finished row r + 1, and finish row r when it has collided row r + 1 itself.
template <class Real>
void LatticeBoltzmann<Real>::advance(int steps) {
  const int depth = 8;
  for (int done = 0; done < steps; done += depth) {
    const int batch = std::min(depth, steps - done);
    for (int front = 0; front <= tunnel_.rows + 2 * (batch - 1); ++front)
      for (int step = 0; step < batch; ++step) {
        const int row = front - 2 * step;
        Real* const after = step % 2 == 0 ? other_ : now_;
        if (row >= 0 && row < tunnel_.rows) collide_row(row, step % 2 == 0 ? now_ : other_, after);
        if (row >= 1 && row <= tunnel_.rows) finish_row(row - 1, after);
      }
    if (batch % 2 == 1) std::swap(now_, other_);
  }
}

template <class Real>
Point LatticeBoltzmann<Real>::force() const {
  Point sum;
  for (const auto& row : links_)
    for (const Link& link : row) {
      const double exchanged = double(now_[link.reads[0]]) + double(now_[link.writes]);
      sum.x += cx[link.direction] * exchanged;
      sum.y += cy[link.direction] * exchanged;
    }
  return sum;
}

template <class Real>
FlowState LatticeBoltzmann<Real>::node(int column, int row, const Real* populations) const {
  double f[directions];
  for (int i = 0; i < directions; ++i) f[i] = double(populations[slot(i, column, row)]);
  FlowState state;
  state.density = f[0] + f[1] + f[2] + f[3] + f[4] + f[5] + f[6] + f[7] + f[8];
  state.velocity.x = f[1] - f[3] + f[5] - f[6] - f[7] + f[8];
  state.velocity.y = f[2] - f[4] + f[5] + f[6] - f[7] - f[8];
  return state;
}

template <class Real>
FlowState LatticeBoltzmann<Real>::at(double column, double row) const {
  const double x = std::clamp(column, 0.0, tunnel_.columns - 1.0);
  const double y = std::clamp(row, 0.0, tunnel_.rows - 1.0);
  const int x0 = std::min(static_cast<int>(x), tunnel_.columns - 2);
  const int y0 = std::min(static_cast<int>(y), tunnel_.rows - 2);
  FlowState sum;
  double fluid = 0;
  for (int dy = 0; dy < 2; ++dy)
    for (int dx = 0; dx < 2; ++dx) {
      if (is_solid(x0 + dx, y0 + dy)) continue;
      const double share = (dx ? x - x0 : 1 - (x - x0)) * (dy ? y - y0 : 1 - (y - y0));
      const FlowState corner = node(x0 + dx, y0 + dy, now_);
      sum.density += share * corner.density;
      sum.velocity.x += share * corner.velocity.x;
      sum.velocity.y += share * corner.velocity.y;
      fluid += share;
    }
  if (fluid > 0) sum.density /= fluid;
  return sum;
}

template class LatticeBoltzmann<float>;
template class LatticeBoltzmann<double>;

}  // namespace sonde_simulator
