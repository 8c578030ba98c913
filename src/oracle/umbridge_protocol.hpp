#pragma once

#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "http/client.hpp"
#include "sonde/base/error.hpp"
#include "sonde/base/types.hpp"

namespace sonde {

/// A server was asked and did not answer as it should.
class UmbridgeFailure : public Error {
 public:
  enum class Way {
    Unreachable,  ///< no connection: nothing was asked
    Transient,    ///< may go well the next time, or elsewhere
    TimedOut,
    Lasting,  ///< the same question would be answered alike
    Stopped
  };
  UmbridgeFailure(Way way, std::string kind, const std::string& message)
      : Error(message), way_(way), kind_(std::move(kind)) {}
  Way way() const noexcept { return way_; }
  const std::string& kind() const noexcept { return kind_; }  ///< one of failure_kinds()

 private:
  Way way_;
  std::string kind_;
};

/// One question to a server.
struct Asking {
  http::Client& client;
  double timeout_seconds;
  std::stop_token stop;
};

/// Names of its models. \throws UmbridgeFailure, also of a server of protocol 0.9
std::vector<std::string> models_of(const Asking& asking);

enum class Side { Inputs, Outputs };
/// \param config a JSON object \throws UmbridgeFailure
std::vector<Index> sizes_of(const Asking& asking, Side side, const std::string& model,
                            const std::string& config);

/// The output vectors, one behind the other; what is null, nan or infinite is NaN.
/// \throws UmbridgeFailure, also where the lengths are not `output_sizes`
std::vector<double> evaluated(const Asking& asking, const std::string& model,
                              const std::string& config, VectorView x,
                              const std::vector<Index>& input_sizes,
                              const std::vector<Index>& output_sizes);

/// The text with what some servers write for numbers that are none (nan, inf, Infinity), outside of
/// strings, as null; nothing is changed elsewhere.
std::string with_null_for_nan(std::string_view text);

/// Whether brackets outside of strings are nested at most so deep.
bool is_shallow(std::string_view text, int deepest);

}  // namespace sonde
