#include "cli/people.hpp"

#include <fmt/format.h>

#include "base/json_text.hpp"
#include "base/text.hpp"
#include "cli/exit_status.hpp"
#include "cli/text_table.hpp"

namespace sonde::cli {

std::string person_named(const std::string& text, const std::string& where) {
  constexpr std::size_t longest = 200;  // bytes
  std::string name(trimmed(text));
  require<UsageError>(name.size() <= longest, where, ": a name has at most ", longest,
                      " bytes, this one has ", name.size(), " bytes");
  require<UsageError>(is_utf8(name) && printable(name) == name, where,
                      ": a name has no line ends nor other control characters, got '",
                      printable(name), "'");
  return name;
}

std::string people_text(const Study& study) {
  std::string text;
  if (study.review_before)
    text += "review    each point waits until it is approved: sonde ask --review, sonde tell\n";
  const PeopleRule& rule = study.people;
  if (rule.people > 1)
    text += fmt::format(
        "people    {} different ones a point; the median where they differ by no "
        "more than {} of the spread, else {}\n",
        rule.people, shown(rule.agree),
        rule.expert.empty() ? "the median too" : printable(rule.expert) + " decides");
  for (const auto& [name, condition] : study.tags)
    text += fmt::format("tag       {}: {}\n", name, condition.text());
  return text;
}

}  // namespace sonde::cli
