#include "cli/sessions.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/json_text.hpp"
#include "cli/ingredients.hpp"
#include "sonde/base/error.hpp"
#include "sonde/math/cholesky.hpp"

namespace sonde::cli {
namespace {

double last_answer(const Journal& journal) {
  double last = 0.0;
  for (const Event& event : journal.events()) {
    if (const Answered* answered = std::get_if<Answered>(&event))
      last = std::max(last, answered->answer.ended);
  }
  return last;
}

}  // namespace

std::string name_of(RunEnd::State state) {
  switch (state) {
    case RunEnd::State::Stopped:
      return "done";
    case RunEnd::State::Interrupted:
      return "interrupted";
    case RunEnd::State::TooManyFailures:
      return "failed";
    case RunEnd::State::Exhausted:
      return "exhausted";
  }
  return "done";
}

std::string this_build() {
#ifdef __clang__
  constexpr const char* compiler = "clang " __clang_version__;
#else
  constexpr const char* compiler = "gcc " __VERSION__;
#endif
  return concat("sonde " SONDE_VERSION ", ", compiler, ", ", dense_arithmetic());
}

std::set<std::string> builds_of(const Journal& journal) {
  std::set<std::string> builds;
  for (const std::string& text : journal.notes()) {
    const JsonValue note = parsed_json(text);
    if (note.is_object() && note.contains("build") && note["build"].is_string())
      builds.insert(note["build"].get<std::string>());
  }
  return builds;
}

SessionClock::time_point note_begin(Journal& journal, int workers, const Study& study) {
  journal.note(json_text({{"run", "begins"},
                          {"at", seconds_since_1970()},
                          {"pid", getpid()},
                          {"workers", workers},
                          {"build", this_build()},
                          {"ingredients", json_of(ingredients_of(study))}}));
  return SessionClock::now();
}

void note_end(Journal& journal, const RunEnd& end, SessionClock::time_point begun) {
  const std::chrono::duration<double> took = SessionClock::now() - begun;
  journal.note(json_text({{"run", "ends"},
                          {"at", seconds_since_1970()},
                          {"seconds", took.count()},
                          {"state", name_of(end.state)},
                          {"reason", end.reason}}));
}

Sessions sessions_of(const Journal& journal) {
  Sessions sessions;
  double begun = std::numeric_limits<double>::infinity();  // none is open
  // Of one that was killed the end is unknown; its last answer came in that time.
  const double last = last_answer(journal);
  const auto close = [&](double seconds) {
    sessions.seconds += std::max(0.0, seconds);
    begun = std::numeric_limits<double>::infinity();
  };
  for (const std::string& text : journal.notes()) {
    const JsonValue note = parsed_json(text);
    if (!note.is_object() || !note.contains("run") || !note["at"].is_number()) continue;
    const double at = note["at"];
    if (note["run"] == "begins") {
      close(std::min(at, last) - begun);
      begun = at;
      sessions.state = "unended";
      sessions.reason = "";
    } else {
      close(note.value("seconds", at - begun));
      sessions.state = note.value("state", "");
      sessions.reason = note.value("reason", "");
    }
  }
  close(last - begun);
  return sessions;
}

}  // namespace sonde::cli
