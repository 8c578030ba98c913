#include "oracle/render.hpp"

#include <fmt/printf.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "base/json_text.hpp"
#include "base/nearest_name.hpp"
#include "base/text.hpp"
#include "oracle/number.hpp"
#include "sonde/base/error.hpp"
#include "sonde/base/random.hpp"

namespace sonde {
namespace {

namespace fs = std::filesystem;

// One number of up to three digits at the head of `text`, taken off it.
void skip_count(std::string_view& text) {
  for (int digits = 0; digits < 3 && !text.empty() && text[0] >= '0' && text[0] <= '9'; ++digits)
    text.remove_prefix(1);
}

// The conversion of %[flags][width][.precision][eEfFgGdi], or 0 where it is another format.
char conversion_of(std::string_view format) {
  if (!format.starts_with('%')) return 0;
  format.remove_prefix(1);
  format.remove_prefix(std::min(format.find_first_not_of("-+ #0"), format.size()));
  skip_count(format);
  if (format.starts_with('.')) {
    format.remove_prefix(1);
    skip_count(format);
  }
  const bool known =
      format.size() == 1 && std::string_view("eEfFgGdi").find(format[0]) != std::string_view::npos;
  return known ? format[0] : '\0';
}

// The same for the same query, whatever was tried before: a retry computes what was asked.
long long seed_of(const Query& query, std::uint64_t campaign) {
  Rng rng = Rng(campaign).child("run", static_cast<std::uint64_t>(query.id));
  return static_cast<long long>(rng.below(std::uint64_t{1} << 31));
}

bool executable(const fs::path& path) {
  std::error_code absent;
  return fs::is_regular_file(path, absent) && ::access(path.c_str(), X_OK) == 0;
}

std::string found_on_path(const std::string& program) {
  const char* const variable = std::getenv("PATH");
  std::string_view rest = variable ? variable : "/usr/local/bin:/usr/bin:/bin";
  while (!rest.empty()) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(folder.size() + 1, rest.size()));
    // A relative entry would mean another program in every directory.
    if (!folder.starts_with('/')) continue;
    const fs::path path = fs::path(folder) / program;
    if (executable(path)) return path.string();
  }
  throw OracleError("simulator.run: '" + program +
                    "' is not on PATH. Install it, or give its path: ./" + program +
                    " is looked for beside the study");
}

}  // namespace

Values::Values(const std::vector<Parameter>& inputs, const TemplateValues& others)
    : Values(inputs, others, Query{}, 0) {}

Values::Values(const std::vector<Parameter>& inputs, const TemplateValues& others,
               const Query& query, int attempt) {
  const bool names_only = query.x.size() == 0;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Parameter& input = inputs[i];
    const double x = names_only ? input.lower : query.x[static_cast<Index>(i)];
    if (input.scale == Scale::Choice) {
      const auto label = static_cast<std::size_t>(std::max(x, 0.0));
      entries_.push_back({input.name, Kind::Word, x, 0, input.labels.at(names_only ? 0 : label)});
    } else if (input.scale == Scale::Integer) {
      entries_.push_back({input.name, Kind::Whole, x, std::llround(x)});
    } else {
      entries_.push_back({input.name, Kind::Real, x});
    }
  }
  for (const auto& [name, value] : others.constants) entries_.push_back({name, Kind::Real, value});
  for (const auto& [name, formula] : others.derived)
    entries_.push_back({name, Kind::Real, names_only ? 0.0 : formula(query.x)});
  entries_.push_back({"run.id", Kind::Whole, 0.0, query.id});
  entries_.push_back({"run.attempt", Kind::Whole, 0.0, attempt});
  entries_.push_back({"run.seed", Kind::Whole, 0.0, seed_of(query, others.seed)});
}

const Values::Entry& Values::entry(std::string_view name) const {
  for (const Entry& known : entries_)
    if (known.name == name) return known;
  std::vector<std::string> names;
  for (const Entry& known : entries_) names.push_back(known.name);
  throw StudyError("unknown name '" + std::string(name) + "'" + suggestion(name, names));
}

void Values::check(std::string_view name, std::string_view format) const {
  const Entry& known = entry(name);
  if (format.empty()) return;
  const char conversion = conversion_of(format);
  require<StudyError>(conversion != '\0', "expected a format such as %.8g, %12.4e or %d, got '",
                      format, "'");
  require<StudyError>(known.kind != Kind::Word, "'", name,
                      "' is a word, which takes no format; got '", format, "'");
  const bool whole = conversion == 'd' || conversion == 'i';
  require<StudyError>(!whole || known.kind == Kind::Whole, "'", name,
                      "' is no integer, so that it cannot be written with '", format,
                      "'. Use %.0f");
}

std::string Values::text(std::string_view name, std::string_view format) const {
  check(name, format);
  const Entry& known = entry(name);
  if (known.kind == Kind::Word) return known.word;
  const char conversion = format.empty() ? '\0' : format.back();
  const bool whole = conversion == 'd' || conversion == 'i';
  if (known.kind == Kind::Whole && format.empty()) return std::to_string(known.whole);
  if (whole) return fmt::sprintf(std::string(format), known.whole);
  const double number = known.kind == Kind::Whole ? static_cast<double>(known.whole) : known.number;
  require<StudyError>(std::isfinite(number), "'", name, "' is ", number,
                      " here; expected a finite number");
  return format.empty() ? shortest_decimal(number) : fmt::sprintf(std::string(format), number);
}

Template::Template(std::string_view text, std::string name, const Values& names)
    : name_(std::move(name)) {
  std::size_t line = 1;
  std::size_t line_begin = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t open = text.find("{{", at);
    if (open == std::string_view::npos) break;
    for (std::size_t i = at; i < open; ++i)
      if (text[i] == '\n') ++line, line_begin = i + 1;
    Place place{"", "", line, open - line_begin + 1};
    const std::size_t close = text.find("}}", open);
    const std::string_view inside = text.substr(open + 2, close - open - 2);
    if (close == std::string_view::npos || inside.find('\n') != std::string_view::npos)
      refuse(place, "expected }} behind {{ on the same line");
    const std::size_t bar = inside.find('|');
    place.name = trimmed(inside.substr(0, bar));
    if (bar != std::string_view::npos) place.format = trimmed(inside.substr(bar + 1));
    if (bar != std::string_view::npos && place.format.empty())
      refuse(place, "expected a format such as %.8g behind the |");
    try {
      names.check(place.name, place.format);
    } catch (const StudyError& why) {
      refuse(place, why.what());
    }
    pieces_.emplace_back(std::string(text.substr(at, open - at)));
    pieces_.emplace_back(std::move(place));
    at = close + 2;
  }
  pieces_.emplace_back(std::string(text.substr(std::min(at, text.size()))));
}

std::string Template::rendered(const Values& values) const {
  std::string text;
  for (const auto& piece : pieces_) {
    if (const auto* words = std::get_if<std::string>(&piece)) {
      text += *words;
      continue;
    }
    const Place& place = std::get<Place>(piece);
    try {
      text += values.text(place.name, place.format);
    } catch (const StudyError& why) {
      refuse(place, why.what());
    }
  }
  return text;
}

std::vector<std::string> Template::formats_of(std::string_view name) const {
  std::vector<std::string> formats;
  for (const auto& piece : pieces_)
    if (const auto* place = std::get_if<Place>(&piece); place && place->name == name)
      formats.push_back(place->format);
  return formats;
}

void Template::refuse(const Place& at, const std::string& why) const {
  throw StudyError(concat(name_, ":", at.line, ":", at.column, ": ", why));
}

std::string question_line(const std::vector<Parameter>& inputs, const Query& query, int attempt) {
  std::string x;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const double value = query.x[static_cast<Index>(i)];
    const Parameter& input = inputs[i];
    x += (i == 0 ? "" : ", ") + json_quoted(input.name) + ": ";
    if (input.scale == Scale::Choice) {
      x += json_quoted(input.labels.at(static_cast<std::size_t>(value)));
    } else if (input.scale == Scale::Integer) {
      x += std::to_string(std::llround(value));
    } else {
      x += shortest_decimal(value);
    }
  }
  return concat(R"({"id": )", query.id, R"(, "attempt": )", attempt, R"(, "x": {)", x, "}}\n");
}

std::string program_path(const std::string& program, const fs::path& study_directory) {
  require<OracleError>(!program.empty(), "simulator.run: expected a program, got \"\"");
  if (program.find('/') == std::string::npos) return found_on_path(program);
  const fs::path path = fs::absolute(study_directory / program).lexically_normal();
  std::error_code absent;
  require<OracleError>(fs::exists(path, absent), "simulator.run: '", program,
                       "' does not exist (looked for ", path.string(), ")");
  require<OracleError>(executable(path), "simulator.run: ", path.string(),
                       " may not be executed. chmod +x it");
  return path.string();
}

std::string render(const std::string& text, const std::string& name, const Query& query,
                   int attempt, const std::vector<Parameter>& inputs,
                   const TemplateValues& values) {
  const Values known(inputs, values, query, attempt);
  return Template(text, name, known).rendered(known);
}

std::vector<std::string> arguments(const SimulatorSpec& spec, const Query& query, int attempt,
                                   const std::vector<Parameter>& inputs,
                                   const TemplateValues& values, const fs::path& study_directory) {
  require<StudyError>(!spec.run.empty(), "simulator.run: expected a program and its arguments");
  const Values known(inputs, values, query, attempt);
  std::vector<std::string> all;
  for (std::size_t i = 0; i < spec.run.size(); ++i)
    all.push_back(Template(spec.run[i], concat("simulator.run[", i, "]"), known).rendered(known));
  all[0] = program_path(all[0], study_directory);
  return all;
}

}  // namespace sonde
