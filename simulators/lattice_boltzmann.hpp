#pragma once

#include <array>
#include <functional>
#include <vector>

#include "lattice_kernel.hpp"
#include "outline.hpp"

namespace sonde_simulator {

/// What is beyond one side of the tunnel.
enum class SideKind {
  Wall,      ///< half a cell beyond the last nodes, moving with the side's velocity: bounce-back
  FarField,  ///< flow of the side's velocity, through which waves leave
  Outlet,    ///< pressure 0, velocity as it comes
};

/// The speed of sound, cells a step.
inline constexpr double sound = 0.57735026918962576;

/// One side of the tunnel. `velocity` is in cells a step, as a function of the position along the
/// side in cells, nodes lying at whole numbers from 0; unused for an Outlet.
struct Side {
  SideKind kind = SideKind::Wall;
  std::function<Point(double)> velocity = [](double) { return Point{}; };
  /// Of a FarField: pressure for each cell a step by which the flow leaves faster than `velocity`
  /// says. The nearer to `sound`, the less of a wave comes back.
  double impedance = sound;
};

/// A rectangle of columns x rows nodes one cell apart, and what surrounds it. Units: cells and
/// steps, density at rest 1.
struct Tunnel {
  int columns = 0, rows = 0;
  double viscosity = 0.1;
  double magic = 0.02;  ///< product of the two relaxation times, less 1/2 each
  Side left, right, bottom, top;
};

/// Flow at one place.
struct FlowState {
  double density = 0;  ///< less the density at rest; pressure is a third of it
  Point velocity;
};

/// Two-dimensional flow around a body at rest: D2Q9 lattice-Boltzmann with two relaxation times in
/// single or double precision.
///
/// The body's surface acts through multi-reflection bounce-back (Ginzburg and d'Humieres, 2003):
/// each link that crosses it uses the exact distance to it, by one formula that is smooth in it, of
/// second order with an error that does not depend on where the surface lies between two nodes;
/// drag is therefore smooth in the body's shape.
template <class Real>
class LatticeBoltzmann {
 public:
  /// \throws std::invalid_argument where the body is nearer than a cell to a side.
  LatticeBoltzmann(const Tunnel& tunnel, const Outline& body);

  /// Sets every node near its equilibrium with the flow that `state` gives at (column, row).
  void start(const std::function<FlowState(double, double)>& state);

  /// Cost: O(nodes * steps).
  void advance(int steps);

  /// Force on the body in the last step, by momentum exchange over the links.  Cost: O(links).
  Point force() const;

  /// Flow between the nodes, bilinear; the body counts as at rest.
  FlowState at(double column, double row) const;

  bool is_solid(int column, int row) const;
  long fluid_nodes() const { return fluid_nodes_; }
  const Tunnel& tunnel() const { return tunnel_; }

 private:
  struct Span {
    int begin, count;
  };
  // A link from a fluid node to a surface: the slots that its bounce-back reads and the one it
  // writes, in which the next pull of the fluid node looks.
  struct Link {
    std::array<long, 5> reads;
    std::array<Real, 5> weights;
    Real push;
    long writes;
    int direction;
    int count;  // how many follow, each one column further: those of a straight wall
  };
  struct OpenSide {
    OpenRule<Real> rule;
    std::vector<Real> far_x, far_y;  // by node along the side, from -1
  };

  long slot(int direction, int column, int row) const;
  void mark_solid(const Outline& body);
  void make_links(const Outline& body);
  void make_walls();
  void add_wall(const Side& side, int direction, int column, int row, double position);
  void bounce_back(const Link& link, Real* after) const;
  Link bounce(int direction, int column, int row, double distance, Point velocity) const;
  void collide_row(int row, const Real* before, Real* after) const;
  void finish_row(int row, Real* after) const;
  void make_open(const Side& side, Point outward, int nodes, OpenSide& open) const;
  void open_side(const OpenSide& side, int from_column, int from_row, int to_column, int to_row,
                 int position, int count, Real* after) const;
  FlowState node(int column, int row, const Real* populations) const;

  Tunnel tunnel_;
  Rates<Real> rates_;
  LatticeKernel<Real> kernel_;
  long stride_ = 0;
  long fluid_nodes_ = 0;
  std::vector<char> solid_;
  std::vector<std::vector<Span>> spans_;  // by row
  std::vector<std::vector<Link>> links_;  // to the body, by row of their fluid node
  std::vector<std::vector<Link>> walls_;  // to the sides that are walls, likewise
  OpenSide left_, right_, bottom_, top_;
  std::vector<Real> memory_[2];
  Real* now_ = nullptr;  // populations after collision
  Real* other_ = nullptr;
};

extern template class LatticeBoltzmann<float>;
extern template class LatticeBoltzmann<double>;

}  // namespace sonde_simulator
