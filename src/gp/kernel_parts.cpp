#include "gp/kernel_parts.hpp"

#include <cmath>

namespace sonde {

KernelParts kernel_parts(const MemberKind& kind, Index features, VectorView log_parameters) {
  KernelParts parts{std::exp(log_parameters[0]),
                    log_parameters.segment(1, features).array().exp().matrix()};
  Index next = 1 + features;
  if (kind.form == Form::Anova) {
    const Vector a = log_parameters.segment(next, features).array().exp().matrix();
    parts.shares = (1.0 + a.array().inverse()).inverse().matrix();
    next += features;
  }
  if (kind.linear) parts.line = std::exp(log_parameters[next]);
  if (kind.warped) parts.bends = log_parameters.tail(features);
  return parts;
}

}  // namespace sonde
