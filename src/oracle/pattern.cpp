#include "oracle/pattern.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>

#include "sonde/base/error.hpp"

namespace sonde {
namespace {

constexpr std::uint32_t most_steps = 50'000'000;  // seconds at worst, for a text of 64 MiB
constexpr std::uint32_t most_heap_kib = 65'536;

template <auto destroy>
struct Destroyer {
  template <class T>
  void operator()(T* object) const {
    destroy(object);
  }
};
using Options = std::unique_ptr<pcre2_compile_context, Destroyer<pcre2_compile_context_free>>;
using Limits = std::unique_ptr<pcre2_match_context, Destroyer<pcre2_match_context_free>>;
using Match = std::unique_ptr<pcre2_match_data, Destroyer<pcre2_match_data_free>>;

std::string message_of(int problem) {
  std::array<PCRE2_UCHAR, 256> text{};
  pcre2_get_error_message(problem, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

PCRE2_SPTR units(std::string_view text) {
  return reinterpret_cast<PCRE2_SPTR>(text.data());
}

}  // namespace

struct Pattern::Code {
  std::unique_ptr<pcre2_code, Destroyer<pcre2_code_free>> code;
};

Pattern::Pattern(const std::string& text) : text_(text) {
  const Options options(pcre2_compile_context_create(nullptr));
  pcre2_set_newline(options.get(), PCRE2_NEWLINE_ANYCRLF);
  int problem = 0;
  PCRE2_SIZE place = 0;
  auto compiled = std::make_shared<Code>();
  compiled->code.reset(pcre2_compile(units(text_), text_.size(),
                                     PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C, &problem, &place,
                                     options.get()));
  require<StudyError>(compiled->code != nullptr, "regular expression '", text_,
                      "': ", message_of(problem), ", at character ", place + 1);
  const pcre2_code* const code = compiled->code.get();
  pcre2_jit_compile(compiled->code.get(), PCRE2_JIT_COMPLETE);  // where it fails, it is slower
  std::uint32_t groups = 0;
  pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups);
  const int named = pcre2_substring_number_from_name(code, units("v"));
  group_ = named > 0 ? static_cast<unsigned>(named) : groups > 0 ? 1 : 0;
  code_ = std::move(compiled);
}

void Pattern::each(std::string_view subject,
                   const std::function<bool(std::string_view, std::string_view)>& found) const {
  const Limits limits(pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(limits.get(), most_steps);
  pcre2_set_heap_limit(limits.get(), most_heap_kib);
  const pcre2_code* const code = code_->code.get();
  const Match match(pcre2_match_data_create_from_pattern(code, nullptr));
  const PCRE2_SIZE* const places = pcre2_get_ovector_pointer(match.get());
  const auto piece = [&](std::size_t group) -> std::string_view {
    const PCRE2_SIZE begin = places[2 * group];
    const PCRE2_SIZE end = places[2 * group + 1];
    if (begin == PCRE2_UNSET || end < begin) return {};
    return subject.substr(begin, end - begin);
  };
  for (PCRE2_SIZE at = 0; at <= subject.size();) {
    const int count =
        pcre2_match(code, units(subject), subject.size(), at, 0, match.get(), limits.get());
    if (count == PCRE2_ERROR_NOMATCH) return;
    require<Error>(count > 0, "regular expression '", text_, "': ", message_of(count));
    const bool captured = group_ > 0 && static_cast<unsigned>(count) > group_;
    if (!found(piece(0), group_ == 0 || captured ? piece(group_) : std::string_view())) return;
    at = places[1] > at ? places[1] : at + 1;
  }
}

}  // namespace sonde
