#pragma once

#include <string>
#include <string_view>

#include "sonde/gp/surrogate.hpp"

namespace sonde {

struct C99Options {
  std::string name = "surrogate";  ///< all that the file defines begins with it, as an identifier
  std::string title{};             ///< stands in the comment on top
};

/// The surrogate as one file in C99 that needs <math.h> and nothing else: of each output the mean,
/// the standard deviation, the gradients of both and the trust flag, at points in natural units.
/// Thread-safe, no memory is allocated. The comment on top says how it is called; with
/// NAME_DECLARATIONS defined it is its own header.
///
/// It computes what Response::predict, predict_at and TrustRegion do, from numbers that are written
/// exactly: to 1e-10 of the spread, or to the rounding of predict itself where a process is so
/// badly conditioned that it holds fewer digits, 1e-16 sum_i |k_i alpha_i|. Size: about 11 n^2
/// bytes for each process of each output.
std::string export_c99(const Surrogate& surrogate, const C99Options& options = {});

/// An identifier of C that is like the text: runs of what cannot stand there become one _.
std::string c99_identifier(std::string_view text);

}  // namespace sonde
