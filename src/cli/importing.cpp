#include "cli/importing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "base/nearest_name.hpp"
#include "cli/exit_status.hpp"
#include "cli/text_table.hpp"

namespace sonde::cli {
namespace {

constexpr std::size_t at_once = 500;  // runs that are recorded by one sync

// Of an input, in ranges: beyond it no surrogate can tell what is near.
constexpr double farthest = 1e6;

using Row = std::vector<double>;  // x, then y; -0 as 0, NaN as empty

Row row_of(VectorView x, VectorView y) {
  Row row;
  for (const double value : x) row.push_back(value + 0.0);
  for (const double value : y) row.push_back(std::isnan(value) ? HUGE_VAL : value + 0.0);
  return row;
}

// Every query that has been answered, to know what is brought in twice.
std::set<Row> known_rows(const Campaign& campaign) {
  std::set<Row> rows;
  const auto m = static_cast<Index>(campaign.outputs().size());
  for (const Query& query : campaign.queries()) {
    const std::optional<Answer>& answer = campaign.answer(query.id);
    if (!answer) continue;
    const bool ok = answer->status == Answer::Status::Ok;
    rows.insert(row_of(query.x, ok ? answer->y : Vector::Constant(m, NAN)));
  }
  return rows;
}

// Rows of which an import that was cut short has the inputs, but no answer.
std::map<Row, Index> open_imports(const Campaign& campaign) {
  std::map<Row, Index> open;
  for (const Query& query : campaign.open()) {
    if (query.why == "imported") open[row_of(query.x, Vector())] = query.id;
  }
  return open;
}

// A column that is not meant would make all runs failed ones.
void check_columns(const PointsFile& file, const OpenCampaign& open) {
  std::vector<std::string> missing;
  for (const Output& output : open.campaign.outputs()) {
    if (!file.table.has(output.name)) missing.push_back(output.name);
  }
  const bool some = missing.size() < open.campaign.outputs().size();
  for (const std::string& column : file.table.head) {
    const bool input = std::any_of(open.study.parameters.begin(), open.study.parameters.end(),
                                   [&](const Parameter& p) { return p.name == column; });
    const auto nearest = input ? std::nullopt : nearest_name(column, missing);
    require<UsageError>(!nearest, file.table.file, ": column '", column,
                        "' is unknown; did you mean '", nearest.value_or(""), "'?");
  }
  require<UsageError>(some, file.table.file, ": has no column of an output ('", missing.front(),
                      "'); of runs that failed it is empty");
}

struct Run {
  Query query;
  bool asked = false;  // already
  Answer answer;
};

struct Import {
  std::vector<Run> runs;
  Index failed = 0, twice = 0, outside = 0, unanswered = 0;
};

// Which column says, as `export` writes it, what came of a run; nothing where that is an input or
// an output, or no column is called so.
std::optional<std::size_t> status_column(const PointsFile& file, const OpenCampaign& open) {
  constexpr const char* name = "status";
  const auto is_it = [&](const auto& one) { return one.name == name; };
  const auto& inputs = open.study.parameters;
  const auto& outputs = open.campaign.outputs();
  if (std::any_of(inputs.begin(), inputs.end(), is_it) ||
      std::any_of(outputs.begin(), outputs.end(), is_it) || !file.table.has(name))
    return std::nullopt;
  return file.table.column(name);
}

bool is_answered(const std::string& status) {
  return status != "open" && status != rejected_kind && status != agreed_kind;
}

// Before anything is recorded: a value that no campaign could be given.
void check_row(const PointsFile& file, Index i, const OpenCampaign& open) {
  const std::string where = file.table.place(static_cast<std::size_t>(i)) + ": ";
  const Vector unit = open.campaign.domain().to_unit(file.x.row(i));
  for (Index j = 0; j < unit.size(); ++j)
    require<UsageError>(
        std::isfinite(file.x(i, j)) && std::isfinite(unit[j]) && std::abs(unit[j]) <= farthest,
        where, "'", open.study.parameters[static_cast<std::size_t>(j)].name, "' cannot be ",
        file.x(i, j), " on its scale");
  for (Index j = 0; j < file.y.cols(); ++j)
    require<UsageError>(!(std::abs(file.y(i, j)) > largest_value), where, "'",
                        open.campaign.outputs()[static_cast<std::size_t>(j)].name,
                        "': expected a number within ", largest_value,
                        ", or nothing for a run that failed; got ", file.y(i, j));
}

Answer answer_of(const Vector& y) {
  if ((y.array() == y.array()).any()) return {.status = Answer::Status::Ok, .y = y};
  return {.status = Answer::Status::Failed, .message = "imported without a value", .kind = "told"};
}

Import prepared(const PointsFile& file, const OpenCampaign& open) {
  Import import;
  std::set<Row> known = known_rows(open.campaign);
  std::map<Row, Index> half_done = open_imports(open.campaign);
  Index id = open.campaign.asked();
  const std::optional<std::size_t> status = status_column(file, open);
  for (Index i = 0; i < file.x.rows(); ++i) {
    check_row(file, i, open);
    if (status && !is_answered(file.table.rows[static_cast<std::size_t>(i)][*status])) {
      ++import.unanswered;
      continue;
    }
    const Vector x = file.x.row(i);
    const Vector y = file.y.row(i).transpose();
    if (!known.insert(row_of(x, y)).second) {
      ++import.twice;
      continue;
    }
    const auto begun = half_done.extract(row_of(x, Vector()));
    const bool asked = !begun.empty();
    import.runs.push_back(
        {{.id = asked ? begun.mapped() : id++, .x = x, .why = "imported"}, asked, answer_of(y)});
    if (import.runs.back().answer.status != Answer::Status::Ok) ++import.failed;
    if (!open.campaign.domain().admits(x)) ++import.outside;
  }
  return import;
}

// The rows that can be taken; what is wrong with the others, a message each, in `bad`.
PointsFile good_rows(CsvTable table, const OpenCampaign& open, std::vector<std::string>& bad) {
  CsvTable one{table.file, table.head, {}, {}};
  check_columns(points_in(one, open.study), open);
  CsvTable good = one;
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    one.rows = {table.rows[i]};
    one.lines = {table.lines[i]};
    try {
      check_row(points_in(one, open.study), 0, open);
      good.rows.push_back(std::move(table.rows[i]));
      good.lines.push_back(table.lines[i]);
    } catch (const UsageError& failure) {
      bad.emplace_back(failure.what());
    }
  }
  return points_in(std::move(good), open.study);
}

void record_imported(OpenCampaign& open, std::span<const Run> runs) {
  Asked asked;
  std::vector<Event> answers;
  for (const Run& run : runs) {
    if (!run.asked) asked.queries.push_back(run.query);
    answers.emplace_back(Answered{run.query.id, run.answer});
  }
  if (!asked.queries.empty()) record(open, asked, "");
  record(open, answers, "");
}

}  // namespace

Reply good_rows_imported(OpenCampaign& open, const std::string& text, const std::string& file) {
  std::vector<std::string> bad;
  const PointsFile good = [&] {
    try {
      return good_rows(parse_csv(text, file, bad), open, bad);
    } catch (const ArgumentError& failure) {
      throw UsageError(failure.what());
    }
  }();
  Reply reply = imported(open, good);
  if (bad.empty()) return reply;
  reply.status = Usage;
  for (const std::string& words : bad) reply.err += "sonde: " + printable(words) + '\n';
  reply.err += reply.out;
  return reply;
}

Reply imported(OpenCampaign& open, const PointsFile& runs) {
  check_columns(runs, open);
  const Import import = prepared(runs, open);
  for (std::span<const Run> rest = import.runs; !rest.empty();) {
    const std::span<const Run> part = rest.first(std::min(rest.size(), at_once));
    record_imported(open, part);
    rest = rest.subspan(part.size());
  }
  Reply reply;
  reply.out =
      fmt::format("{} run{} imported", import.runs.size(), import.runs.size() == 1 ? "" : "s");
  if (import.failed > 0) reply.out += fmt::format(", of these {} failed ones", import.failed);
  if (import.outside > 0)
    reply.out += fmt::format(", of these {} outside the domain", import.outside);
  if (import.twice > 0)
    reply.out += fmt::format("; {} passed over: they are known already", import.twice);
  if (import.unanswered > 0)
    reply.out += fmt::format("; {} without an answer left out", import.unanswered);
  reply.out += '\n';
  return reply;
}

}  // namespace sonde::cli
