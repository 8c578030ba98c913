#include "oracle/slurm_state.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "oracle/file.hpp"

namespace sonde {
namespace {

constexpr std::size_t columns = 7;

bool among(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::optional<int> whole(std::string_view text) {
  int number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char letter) {
    return (letter >= 'A' && letter <= 'Z') || letter == '_';
  });
}

// The name comes last: those of other jobs may contain anything.
std::optional<std::array<std::string_view, columns>> split(std::string_view line) {
  std::array<std::string_view, columns> parts;
  for (std::size_t i = 0; i < columns; ++i) {
    const bool last = i + 1 == columns;
    const std::size_t bar = last ? line.rfind('|') : line.find('|');
    if (bar == std::string_view::npos) return std::nullopt;
    parts[i] = line.substr(0, bar);
    line.remove_prefix(bar + 1);
  }
  return parts;
}

// An exit status as wait() has it, of a script that was not killed.
int exit_status(std::string_view code) {
  const int status = whole(code).value_or(0);
  return (status & 0x7f) == 0 ? (status >> 8) & 0xff : 0;
}

bool says_any(std::string_view text, std::initializer_list<std::string_view> phrases) {
  std::string lower(text);
  for (char& letter : lower)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return std::any_of(phrases.begin(), phrases.end(), [&](std::string_view phrase) {
    return lower.find(phrase) != std::string::npos;
  });
}

}  // namespace

SlurmTask::Phase SlurmTask::phase() const {
  if (among(state, {"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD",
                    "RESV_DEL_HOLD", "SPECIAL_EXIT"}))
    return Phase::Waiting;
  if (among(state, {"BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL",
                    "OUT_OF_MEMORY", "PREEMPTED", "REVOKED", "TIMEOUT"}))
    return Phase::Ended;
  return Phase::Running;  // COMPLETING, SUSPENDED, STOPPED, ...: it is not over
}

bool SlurmTask::waits_for_ever() const {
  return state == "PENDING" &&
         among(reason, {"PartitionNodeLimit", "PartitionTimeLimit", "BadConstraints",
                        "DependencyNeverSatisfied", "InvalidAccount", "InvalidQOS",
                        "AccountNotAllowed", "QOSNotAllowed"});
}

std::string SlurmTask::in_words() const {
  std::string words = state;
  if (!reason.empty() && reason != "None") words += " (" + reason + ")";
  if (!node.empty() && node != "(null)") words += " on " + node;
  return printable(words);
}

std::string SlurmTask::id() const {
  return index < 0 ? job : job + "_" + std::to_string(index);
}

std::vector<std::string> squeue_arguments() {
  return {"--noheader", "--array", "--states=all", "--user=" + std::to_string(::getuid()),
          "--Format=ArrayJobID:|,ArrayTaskID:|,State:|,Reason:|,exit_code:|,NodeList:|,Name:|"};
}

std::optional<std::vector<SlurmTask>> slurm_tasks(std::string_view text) {
  std::vector<SlurmTask> tasks;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const auto parts = split(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!parts || !whole((*parts)[0]) || !is_word((*parts)[2])) return std::nullopt;
    tasks.push_back({std::string((*parts)[0]), whole((*parts)[1]).value_or(-1),
                     std::string((*parts)[2]), std::string((*parts)[3]), exit_status((*parts)[4]),
                     std::string((*parts)[5]), std::string((*parts)[6])});
  }
  return tasks;
}

SlurmRefusal slurm_refusal(std::string_view error_output) {
  if (says_any(error_output,
               {"unable to contact", "timed out", "connection refused", "connection reset",
                "zero bytes", "temporarily", "standby", "communication", "try again",
                "unable to resolve", "unexpected message", "protocol authentication",
                "job violates accounting/qos policy", "submit limit", "maximum number of jobs",
                "slurm_persist_conn", "no route to host", "transport endpoint"}))
    return SlurmRefusal::Unreachable;
  if (says_any(error_output, {"invalid partition",
                              "invalid account",
                              "invalid qos",
                              "unrecognized option",
                              "invalid option",
                              "requires an argument",
                              "is ambiguous",
                              "invalid time",
                              "invalid --",
                              "node configuration is not available",
                              "access/permission denied",
                              "more processors requested",
                              "node count specification",
                              "memory specification",
                              "invalid job array",
                              "invalid feature",
                              "invalid generic resource",
                              "invalid user",
                              "time limit specification",
                              "invalid node name",
                              "invalid wckey",
                              "invalid number",
                              "user's group not permitted",
                              "job dependency"}))
    return SlurmRefusal::Final;
  return SlurmRefusal::Unclear;
}

}  // namespace sonde
