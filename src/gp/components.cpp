#include "sonde/gp/components.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <Eigen/Eigenvalues>
#include <Eigen/QR>

#include "math/dense.hpp"
#include "sonde/base/error.hpp"

namespace sonde {

namespace {

/// Orthonormal directions in which the fields vary most.
struct Components {
  Matrix basis;  // (m, c)
  double share;
};

/// a' a of a (k, s), both triangles.
Matrix gram(const Matrix& a) {
  Matrix product = Matrix::Zero(a.cols(), a.cols());
  dense::arithmetic().add_product(a.cols(), a.cols(), a.rows(), 1.0, a.data(), a.rows(), a.data(),
                                  a.rows(), product.data(), product.rows());
  return product;
}

/// How many of the eigenvalues, in falling order, are kept. Those that are rounding of the largest
/// are not.
Index kept(const Vector& eigenvalues, const FieldOptions& options) {
  constexpr double rounding = 1e-13;
  const double total = eigenvalues.cwiseMax(0.0).sum();
  double sum = 0.0;
  Index count = 0;
  while (count < std::min(eigenvalues.size(), options.max_components) &&
         sum < options.share * total && eigenvalues[count] > rounding * eigenvalues[0]) {
    sum += eigenvalues[count++];
  }
  return count;
}

/// (m, c) that spans the same as `directions`. Directions of fields that follow from those of the
/// rows are orthogonal already, but for weak ones.
Matrix orthonormal(const Matrix& directions) {
  if (directions.cols() == 0) return directions;
  return Eigen::HouseholderQR<Matrix>(directions).householderQ() *
         Matrix::Identity(directions.rows(), directions.cols());
}

/// Each column times +-1, so that its entry of largest size is above zero.
void settle_signs(Matrix& basis) {
  for (Index c = 0; c < basis.cols(); ++c) {
    Index largest = 0;
    basis.col(c).cwiseAbs().maxCoeff(&largest);
    if (basis(largest, c) < 0.0) basis.col(c) *= -1.0;
  }
}

/// By the smaller of the two Gram matrices. \param deviations (n, m) from the mean field, about 1
Components components_of(const Matrix& deviations, const FieldOptions& options) {
  const bool wide = deviations.cols() > deviations.rows();
  const Matrix tall = wide ? Matrix(deviations.transpose()) : deviations;
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(gram(tall));
  require<NumericalError>(solver.info() == Eigen::Success,
                          "FieldSurrogate: the principal components of ", deviations.rows(),
                          " fields did not converge");
  const Vector eigenvalues = solver.eigenvalues().reverse();
  const Index count = kept(eigenvalues, options);
  const Matrix vectors = solver.eigenvectors().rightCols(count).rowwise().reverse();
  const double total = eigenvalues.cwiseMax(0.0).sum();
  Components found{vectors, total > 0.0 ? eigenvalues.head(count).sum() / total : 1.0};
  if (wide) found.basis = orthonormal(tall * vectors);
  settle_signs(found.basis);
  return found;
}

/// (n, m), zero where a value is the same in all fields but for rounding.
Matrix deviations_from(const Vector& centre, MatrixView fields) {
  constexpr double rounding = 1e-13;
  Matrix deviations = fields.rowwise() - centre.transpose();
  for (Index j = 0; j < fields.cols(); ++j) {
    const double largest = fields.col(j).cwiseAbs().maxCoeff();
    if (deviations.col(j).cwiseAbs().maxCoeff() <= rounding * largest) deviations.col(j).setZero();
  }
  return deviations;
}

/// (m) mean square of what is left of the fields, by its degrees of freedom.
Vector truncation_of(const Matrix& residuals, Index components) {
  const Index freedom = residuals.rows() - 1 - components;
  if (freedom <= 0) return Vector::Zero(residuals.cols());
  return residuals.colwise().squaredNorm().transpose() / static_cast<double>(freedom);
}

void check(const Output& output, PointsView x, MatrixView fields, const FieldOptions& options) {
  require(x.rows() == fields.rows() && fields.cols() > 0, "FieldSurrogate: '", output.name,
          "' needs a field for each point, of at least one value; got ", x.rows(), " points and ",
          fields.rows(), " x ", fields.cols(), " values");
  require(fields.rows() >= 2, "FieldSurrogate: '", output.name, "' has ", fields.rows(),
          " fields; a fit takes two or more");
  require(options.share > 0.0 && options.share <= 1.0,
          "FieldSurrogate: expected a share of the variance above 0, at most 1; got ",
          options.share);
  require(options.max_components > 0, "FieldSurrogate: expected at least one component, got ",
          options.max_components);
  for (Index j = 0; j < fields.cols(); ++j) {
    for (Index i = 0; i < fields.rows(); ++i) {
      require(std::abs(fields(i, j)) <= largest_value, "FieldSurrogate: '", output.name, "' is ",
              fields(i, j), " in field ", i, ", value ", j,
              "; leave out fields that failed, and choose a unit in which values are below ",
              largest_value);
    }
  }
}

std::vector<Output> outputs_of(const Output& output, Index components) {
  std::vector<Output> outputs;
  for (Index c = 0; c < components; ++c)
    outputs.push_back({concat(output.name, " component ", c + 1), output.unit});
  return outputs;
}

}  // namespace

struct FieldSurrogate::State {
  Output output;
  Matrix fields;  // (n, m)
  Vector centre;
  Components components;
  Vector truncation;
  Surrogate scores;

  /// Of fields from their scores. \param of (k) of each component
  FieldMarginals fields_of(const std::vector<Marginals>& of, Index k) const {
    const Index c = components.basis.cols();
    Matrix mean(k, c);
    Matrix variance(k, c);
    for (Index j = 0; j < c; ++j) {
      mean.col(j) = of[static_cast<std::size_t>(j)].mean;
      variance.col(j) = of[static_cast<std::size_t>(j)].variance;
    }
    FieldMarginals result{mean * components.basis.transpose(),
                          variance * components.basis.cwiseAbs2().transpose()};
    result.mean.rowwise() += centre.transpose();
    result.variance.rowwise() += truncation.transpose();
    return result;
  }
};

FieldSurrogate FieldSurrogate::fit(const Domain& domain, const Output& output, PointsView x,
                                   MatrixView fields, const FieldOptions& options, Rng rng) {
  check(output, x, fields, options);
  Vector centre = fields.colwise().mean().transpose();
  Matrix deviations = deviations_from(centre, fields);
  // About 1, as squares of what is large or small have no place in double precision.
  const double largest = deviations.cwiseAbs().maxCoeff();
  const double unit = largest > 0.0 ? largest : 1.0;
  deviations /= unit;
  Components components = components_of(deviations, options);
  const Matrix scores = deviations * components.basis;
  const Vector truncation =
      truncation_of(deviations - scores * components.basis.transpose(), components.basis.cols());
  Surrogate surrogate = Surrogate::fit(domain, outputs_of(output, scores.cols()),
                                       {x, unit * scores}, options.model, Matrix(0, 0), rng);
  FieldSurrogate field;
  field.state_ =
      std::make_shared<const State>(State{output, fields, std::move(centre), std::move(components),
                                          unit * unit * truncation, std::move(surrogate)});
  return field;
}

FieldMarginals FieldSurrogate::predict(PointsView x) const {
  require(x.cols() == domain().dim(), "FieldSurrogate: points have ", x.cols(),
          " columns, the domain has ", domain().dim(), " parameters");
  std::vector<Marginals> of;
  for (Index c = 0; c < components(); ++c) of.push_back(scores()[c].predict(x));
  return state_->fields_of(of, x.rows());
}

FieldMarginals FieldSurrogate::leave_one_out() const {
  std::vector<Marginals> of;
  for (Index c = 0; c < components(); ++c) {
    LeaveOneOut left = scores()[c].leave_one_out();
    of.push_back({std::move(left.mean), std::move(left.variance)});
  }
  return state_->fields_of(of, fields().rows());
}

const Domain& FieldSurrogate::domain() const noexcept {
  return state_->scores.domain();
}
const Output& FieldSurrogate::output() const noexcept {
  return state_->output;
}
Index FieldSurrogate::values() const noexcept {
  return state_->centre.size();
}
Index FieldSurrogate::components() const noexcept {
  return state_->components.basis.cols();
}
double FieldSurrogate::share() const noexcept {
  return state_->components.share;
}
const Matrix& FieldSurrogate::fields() const noexcept {
  return state_->fields;
}
const Vector& FieldSurrogate::centre() const noexcept {
  return state_->centre;
}
const Matrix& FieldSurrogate::basis() const noexcept {
  return state_->components.basis;
}
const Vector& FieldSurrogate::truncation() const noexcept {
  return state_->truncation;
}
const Surrogate& FieldSurrogate::scores() const noexcept {
  return state_->scores;
}

Scores leave_one_out_scores(const FieldSurrogate& surrogate) {
  const FieldMarginals left = surrogate.leave_one_out();
  const Matrix truth = surrogate.fields().rowwise() - surrogate.centre().transpose();
  const Matrix mean = left.mean.rowwise() - surrogate.centre().transpose();
  return scores(truth.reshaped(), mean.reshaped(), left.variance.reshaped());
}

}  // namespace sonde
