#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "sonde/base/types.hpp"
#include "sonde/oracle/oracle.hpp"

namespace sonde {

/// Queries were handed out to somebody, who is to answer them before `until`.
struct Leased {
  std::vector<Index> ids;
  std::string who{};                                       ///< empty: nobody in particular
  double until = std::numeric_limits<double>::infinity();  ///< s since 1970 UTC
};

/// One of several people told what came of a query. It stays open until enough have.
struct Told {
  Index id = 0;
  std::string by{};
  Answer answer{};
  double confidence = std::numeric_limits<double>::quiet_NaN();  ///< 0 to 1; NaN: not given
  std::string rationale{};
};

/// An answer was wrong: this one counts from now on.
struct Corrected {
  Index id = 0;
  Answer answer{};
  std::string reason{};
  std::string by{};
};

/// A query that was held until somebody has looked at it was decided upon.
struct Reviewed {
  enum class Verdict { Approved, Edited, Rejected };

  Index id = 0;
  Verdict verdict = Verdict::Approved;
  Vector x{};  ///< (d) where it is asked instead, natural units; empty unless Edited
  std::string reason{};
  std::string by{};
};

/// What people had to do with a query so far.
struct Handling {
  struct Lease {
    std::string who;
    double until;  ///< s since 1970 UTC
  };

  std::vector<Lease> leases{};  ///< the last of each person; all of nobody in particular
  std::vector<Told> told{};     ///< in the order in which they came
  std::optional<Reviewed> review{};
  Index corrections = 0;

  bool has_told(const std::string& who) const;
};

/// How the answers of several people become one.
struct PeopleRule {
  Index people = 1;      ///< so many different ones are heard
  std::string expert{};  ///< whose answer counts in a dispute; empty: the median's does
  /// They agree where their answers differ by no more than this part of the output's spread.
  double agree = 0.05;
};

/// The kind of the answer of a query that was rejected: no run, no failure, no cost.
inline constexpr const char* rejected_kind = "rejected";
/// The kind of the answer of a query that a cheap simulator answered as was foretold: no run, no
/// failure, no cost, and nothing to learn from; further queries suppose it answered as predicted.
inline constexpr const char* agreed_kind = "agreed";
/// Whether it is of one of these kinds.
bool is_no_run(const Answer& answer) noexcept;

/// The largest difference of what was told, relative to `spread`, over the outputs; infinite where
/// some told a value and some a failure, 0 where fewer than two were heard.
/// \param spread (m) > 0, in the outputs' units
double disagreement(const std::vector<Told>& told, VectorView spread);

/// What the answers come to: the median of those that agree; of a dispute the median too (a failure
/// where most told one), or what the expert told. Of an output of classes it is the one that most
/// told; where two were told as often that output is missing. The message says which, the host who
/// was heard. Nothing while too few, or in a dispute the expert, are missing.
std::optional<Answer> settled(const std::vector<Told>& told, const PeopleRule& rule,
                              VectorView spread, const std::vector<Output>& outputs = {});

}  // namespace sonde
