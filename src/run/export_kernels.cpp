#include "run/export_kernels.hpp"

#include <string>
#include <vector>

#include "gp/kernel_parts.hpp"

namespace sonde {
namespace {

using hdf5::Axis;
using Axes = std::vector<const Axis*>;

const char* profile_of(Family family) {
  switch (family) {
    case Family::Matern32:
      return "matern32";
    case Family::Matern52:
      return "matern52";
    case Family::SquaredExponential:
      break;
  }
  return "squared exponential";
}

/// (processes, features), a row from each.
Points rows_of(const std::vector<KernelParts>& processes, Index features, Vector KernelParts::*part,
               double where_empty) {
  Points rows(static_cast<Index>(processes.size()), features);
  for (Index r = 0; r < rows.rows(); ++r) {
    const Vector& values = processes[static_cast<std::size_t>(r)].*part;
    if (values.size() == 0)
      rows.row(r).setConstant(where_empty);
    else
      rows.row(r) = values.transpose();
  }
  return rows;
}

}  // namespace

void write_kernels(const hdf5::Handle& group, const Member& member, const Axis& feature) {
  const auto features = static_cast<Index>(feature.length);
  std::vector<KernelParts> processes = {
      kernel_parts(member.kind, features, member.process.kernel()->log_parameters())};
  for (const PosteriorMean& other : member.alternatives)
    processes.push_back(kernel_parts(member.kind, features, other.kernel()->log_parameters()));
  std::vector<std::int64_t> numbers;
  std::vector<double> variances, lines;
  for (const KernelParts& parts : processes) {
    numbers.push_back(static_cast<std::int64_t>(numbers.size()));
    variances.push_back(parts.variance);
    lines.push_back(parts.line);
  }
  const bool radial = member.kind.form == Form::Radial;
  hdf5::attribute(group, "profile", profile_of(member.kind.family));
  hdf5::attribute(group, "form", radial ? "radial" : "product");
  const Axis process =
      hdf5::axis(group, "process", numbers, {"1", "0: the member itself; then its alternatives"});
  const auto of_each = [&](const char* name, const std::vector<double>& values,
                           const char* meaning) {
    hdf5::write(group, name, Axes{&process}, std::span<const double>(values), {"1", meaning});
  };
  const auto of_features = [&](const char* name, const Points& values, const char* meaning) {
    hdf5::write(group, name, Axes{&process, &feature},
                std::span<const double>(values.data(), static_cast<std::size_t>(values.size())),
                {"1", meaning});
  };
  of_each("variance", variances, "of scaled z, by which all of the kernel is multiplied");
  of_each("line", lines, "beside the correlation: line * (u - 1/2)'(w - 1/2), 0 for none");
  of_features("length", rows_of(processes, features, &KernelParts::lengths, 1.0),
              "the profile is a function of r = |u - w| / length");
  of_features("share", rows_of(processes, features, &KernelParts::shares, 1.0),
              "a product over features of 1 - share + share * profile(r)");
  of_features("bend", rows_of(processes, features, &KernelParts::bends, 0.0),
              "features are log(1 + (exp(bend) - 1) u) / bend first, 0 for u itself");
}

}  // namespace sonde
