#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sonde/base/random.hpp"
#include "sonde/base/scalar_field.hpp"
#include "sonde/base/types.hpp"
#include "sonde/gp/classify.hpp"
#include "sonde/gp/fit.hpp"
#include "sonde/gp/gaussian_process.hpp"
#include "sonde/gp/multiclass.hpp"
#include "sonde/gp/stationary.hpp"
#include "sonde/space/domain.hpp"

namespace sonde {

/// What has been observed: a query a row, in natural units.
struct Dataset {
  Points x;  ///< (n, d)
  Matrix y;  ///< (n, m), a column an output; NaN: not observed
  /// (n, m) standard deviation of each observation's error, > 0, in the output's unit; empty: not
  /// known.
  Matrix noise_sd{};
  Index size() const noexcept { return x.rows(); }
};

/// What a process sees of an output: z = y, sqrt(y) or ln(y); the latter two where all y > 0.
enum class Transform { None, SquareRoot, Log };

/// What sets one process of a stack apart.
struct MemberKind {
  Family family = Family::Matern52;
  Form form = Form::Product;
  Transform transform = Transform::None;
  /// ln(x) in place of x, of each Linear parameter with a lower bound > 0.
  bool log_inputs = false;
  /// Each feature is bent as far as the data say: see the kernel `warped`. Where the stack holds
  /// the same kind without bends, it is fitted from that one, and only where that is among the two
  /// that weigh most.
  bool warped = false;
  /// A straight line is added, of which the slopes are shrunk to zero: the kernel `linear` of one
  /// variance about the centre of the unit cube.
  bool linear = false;
  Trend trend = Trend::Constant;
};

/// Which processes a response is made of.
struct ModelOptions {
  /// Kinds that say nothing new of an output (logarithms of what is not positive) are passed over.
  std::vector<MemberKind> stack = full_stack();
  /// Of one observation, in the output's unit, the same for all outputs; NaN: estimated, from how
  /// replicates scatter as well. Of no account where the Dataset says it of each observation.
  double noise_sd = std::numeric_limits<double>::quiet_NaN();
  /// Whether estimated noise may vary over the domain, where replicates clearly say so: of six
  /// points or more, with ten degrees of freedom. Measured on 2200 data sets with the same normal
  /// noise everywhere, of 1 to 10 inputs: 0.4 % were taken for varying (errors of Student's t with
  /// 5 degrees: 1.6 %); where its deviation varied by a factor of 3, 30 points with 5 replicates
  /// told in 92 % of the data sets, with 2 in 19 %.
  bool varying_noise = true;
  /// Whether variances count how uncertain the parameters are: see Alternatives.
  bool parameter_uncertainty = true;
  FitOptions fit{};

  /// Matern 5/2 radial; Matern 5/2 ANOVA and the squared exponential ANOVA, both with a straight
  /// line beside; each with all transforms, with inputs as they are and as logarithms, warped or
  /// not. Measured on 13 published functions of 1 to 10 inputs with 20, 40 and 80 uniform runs: of
  /// the sets tried the least error on average, 0.33 of that of radial Matern 5/2 alone (without
  /// straight lines 0.36; weighted by leave-one-out, with the same prior on both sides, 0.39).
  static std::vector<MemberKind> full_stack();
};

/// Where the parameters of a process are uncertain: its mean with parameters one standard deviation
/// off, along each principal axis of their posterior that matters. What the means differ by,
/// squared and summed, is part of the variance.
///
/// The posterior is taken to be normal, with the curvature of log evidence + log prior at its
/// maximum (Laplace), and the mean to be linear in the parameters. The axes that add most stand for
/// all, as much farther off as makes up for the others. Of more than 400 points, where little is
/// uncertain, or 64 parameters, where it costs too much, none is made. Measured on 13
/// published functions with 20, 40 and 80 uniform runs: intervals of 50, 90 and 95 % hold 66, 92
/// and 95 % of the truth with it, 61, 89 and 93 % without. \see Kennedy & O'Hagan (2001), J. R.
/// Stat. Soc. B 63(3); Rasmussen & Williams (2006), eq. 3.44 f.
using Alternatives = std::vector<PosteriorMean>;

/// One process of a stack. It lives in scaled coordinates: inputs as features (the unit cube, a
/// Choice of more than two labels as that many 0/1 columns), z = T(y) as (z - z_shift) / z_scale.
struct Member {
  double weight;  ///< > 0; the weights of a stack sum to 1
  GaussianProcess process;
  MemberKind kind;
  double z_shift;
  double z_scale;
  /// Where there is a transform, means of z beyond that of four times the largest y observed are
  /// cut: a logarithm that overshoots by a little does so in y by any factor.
  double z_top;
  Vector log_parameters;     ///< of the kernel, then of the noise
  double calibration = 1.0;  ///< by which folds found its variance too small, 1 or more
  Alternatives alternatives{};
};

/// The posterior of one output: inputs in natural units, y in the output's unit. A weighted stack
/// of processes: its mean and variance are those of the mixture, each member's carried through its
/// transform in closed form. Immutable, cheap to copy.
///
/// Weights maximise the predictive density of the mixture in five-fold cross-validation, each fold
/// with a fit of its own, on the output's own scale; beyond 100 points that of leave-one-out, with
/// the parameters as they are. Where a member of several missed by more than it foretold, its
/// variance is raised to that; beyond 100 points by the factor found with 100, to the power of 100
/// over their number.
/// A member with a transform whose left-out means miss by more than 1.1 times what the best without
/// one misses by has none.
/// \see Yao, Vehtari, Simpson & Gelman (2018), Bayesian Analysis 13(3)
class Response {
 public:
  /// (n, d); in blocks, bounded memory. The numbers do not depend on `threads`. Of a point with a
  /// NaN they are NaN.
  Marginals predict(PointsView x, int threads = 1) const;
  LocalMarginal predict_at(VectorView x) const;         ///< with gradients in natural units
  Matrix covariance(PointsView a, PointsView b) const;  ///< posterior, (n_a, n_b)
  /// The doubt about the model: how far the means of the members, and those of their Alternatives,
  /// lie from the mean of all, squared and weighted. No variances, so O(n) a mean.
  double disagreement(VectorView x, VectorOut gradient) const;  ///< gradient in natural units
  Vector disagreement(PointsView x) const;                      ///< (n, d) -> (n)
  /// Without the observation and its replicates, in the order of train_rows().
  LeaveOneOut leave_one_out() const;

  const std::vector<Member>& members() const noexcept;
  const std::vector<Index>& train_rows() const noexcept;  ///< rows of the Dataset it was made from
  /// (m <= n) the rows whose points the processes see: the first of those that agree to 1e-9 of the
  /// range of every input. The others are replicates of them.
  const std::vector<Index>& point_rows() const noexcept;
  Vector observed() const;  ///< (n) the values it was made from, in the output's unit
  Points x() const;         ///< (n, d) where; of replicates that of the first
  Points known() const;     ///< (k, d) the points that the processes see, those supposed the last
  double noise_sd() const;  ///< of one observation, in the output's unit, where y is typical
  /// (n) of one observation at each of these points, in the output's unit: constant where noise
  /// does not vary and no member has a transform.
  Vector noise_sd(PointsView x) const;
  bool has_varying_noise() const noexcept;  ///< replicates say so: \see ModelOptions
  /// Standard deviation of the posterior mean over the input distribution and the admissible
  /// region; at most twice that of what was observed.
  double spread() const noexcept;
  /// (d), log length scale of each input in the unit cube (a Choice: its shortest), stack-averaged.
  Vector log_lengths() const;

 private:
  friend class Surrogate;
  friend class VarianceReduction;
  struct State;
  Response leading() const;
  Response() = default;  // to be made by a Surrogate
  std::shared_ptr<const State> state_;
};

/// A response for each output, over one domain. Immutable, cheap to copy.
class Surrogate {
 public:
  /// Fits each output on its own: every kind of the stack, z standardised to mean 0 and variance 1,
  /// then their weights. Of more than 100 points only what weighs most is fitted to all: by
  /// `start`, or a fit to 100 of them.
  /// \param start parameters() to search from; no rows: the defaults.
  /// \throws ArgumentError where an output has fewer than two observations; NumericalError where
  /// the square of its spread has no place in double precision.
  static Surrogate fit(const Domain& domain, const std::vector<Output>& outputs,
                       const Dataset& data, const ModelOptions& options, MatrixView start, Rng rng);

  /// No search: these parameters(), this data. O(n^3) once a member.
  static Surrogate at(const Domain& domain, const std::vector<Output>& outputs, const Dataset& data,
                      const ModelOptions& options, MatrixView parameters);

  const Domain& domain() const noexcept;
  const std::vector<Output>& outputs() const noexcept;
  Index size() const noexcept;  ///< rows of the data
  const Response& operator[](Index output) const;
  const Response& operator[](
      std::string_view output) const;  ///< \throws ArgumentError: no such output
  /// a row an output: for each kind of the stack its weight, then the logarithms of its
  /// calibration, kernel parameters and noise; -1, then zeros where a kind was not fitted.
  Matrix parameters() const;

  /// As if `x` (k, d) had been observed with the values now predicted there, by the whole stack:
  /// its members agree there, and so do their Alternatives. Variances fall; means stay, of a single
  /// process to the last bit. How queries that are chosen, but not answered, are taken into
  /// account.
  Surrogate supposing(PointsView x) const;
  /// The same of one output alone: where others were observed, and it was not.
  Surrogate supposing_of(Index output, PointsView x) const;

  /// The same, told where runs succeed: criteria count for less what is likely to fail.
  Surrogate with_success(Classifier classifier) const;
  const std::optional<Classifier>& success() const noexcept;  ///< none: nothing is known of it
  /// The same classifier, supposing what the surrogate supposes; success() does not.
  const std::optional<Classifier>& success_supposed() const noexcept;
  /// The same of one output: where it arrives, of runs that succeed.
  Surrogate with_arrival(Index output, Classifier classifier) const;
  /// None: it has always arrived. \throws ArgumentError: no such output
  const std::optional<Classifier>& arrival(Index output) const;

  /// Of an output of classes, where two of them were seen: which of them it is, as it supposes
  /// supposing(). Its Response is that of one process over the classes' numbers, for what orders
  /// them. \throws ArgumentError: no such output
  const std::optional<MulticlassClassifier>& classes(Index output) const;

  /// The same, told what a run at x costs: its logarithm, in any unit. What a point is worth is
  /// then that for its cost.
  Surrogate with_log_cost(ScalarField log_cost) const;
  const std::optional<ScalarField>& log_cost() const noexcept;  ///< none: all cost the same
  /// The same, told how much places count, > 0: a part of the domain that matters more.
  Surrogate with_importance(ScalarField importance) const;
  const std::optional<ScalarField>& importance() const noexcept;  ///< none: all the same

  /// Of each response the member that weighs most, alone: several times as fast to ask, and not
  /// what leave-one-out found best. parameters() stay those of all.
  Surrogate leading() const;

  /// The responses of these outputs alone, in this order. \throws ArgumentError: no such output
  Surrogate only(const std::vector<Index>& outputs) const;

 private:
  struct State;
  Surrogate() = default;  // to be made by a fit
  std::shared_ptr<const State> state_;
};

/// The drop of the weighted mean posterior variance over reference points which one more
/// observation at x would bring: sum_r w_r c(r, x)^2 / (v(x) + noise), in the output's unit
/// squared; of a stack that of the three members that weigh most, by their weights.
///
/// Prepared once, O(n^2 r); a value costs O(n^2 + n r), a gradient as much again.
/// \see Cohn (1996), Neural Networks 9(6); Seo et al. (2000), IJCNN; Gramacy & Lee (2009)
class VarianceReduction {
 public:
  /// \param reference (r, d) natural units  \param weights (r), sum 1
  VarianceReduction(const Response& response, PointsView reference, VectorView weights);
  double operator()(VectorView x, VectorOut gradient) const;  ///< gradient in natural units
  Vector on_rows(PointsView x) const;                         ///< (n, d) -> (n)
  double mean_variance() const noexcept;                      ///< before: sum_r w_r v(r)

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

}  // namespace sonde
