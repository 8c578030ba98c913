#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace sonde {

/// A regular expression, compiled once: Perl's, which contains ECMAScript's, (?i) and (?<v>).
/// `^` and `$` hold at every line. Matching is bounded in time and memory. Safe between threads.
class Pattern {
 public:
  /// \throws StudyError that shows the place.
  explicit Pattern(const std::string& text);

  const std::string& text() const noexcept { return text_; }
  bool has_group() const noexcept { return group_ > 0; }

  /// Calls `found(whole, group)` for each match, first to last, until it returns false; `group` is
  /// `v`, else the first group, else the whole. \throws Error where the pattern is too costly.
  void each(std::string_view subject,
            const std::function<bool(std::string_view whole, std::string_view group)>& found) const;

 private:
  struct Code;
  std::string text_;
  std::shared_ptr<const Code> code_;
  unsigned group_ = 0;
};

}  // namespace sonde
