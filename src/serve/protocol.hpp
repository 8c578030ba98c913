#pragma once

#include <vector>

#include "http/message.hpp"
#include "serve/surrogate_models.hpp"

namespace sonde::serve {

/// What a UM-Bridge 1.0 server answers that offers these models: /Info, /ModelInfo, /InputSizes,
/// /OutputSizes, /Evaluate, /Gradient, /ApplyJacobian; /ApplyHessian is not supported.
///
/// What is wrong is answered with 400 and {"error": {"type", "message"}}, looked for in this order:
/// the name (ModelNotFound), the feature (UnsupportedFeature), then inputs, outWrt, inWrt, sens,
/// vec (InvalidInput).
http::Response umbridge_response(const std::vector<Model>& models, const http::Request& request);

}  // namespace sonde::serve
