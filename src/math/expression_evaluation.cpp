#include <array>
#include <vector>

#include "math/expression_program.hpp"
#include "math/expression_steps.hpp"
#include "sonde/base/error.hpp"

namespace sonde {
namespace {

constexpr Index rows_of_block = 256;  // rows at a time: a formula's values stay in the first cache

// Room for n numbers, on the stack where they are few.
class Scratch {
 public:
  explicit Scratch(std::size_t n) {
    if (n > few_.size()) many_.resize(n);
    data_ = n > few_.size() ? many_.data() : few_.data();
  }
  double& operator[](int i) { return data_[i]; }

 private:
  std::array<double, 128> few_;
  std::vector<double> many_;
  double* data_;
};

void check_dimension(Index got, Index expected) {
  require(got == expected, "Expression: a point needs ", expected, " coordinates, got ", got);
}

void forward(const std::vector<Node>& nodes, VectorView x, Scratch& values) {
  for (int i = 0; i < static_cast<int>(nodes.size()); ++i) {
    const Node& node = nodes[static_cast<std::size_t>(i)];
    if (node.op == Op::Constant) {
      values[i] = node.value;
    } else if (node.op == Op::Variable) {
      values[i] = x[node.variable];
    } else {
      const double a = values[node.a], b = values[node.b], c = values[node.c];
      values[i] = with_function_of(node.op, [&](auto f) { return f(a, b, c); });
    }
  }
}

// Columns of rows_of_block values, one for each step that is still needed by a later one.
std::vector<int> columns_of_steps(const std::vector<Node>& nodes, int& count) {
  const int n = static_cast<int>(nodes.size());
  std::vector<int> last_use(nodes.size(), n);
  for (int i = 0; i < n; ++i) {
    const Node& node = nodes[static_cast<std::size_t>(i)];
    for (const int operand : {node.a, node.b, node.c}) {
      if (operand >= 0) last_use[static_cast<std::size_t>(operand)] = i;
    }
  }
  std::vector<int> column(nodes.size());
  std::vector<int> free;
  count = 0;
  for (int i = 0; i < n; ++i) {
    const Node& node = nodes[static_cast<std::size_t>(i)];
    if (free.empty()) free.push_back(count++);
    column[static_cast<std::size_t>(i)] = free.back();
    free.pop_back();
    // Only now, as a step must not write where it reads. Operands named twice are freed once.
    const std::array<int, 3> operands = {node.a, node.b == node.a ? -1 : node.b,
                                         node.c == node.a || node.c == node.b ? -1 : node.c};
    for (const int operand : operands) {
      if (operand < 0 || last_use[static_cast<std::size_t>(operand)] != i) continue;
      free.push_back(column[static_cast<std::size_t>(operand)]);
    }
  }
  return column;
}

template <class F>
void each(double* __restrict out, const double* a, const double* b, const double* c, F f) {
  for (Index i = 0; i < rows_of_block; ++i) out[i] = f(a[i], b[i], c[i]);
}

}  // namespace

double Tape::value(VectorView x) const {
  check_dimension(x.size(), variables_);
  Scratch values(nodes_.size());
  forward(nodes_, x, values);
  return values[root()];
}

double Tape::value_and_gradient(VectorView x, VectorOut gradient) const {
  check_dimension(x.size(), variables_);
  check_dimension(gradient.size(), variables_);
  Scratch values(nodes_.size());
  Scratch weights(nodes_.size());
  forward(nodes_, x, values);
  for (int i = 0; i < root(); ++i) weights[i] = 0.0;
  weights[root()] = 1.0;
  gradient.setZero();
  for (int i = root(); i >= 0; --i) {
    const double weight = weights[i];
    // What does not matter must not spoil: 0 times an infinite slope would be NaN.
    if (weight == 0.0) continue;
    const Node& node = this->node(i);
    if (node.op == Op::Variable) {
      gradient[node.variable] += weight;
    } else if (node.op == Op::Select) {
      weights[values[node.a] != 0.0 ? node.b : node.c] += weight;
    } else if (node.a >= 0) {
      const Slopes slopes = slopes_of(node.op, values[node.a], values[node.b], values[i]);
      if (slopes.a != 0.0) weights[node.a] += weight * slopes.a;
      if (slopes.b != 0.0) weights[node.b] += weight * slopes.b;
    }
  }
  return values[root()];
}

Vector Tape::rows(PointsView x) const {
  check_dimension(x.cols(), variables_);
  int columns = 0;
  const std::vector<int> column = columns_of_steps(nodes_, columns);
  std::vector<double> room(static_cast<std::size_t>(columns) * rows_of_block, 0.0);
  const auto at = [&](int step) {
    return room.data() + column[static_cast<std::size_t>(step)] * rows_of_block;
  };
  Vector result(x.rows());
  for (Index first = 0; first < x.rows(); first += rows_of_block) {
    const Index count = std::min(rows_of_block, x.rows() - first);
    for (int i = 0; i <= root(); ++i) {
      const Node& node = this->node(i);
      if (node.op == Op::Constant) {
        std::fill_n(at(i), rows_of_block, node.value);
      } else if (node.op == Op::Variable) {
        for (Index r = 0; r < count; ++r) at(i)[r] = x(first + r, node.variable);
      } else {
        with_function_of(node.op,
                         [&](auto f) { each(at(i), at(node.a), at(node.b), at(node.c), f); });
      }
    }
    result.segment(first, count) = Eigen::Map<const Vector>(at(root()), count);
  }
  return result;
}

}  // namespace sonde
