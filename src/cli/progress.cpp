#include "cli/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "cli/text_table.hpp"
#include "run/csv.hpp"

namespace sonde::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto between_drawings = std::chrono::milliseconds(200);
constexpr std::size_t most_outputs = 4;  // that a line shows
constexpr std::size_t predicted_width = 20;
constexpr const char* red = "31";
constexpr const char* green = "32";
constexpr const char* dim = "2";

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

bool speaks_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value && *value)
      return std::strstr(value, "UTF-8") || std::strstr(value, "utf8") ||
             std::strstr(value, "UTF8");
  }
  return false;
}

// At most `width` characters of it.
std::string cut(const std::string& text, std::size_t width) {
  if (shown_width(text) <= width) return text;
  std::string kept;
  std::size_t shown_so_far = 0;
  for (const char c : text) {
    const bool begins = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    if (begins && shown_so_far++ == width) break;
    kept += c;
  }
  return kept;
}

std::string first_line(const std::string& text) {
  return printable(text.substr(0, text.find('\n')));
}

std::string right(const std::string& text, std::size_t width) {
  return std::string(width > shown_width(text) ? width - shown_width(text) : 0, ' ') + text;
}

// Of the column of an output.
std::size_t width_of(const Output& output) {
  const std::size_t unit = output.unit == "1" ? 0 : output.unit.size() + 3;
  return std::clamp<std::size_t>(output.name.size() + unit, 10, 18);
}

std::string left(const std::string& text, std::size_t width) {
  return text + std::string(width > shown_width(text) ? width - shown_width(text) : 0, ' ');
}

}  // namespace

Terminal Terminal::of_standard_error() {
  Terminal terminal;
  const char* kind = std::getenv("TERM");
  terminal.interactive = isatty(STDERR_FILENO) && kind && std::strcmp(kind, "dumb") != 0;
  const char* no_colour = std::getenv("NO_COLOR");
  terminal.colour = terminal.interactive && !(no_colour && *no_colour);
  terminal.utf8 = speaks_utf8();
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    terminal.columns = size.ws_col;
  return terminal;
}

Progress::Progress(const Campaign& campaign, std::optional<Index> budget)
    : outputs_(campaign.outputs()),
      budget_(budget),
      queries_(campaign.open()),
      answered_(campaign.answered() - campaign.imported()),
      answered_before_(answered_),
      failed_(static_cast<Index>(campaign.failed().size())),
      running_(static_cast<Index>(queries_.size())) {}

Progress::~Progress() {
  say_announced();
  erase();
}

std::string Progress::painted(const char* code, const std::string& text) const {
  return terminal_.colour ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text;
}

void Progress::erase() {
  if (!shown_) return;
  std::fputs("\r\x1b[2K", stderr);
  std::fflush(stderr);
  shown_ = false;
}

void Progress::say(const std::string& line) {
  if (quiet_) return;
  erase();
  std::fputs((line + "\n").c_str(), stderr);
}

void Progress::pause(const std::string& why) {
  if (paused_) return;
  paused_ = true;
  erase();
  std::fprintf(stderr,
               "sonde: %s Nothing new is begun until there is room; running simulations go on\n",
               printable_lines(why).c_str());
}

void Progress::resume() {
  if (!paused_) return;
  paused_ = false;
  erase();
  std::fputs("sonde: there is room again: the campaign goes on\n", stderr);
}

void Progress::announce(const std::string& line) {
  const std::lock_guard lock(announcing_);
  announced_.push_back(line);
}

void Progress::say_announced() {
  std::vector<std::string> lines;
  {
    const std::lock_guard lock(announcing_);
    lines.swap(announced_);
  }
  for (const std::string& line : lines) say(line);
}

void Progress::head() {
  headed_ = true;
  std::string line = "   run";
  for (std::size_t j = 0; j < std::min(outputs_.size(), most_outputs); ++j) {
    const std::string unit = outputs_[j].unit == "1" ? "" : " [" + outputs_[j].unit + "]";
    line +=
        "  " + right(cut(outputs_[j].name + unit, width_of(outputs_[j])), width_of(outputs_[j]));
  }
  if (outputs_.size() == 1) line += "  " + left("predicted", predicted_width);
  line += "  seconds  why";
  say(painted(dim, line));
}

std::string Progress::line_of(const Answered& answered) const {
  const auto query = std::find_if(queries_.begin(), queries_.end(),
                                  [&](const Query& q) { return q.id == answered.id; });
  const Answer& answer = answered.answer;
  const std::string id = fmt::format("{:6}", answered.id);
  if (answer.status != Answer::Status::Ok) {
    const char* word = is_no_run(answer)                           ? answer.kind.c_str()
                       : answer.status == Answer::Status::TimedOut ? "timed out"
                                                                   : "failed";
    const std::string why = first_line(answer.message.empty() ? answer.kind : answer.message);
    return id + "  " + painted(red, right(word, width_of(outputs_[0]))) + "  " + why +
           fmt::format(" ({:.{}f} s)", answer.seconds, answer.seconds < 100 ? 2 : 0);
  }
  std::string line = id;
  for (std::size_t j = 0; j < std::min(outputs_.size(), most_outputs); ++j)
    line += "  " + right(outputs_[j].is_class()
                             ? printable(format_value(answer.y[static_cast<Index>(j)], outputs_[j]))
                             : shown(answer.y[static_cast<Index>(j)], 6),
                         width_of(outputs_[j]));
  const bool known = query != queries_.end();
  if (outputs_.size() == 1) {
    const std::string predicted =
        known && query->mean.size() == 1 && outputs_[0].is_class()
            ? printable(format_value(query->mean[0], outputs_[0]))
        : known && query->mean.size() == 1
            ? fmt::format("{} {} {}", shown(query->mean[0], 5), terminal_.utf8 ? "±" : "+-",
                          shown(query->deviation[0], 2))
            : "";
    line += "  " + left(predicted, predicted_width);
  }
  return line + fmt::format("  {:>7.{}f}", answer.seconds, answer.seconds < 100 ? 2 : 0) + "  " +
         painted(dim, known ? query->why : "");
}

void Progress::event(const Event& event) {
  if (const Asked* asked = std::get_if<Asked>(&event)) {
    running_ += static_cast<Index>(asked->queries.size());
    queries_.insert(queries_.end(), asked->queries.begin(), asked->queries.end());
    return;
  }
  const auto* reviewed = std::get_if<Reviewed>(&event);
  if (reviewed && reviewed->verdict == Reviewed::Verdict::Rejected)
    running_ = std::max<Index>(0, running_ - 1);
  const Answered* given = std::get_if<Answered>(&event);
  if (!given) return;
  const Answered& answered = *given;
  // Asked again, but for the last of them: the bar may be one too low then.
  if (answered.answer.transient) {
    if (!quiet_ && lines_) say(line_of(answered));
    return;
  }
  ++answered_;
  running_ = std::max<Index>(0, running_ - 1);
  if (answered.answer.status != Answer::Status::Ok && !is_no_run(answered.answer)) ++failed_;
  if (quiet_ || !lines_) return;
  if (!headed_) head();
  say(line_of(answered));
}

void Progress::interruption(Interruption asked) {
  if (asked == said_) return;
  said_ = asked;
  if (asked == Interruption::Drain && running() == 0) say("stopping");
  if (asked == Interruption::Drain && running() > 0)
    say(fmt::format("stopping: {} running simulation{} may finish (again to end {} now)", running(),
                    running() == 1 ? "" : "s", running() == 1 ? "it" : "them"));
  if (asked == Interruption::Abandon)
    say("ending running simulations; they are asked again next time");
}

void Progress::held(Index queries, const std::string& campaign) {
  if (queries == held_) return;
  held_ = queries;
  if (queries > 0)
    say(fmt::format("{} {} for review: sonde ask {} --review, then sonde tell", queries,
                    queries == 1 ? "query waits" : "queries wait", campaign));
}

void Progress::in_hands(Index queries) {
  if (queries > in_hands_)
    say(fmt::format("{} {} in other hands: what is not told in time is simulated", queries,
                    queries == 1 ? "query is" : "queries are"));
  in_hands_ = queries;
}

Index Progress::running() const {
  return by_hand_ ? 0 : std::max<Index>(0, running_ - held_ - in_hands_);
}

std::string Progress::bar() const {
  const std::string between = terminal_.utf8 ? " · " : ", ";
  std::string words;
  const auto add = [&](const std::string& word) { words += (words.empty() ? "" : between) + word; };
  if (running() > 0) add(fmt::format("{} running", running()));
  if (by_hand_ && running_ > held_) add(fmt::format("{} open", running_ - held_));
  if (in_hands_ > 0) add(fmt::format("{} in other hands", in_hands_));
  if (held_ > 0) add(fmt::format("{} for review", held_));
  if (failed_ > 0) add(fmt::format("{} failed", failed_));
  if (!std::isnan(error_)) add("error " + shown_percent(error_));
  const double elapsed = seconds_since(begun_);
  add(shown_time(elapsed));
  const Index done_now = answered_ - answered_before_;
  if (budget_ && done_now > 0 && answered_ < *budget_)
    add("ETA " + shown_time(elapsed * static_cast<double>(*budget_ - answered_) /
                            static_cast<double>(done_now)));
  std::string line = title_.empty() ? "  " : "  " + title_ + "  ";
  if (!budget_) return line + fmt::format("{} runs  ", answered_) + words;
  line += fmt::format("{}/{} ", answered_, *budget_);
  constexpr int width = 20;
  const int full =
      static_cast<int>(std::min<Index>(width, *budget_ > 0 ? width * answered_ / *budget_ : width));
  std::string done, rest;
  for (int i = 0; i < width; ++i)
    (i < full ? done : rest) += terminal_.utf8 ? "━" : i < full ? "#" : "-";
  return line + done + "\x01" + rest + "\x02 " + words;
}

void Progress::draw() {
  say_announced();
  if (quiet_ || !terminal_.interactive || Clock::now() - drawn_ < between_drawings) return;
  drawn_ = Clock::now();
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    terminal_.columns = size.ws_col;
  // The marks that bound what is not done yet take no place once they are colours.
  std::string line = cut(bar(), static_cast<std::size_t>(terminal_.columns) + 1);
  const auto replace = [&](char mark, const std::string& by) {
    const std::size_t at = line.find(mark);
    if (at != std::string::npos) line.replace(at, 1, terminal_.colour ? by : "");
  };
  replace('\x01', fmt::format("\x1b[0;{}m", dim));
  replace('\x02', "\x1b[0m");
  if (terminal_.colour) line = fmt::format("\x1b[{}m{}\x1b[0m", green, line);
  std::fputs(("\r\x1b[2K" + line).c_str(), stderr);
  std::fflush(stderr);
  shown_ = true;
}

}  // namespace sonde::cli
