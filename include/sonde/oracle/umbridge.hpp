#pragma once

#include <limits>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "sonde/oracle/oracle.hpp"
#include "sonde/oracle/process.hpp"

namespace sonde {

/// A server that speaks UM-Bridge 1.0.
struct UmbridgeServer {
  std::string url;   ///< http://host:port, with a folder behind it where the server wants one
  int parallel = 1;  ///< evaluations at a time; most servers do one after the other
};

/// A model behind HTTP, offered by one server or by several alike.
struct UmbridgeSpec {
  std::vector<UmbridgeServer> servers;
  std::string model = "forward";
  std::string config = "{}";  ///< a JSON object, handed to the model with each evaluation
  /// Lengths of the model's vectors. Servers are asked for them, once each, where they are empty;
  /// some start a job for each question.
  std::vector<Index> input_sizes{};
  std::vector<Index> output_sizes{};
  double timeout_seconds = std::numeric_limits<double>::infinity();  ///< of an evaluation
  /// Of an evaluation that was lost or not begun, on another server where there is one. A server
  /// that cannot be reached is passed over for the next one without counting.
  int retries = 0;
  std::vector<std::pair<std::string, int>> tokens{};      ///< as SimulatorSpec::tokens
  std::vector<std::pair<std::string, int>> token_pool{};  ///< as SimulatorSpec::token_pool
};

/// Evaluates a model of UM-Bridge servers. The inputs, in order, fill its input vectors (a Choice
/// as the number of its label, from 0); of its output vectors, one behind the other, each output
/// takes the value number `from.index`.
///
/// An evaluation goes to the server with the smallest share of its places taken. Failures: the
/// transient ones "unreachable" (of all servers), "could not start" (429, 503: overloaded) and
/// "lost" (the connection ended before the answer did; 502, 504); "timeout", "exception" (the
/// model's own error), "output missing" (an answer without the values that it should have),
/// "not finite", "out of range". At most 16 MiB of an answer are taken; redirects are not followed.
/// A server knows no queries: what was being evaluated when we died is evaluated again.
///
/// \param stop when requested, what is waited for is called off: Abandoned
/// \throws ArgumentError where a URL is none, the sizes or the outputs cannot be; OracleError where
///   no server can be reached, or one does not offer the model, or for other numbers of inputs and
///   outputs. Asks each server that can be reached for its models and sizes.
/// \see https://um-bridge-benchmarks.readthedocs.io, protocol 1.0
Oracle umbridge_oracle(UmbridgeSpec spec, std::vector<Parameter> inputs,
                       std::vector<ProcessOutput> outputs, std::stop_token stop = {});

/// What a server says of itself.
struct UmbridgeReport {
  std::string url;
  std::string problem{};  ///< why it cannot be used; empty where it can
  std::vector<std::string> models{};
  std::vector<Index> input_sizes{};  ///< as declared, or as it says
  std::vector<Index> output_sizes{};
};

/// One report a server. \throws ArgumentError where a URL is none
std::vector<UmbridgeReport> umbridge_reports(const UmbridgeSpec& spec);

}  // namespace sonde
