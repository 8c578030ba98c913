#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sonde {

/// The number that `text` is, as a whole, blanks around it aside; nothing where it is none.
///
/// Independent of the locale. Beside C's forms: a leading plus, Fortran's exponents (1.5D+03, and
/// 1.5-103, which lacks the letter), and the words for NaN and infinity of Fortran, C and Windows.
/// A decimal comma is none.
std::optional<double> number_in(std::string_view text);

/// The shortest decimal that reads back as the same double. \pre value is finite
std::string shortest_decimal(double value);

}  // namespace sonde
