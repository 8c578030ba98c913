#include "math/expression_lexer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/text.hpp"
#include "sonde/base/error.hpp"

namespace sonde {
namespace {

constexpr std::size_t shown = 48;  // bytes of a long formula shown on each side of the caret

bool begins_name(char c) {
  return is_letter(c) || c == '_';
}
bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

std::size_t length_of_character(std::string_view text) {
  std::size_t length = 1;
  while (length < text.size() && continues_character(text[length])) ++length;
  return length;
}

// What was probably meant by what stands at the beginning of `rest`.
std::string_view hint_for(std::string_view rest) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 14> hints = {
      {{"**", "a power is written ^"},
       {"=", "equality is written =="},
       {"&", "and is written &&"},
       {"|", "or is written ||"},
       {"\u2264", "write <="},
       {"\u2265", "write >="},
       {"\u2260", "write !="},
       {"\u2212", "write -"},
       {"\u2013", "write -"},
       {"\u00D7", "write *"},
       {"\u00B7", "write *"},
       {"\u00B2", "write ^2"},
       {"\u00B3", "write ^3"},
       {"\u03C0", "write pi"}}};
  for (const auto& [start, hint] : hints) {
    if (rest.substr(0, start.size()) == start) return hint;
  }
  return "";
}

std::string on_one_line(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (is_space(c) || static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return line;
}

}  // namespace

std::string described(const Token& token) {
  if (token.kind == Token::Kind::End) return "the end of the formula";
  if (token.kind == Token::Kind::Text) return concat("the text \"", on_one_line(token.text), "\"");
  return concat("'", token.text, "'");
}

void refuse_formula(std::string_view formula, std::size_t position, const std::string& words) {
  std::size_t from = position > shown ? position - shown : 0;
  std::size_t to = std::min(formula.size(), position + shown);
  if (formula.size() <= 2 * shown) {
    from = 0;
    to = formula.size();
  }
  while (from > 0 && continues_character(formula[from])) --from;
  while (to < formula.size() && continues_character(formula[to])) ++to;
  const std::string_view before = formula.substr(from, position - from);
  const auto characters = static_cast<std::size_t>(
      before.size() -
      static_cast<std::size_t>(std::count_if(before.begin(), before.end(), continues_character)));
  const std::string cut = from > 0 ? "..." : "";
  throw StudyError(concat(cut, on_one_line(formula.substr(from, to - from)),
                          to < formula.size() ? "..." : "", "\n",
                          std::string(cut.size() + characters, ' '), "^\n", words));
}

void Lexer::advance() {
  while (next_ < formula_.size() && is_space(formula_[next_])) ++next_;
  token_ = {};
  token_.position = next_;
  if (next_ == formula_.size()) return;
  const char c = formula_[next_];
  const bool point = c == '.' && next_ + 1 < formula_.size() && is_digit(formula_[next_ + 1]);
  if (is_digit(c) || point) return read_number();
  if (begins_name(c)) return read_name();
  if (c == '"' || c == '\'') return read_text();
  read_symbol();
}

void Lexer::read_number() {
  const char* first = formula_.data() + next_;
  const char* last = formula_.data() + formula_.size();
  const auto [end, code] = std::from_chars(first, last, token_.number);
  if (code != std::errc()) {
    refuse_formula(formula_, next_, "expected a number between 1e-307 and 1e308");
  }
  token_.kind = Token::Kind::Number;
  token_.text = formula_.substr(next_, static_cast<std::size_t>(end - first));
  next_ += token_.text.size();
}

void Lexer::read_name() {
  std::size_t end = next_;
  while (end < formula_.size() && (begins_name(formula_[end]) || is_digit(formula_[end]))) ++end;
  token_.kind = Token::Kind::Name;
  token_.text = formula_.substr(next_, end - next_);
  next_ = end;
}

void Lexer::read_text() {
  const std::size_t end = formula_.find(formula_[next_], next_ + 1);
  if (end == std::string_view::npos) {
    refuse_formula(formula_, next_, "expected the text that begins here to end with a quote");
  }
  token_.kind = Token::Kind::Text;
  token_.text = formula_.substr(next_ + 1, end - next_ - 1);
  next_ = end + 1;
}

void Lexer::read_symbol() {
  const std::string_view rest = formula_.substr(next_);
  for (const std::string_view symbol : {"<=", ">=", "==", "!=", "&&", "||"}) {
    if (rest.substr(0, 2) != symbol) continue;
    token_.kind = Token::Kind::Symbol;
    token_.text = rest.substr(0, 2);
    next_ += 2;
    return;
  }
  const std::string_view hint = hint_for(rest);
  if (!hint.empty() || std::string_view("+-*/^()<>!?:,").find(rest[0]) == std::string_view::npos) {
    const std::size_t length = rest.substr(0, 2) == "**" ? 2 : length_of_character(rest);
    refuse_formula(
        formula_, next_,
        concat("expected an operator, a number or a name, got '",
               on_one_line(rest.substr(0, length)), "'", hint.empty() ? "" : "; ", hint));
  }
  token_.kind = Token::Kind::Symbol;
  token_.text = rest.substr(0, 1);
  ++next_;
}

}  // namespace sonde
