#include "export/c99_tables.hpp"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <vector>

#include "gp/kernel_parts.hpp"
#include "gp/trend.hpp"
#include "gp/warp.hpp"
#include "sonde/gp/trust.hpp"

namespace sonde::c99 {

namespace {

/// An input as a process sees it. \see Features
struct Input {
  enum class Kind { Linear, Log, Labels };
  Kind kind;
  Index labels;  // of what is not an indicator a label: 1
  double least;
  double start;
  double range;
};

Input input_of(const Parameter& parameter, const MemberKind& member) {
  constexpr double far_below = 1e-3;
  const auto labels = static_cast<Index>(parameter.labels.size());
  if (labels > 2) return {Input::Kind::Labels, labels, 0.0, 0.0, 1.0};
  const bool log = parameter.scale == Scale::Log ||
                   (member.log_inputs && parameter.scale == Scale::Linear && parameter.lower > 0.0);
  const double start = log ? std::log(parameter.lower) : parameter.lower;
  const double end = log ? std::log(parameter.upper) : parameter.upper;
  return {log ? Input::Kind::Log : Input::Kind::Linear, 1, far_below * parameter.lower, start,
          end - start};
}

/// What the core computes for a member's correlation, and what it multiplies features by.
struct Correlation {
  int family;
  int form;
  Vector scale;  // (features)
  Vector share;  // (features) of ANOVA
  Vector bend;   // (features) of warped inputs
  double linear = 0.0;
};

int form_of(const MemberKind& kind) {
  switch (kind.form) {
    case Form::Radial:
      return 0;
    case Form::Product:
      // Of the squared exponential both forms are the same.
      return kind.family == Family::SquaredExponential ? 0 : 1;
    case Form::Anova:
      break;
  }
  return 2;
}

Correlation correlation_of(const MemberKind& kind, const KernelParts& parts) {
  const Vector inverse = parts.lengths.cwiseInverse();
  Correlation correlation{2, form_of(kind), inverse, parts.shares, parts.bends, parts.line};
  if (kind.family == Family::Matern32) {
    correlation.family = 0;
    correlation.scale = std::sqrt(3.0) * inverse;
  } else if (kind.family == Family::Matern52) {
    correlation.family = 1;
    correlation.scale = std::sqrt(5.0) * inverse;
  }
  return correlation;
}

/// The prior mean: terms, each a product of at most two features, and what their uncertainty takes.
struct TrendTables {
  std::vector<std::pair<Index, Index>> terms;  // -1: one
  Matrix half_trend;                           // (n, q) Q of L^-1 H = Q R
  Matrix root;                                 // (q, q) R
};

TrendTables trend_of(const GaussianProcess& process) {
  Matrix half = process.trend_basis(process.x());
  process.factor().triangularView<Eigen::Lower>().solveInPlace(half);
  Matrix root = orthonormalise(half);
  return {process.trend_terms(), std::move(half), std::move(root)};
}

template <class Values>
std::string array(const std::string& type, const std::string& name, const Values& values) {
  constexpr std::size_t line_width = 96;
  std::string text = fmt::format("static const {} {}[] = {{\n", type, name);
  std::size_t width = 0;
  for (const auto& value : values) {
    std::string item;
    if constexpr (std::is_same_v<std::decay_t<decltype(value)>, double>) {
      item = literal(value) + ",";
    } else {
      item = fmt::format("{},", value);
    }
    if (width + item.size() > line_width) {
      text += '\n';
      width = 0;
    }
    text += item;
    width += item.size();
  }
  return text + "\n};\n";
}

std::vector<double> by_rows(const Matrix& matrix) {
  std::vector<double> values;
  for (Index i = 0; i < matrix.rows(); ++i) {
    for (Index j = 0; j < matrix.cols(); ++j) values.push_back(matrix(i, j));
  }
  return values;
}

std::vector<double> lower_rows(MatrixView matrix) {
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(matrix.rows() * (matrix.rows() + 1) / 2));
  for (Index i = 0; i < matrix.rows(); ++i) {
    for (Index j = 0; j <= i; ++j) values.push_back(matrix(i, j));
  }
  return values;
}

std::string inputs_table(const Domain& domain, const Member& member, const std::string& name) {
  std::string text = fmt::format("static const struct @__input {}[] = {{\n", name);
  for (const Parameter& parameter : domain.parameters()) {
    const Input input = input_of(parameter, member.kind);
    text += fmt::format("  {{{}, {}, {}, {}, {}}},\n", static_cast<int>(input.kind), input.labels,
                        literal(input.least), literal(input.start), literal(input.range));
  }
  return text + "};\n";
}

std::string trend_tables(const TrendTables& trend, const std::string& tail) {
  if (trend.terms.empty()) return "";
  std::vector<Index> features;
  for (const auto& [first, second] : trend.terms) features.insert(features.end(), {first, second});
  return array("int", "@__term" + tail, features) +
         array("double", "@__half_trend" + tail, by_rows(trend.half_trend)) +
         array("double", "@__root" + tail, lower_rows(trend.root.transpose()));
}

/// What of the arrays of a process goes with its kernel's parameters.
struct Shape {
  const Member& member;
  std::string inputs;  // name of that table
  std::string tail;    // of the names of the others
  VectorView log_parameters;
  const Vector& alpha;
  const Vector& coefficients;
};

std::string reference(const std::string& table, bool there = true) {
  return there ? "@__" + table : "0";
}

/// The arrays of a mean into `text`. \returns its entry as a process, up to the factor
std::string mean_tables(const Shape& shape, std::string& text) {
  const GaussianProcess& process = shape.member.process;
  const Index features = process.x().cols();
  const KernelParts parts = kernel_parts(shape.member.kind, features, shape.log_parameters);
  const Correlation correlation = correlation_of(shape.member.kind, parts);
  const std::string& tail = shape.tail;
  const bool bends = correlation.bend.size() > 0;
  const Points points = bends ? bent(process.x(), correlation.bend) : process.x();
  text += array("double", "@__scale" + tail, correlation.scale) +
          array("double", "@__point" + tail, by_rows(points * correlation.scale.asDiagonal())) +
          array("double", "@__alpha" + tail, shape.alpha);
  const bool shares = correlation.share.size() > 0;
  const bool trended = shape.coefficients.size() > 0;
  if (shares) text += array("double", "@__share" + tail, correlation.share);
  if (bends) text += array("double", "@__bend" + tail, correlation.bend);
  if (trended) text += array("double", "@__coefficient" + tail, shape.coefficients);
  return fmt::format(
      "  {{{}, {}, {}, {}, {}, {}, {},\n   {}, {}, {}, {}, {}, {}, {},\n   {}, {}, {},",
      literal(shape.member.weight), static_cast<int>(shape.member.kind.transform),
      literal(shape.member.z_shift), literal(shape.member.z_scale), literal(shape.member.z_top),
      shape.inputs, features, correlation.family, correlation.form,
      reference("share" + tail, shares), literal(correlation.linear), literal(parts.variance),
      reference("bend" + tail, bends), reference("scale" + tail), process.size(),
      reference("point" + tail), reference("alpha" + tail));
}

/// The arrays of one process into `text`. \returns its entry among the processes
std::string process_tables(const Domain& domain, const Member& member, const std::string& tail,
                           std::string& text) {
  const GaussianProcess& process = member.process;
  const TrendTables trend = trend_of(process);
  const std::string inputs = "@__inputs" + tail;
  const bool trended = !trend.terms.empty();
  text += inputs_table(domain, member, inputs) +
          array("double", "@__factor" + tail, lower_rows(process.factor())) +
          trend_tables(trend, tail);
  std::string others;
  for (std::size_t a = 0; a < member.alternatives.size(); ++a) {
    const PosteriorMean& other = member.alternatives[a];
    const std::string its_tail = fmt::format("{}_{}", tail, a);
    const Vector parameters = other.kernel()->log_parameters();
    others +=
        mean_tables({member, inputs, its_tail, parameters, other.alpha(), other.coefficients()},
                    text) +
        fmt::format(" 0,\n   {}, {}, {}, 0, 0, 0, 0}},\n", trend.terms.size(),
                    reference("term" + tail, trended),
                    reference("coefficient" + its_tail, trended));
  }
  if (!others.empty()) {
    text += fmt::format("static const struct @__process @__alternatives{}[] = {{\n{}}};\n", tail,
                        others);
  }
  const Vector parameters = process.kernel()->log_parameters();
  return mean_tables({member, inputs, tail, parameters, process.alpha(), process.coefficients()},
                     text) +
         fmt::format(" {},\n   {}, {}, {}, {}, {}, {}, {}}},\n", reference("factor" + tail),
                     trend.terms.size(), reference("term" + tail, trended),
                     reference("coefficient" + tail, trended),
                     reference("half_trend" + tail, trended), reference("root" + tail, trended),
                     member.alternatives.size(),
                     reference("alternatives" + tail, !member.alternatives.empty()));
}

}  // namespace

Extent extent_of(const Surrogate& surrogate) {
  Extent extent;
  for (Index j = 0; j < static_cast<Index>(surrogate.outputs().size()); ++j) {
    const std::vector<Member>& members = surrogate[j].members();
    extent.processes = std::max(extent.processes, static_cast<Index>(members.size()));
    for (const Member& member : members) {
      extent.features = std::max(extent.features, member.process.x().cols());
      extent.points = std::max(extent.points, member.process.size());
      extent.terms = std::max(extent.terms, member.process.coefficients().size());
    }
  }
  return extent;
}

std::string tables(const Surrogate& surrogate, Index output) {
  const Response& response = surrogate[output];
  const TrustRegion region(surrogate.domain(), response);
  std::string text;
  std::string processes;
  for (std::size_t k = 0; k < response.members().size(); ++k) {
    processes += process_tables(surrogate.domain(), response.members()[k],
                                fmt::format("_{}_{}", output, k), text);
  }
  text += fmt::format("static const struct @__process @__processes_{}[] = {{\n{}}};\n", output,
                      processes);
  return text + fmt::format(
                    "static const struct @__response @__response_{} = {{{}, "
                    "@__processes_{}, {}, {}}};\n",
                    output, response.members().size(), output, literal(region.inside()),
                    literal(region.edge()));
}

std::string literal(double value) {
  return fmt::format("{:a}", value);
}

}  // namespace sonde::c99
