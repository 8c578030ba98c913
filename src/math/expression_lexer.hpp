#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sonde {

struct Token {
  enum class Kind { Number, Name, Text, Symbol, End };
  Kind kind = Kind::End;
  std::string_view text{};   ///< as it stands in the formula; of a Text without its quotes
  std::size_t position = 0;  ///< of its first character
  double number = 0.0;

  bool is(std::string_view symbol) const { return kind == Kind::Symbol && text == symbol; }
};

/// "'+'", "the name 'x'", "the end of the formula": for messages.
std::string described(const Token& token);

/// The formula with a caret under `position`, and the words. Long formulas are shown in part.
/// \throws StudyError, always
[[noreturn]] void refuse_formula(std::string_view formula, std::size_t position,
                                 const std::string& words);

/// A formula's tokens, one after the other.
class Lexer {
 public:
  explicit Lexer(std::string_view formula) : formula_(formula) { advance(); }

  const Token& token() const { return token_; }
  /// \throws StudyError where no token begins.
  void advance();

 private:
  void read_number();
  void read_name();
  void read_text();
  void read_symbol();

  std::string_view formula_;
  std::size_t next_ = 0;
  Token token_;
};

}  // namespace sonde
