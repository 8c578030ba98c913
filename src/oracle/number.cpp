#include "oracle/number.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

#include "base/text.hpp"

namespace sonde {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Without sign: what programs write for what is no number.
std::optional<double> word_for_no_number(std::string_view text) {
  std::string word(text);
  std::transform(word.begin(), word.end(), word.begin(), lower);
  if (word == "inf" || word == "infinity" || word == "1.#inf")
    return std::numeric_limits<double>::infinity();
  const bool nan = word == "nan" || word == "nanq" || word == "nans" || word.starts_with("nan(") ||
                   word.starts_with("1.#ind") || word.starts_with("1.#qnan") ||
                   word.starts_with("1.#snan");
  if (nan) return std::numeric_limits<double>::quiet_NaN();
  return std::nullopt;
}

// Fortran's forms of the exponent, as C's.
std::string with_c_exponent(std::string_view text) {
  std::string number(text);
  for (char& c : number)
    if (c == 'd' || c == 'D' || c == 'q' || c == 'Q') c = 'e';
  // Where the exponent takes three digits, Fortran leaves the letter out: 0.5-103.
  const std::size_t sign = number.find_first_of("+-", 1);
  if (sign != std::string::npos && number.size() - sign == 4 &&
      (is_digit(number[sign - 1]) || number[sign - 1] == '.') &&
      number.find('.') != std::string::npos)
    return number.substr(0, sign) + 'e' + number.substr(sign);
  return number;
}

}  // namespace

std::optional<double> number_in(std::string_view text) {
  text = trimmed(text);
  const bool negative = !text.empty() && text.front() == '-';
  if (negative || (!text.empty() && text.front() == '+')) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  const double sign = negative ? -1.0 : 1.0;
  if (const auto word = word_for_no_number(text)) return sign * *word;
  if (!is_digit(text.front()) && text.front() != '.') return std::nullopt;  // no second sign
  std::string number = with_c_exponent(text);
  double value = 0.0;
  const char* const end = number.data() + number.size();
  const auto [stop, problem] = std::from_chars(number.data(), end, value);
  if (stop != end) return std::nullopt;
  if (problem == std::errc::result_out_of_range) {
    // Too large or too small: which, the exponent's sign says.
    const std::size_t exponent = number.find_first_of("eE");
    const bool small = exponent == std::string::npos
                           ? number.front() == '0' || number.front() == '.'
                           : number[exponent + 1] == '-';
    return sign * (small ? 0.0 : std::numeric_limits<double>::infinity());
  }
  if (problem != std::errc()) return std::nullopt;
  return sign * value;
}

std::string shortest_decimal(double value) {
  std::array<char, 32> text{};
  const auto [end, problem] = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), problem == std::errc() ? end : text.data()};
}

}  // namespace sonde
