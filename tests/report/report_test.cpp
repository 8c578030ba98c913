#include "report/report.hpp"

#include <cmath>

#include "sonde/query/criteria.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"

using namespace sonde;
using sonde::testing_support::contains;

namespace {

// Where the tag that begins at `from` ends: at the first `>` outside double quotes.
std::size_t end_of_tag(const std::string& html, std::size_t from) {
  bool quoted = false;
  for (std::size_t at = from; at < html.size(); ++at) {
    if (html[at] == '"') quoted = !quoted;
    if (html[at] == '>' && !quoted) return at;
  }
  return html.size();
}

/// Tags that were opened and never closed, or closed and never opened; "" where all is in order.
std::string unbalanced(const std::string& html) {
  std::vector<std::string> open;
  for (auto at = html.find('<'); at != std::string::npos; at = html.find('<', at + 1)) {
    if (html[at + 1] == '!') continue;
    const std::size_t end = end_of_tag(html, at);
    if (end == html.size()) return "a tag without an end: " + html.substr(at, 40);
    const bool closes = html[at + 1] == '/';
    const std::size_t begin = at + (closes ? 2 : 1);
    const std::string name = html.substr(begin, html.find_first_of(" />\n", begin) - begin);
    if (name == "meta" || html[end - 1] == '/') continue;
    if (!closes) {
      open.push_back(name);
    } else if (open.empty() || open.back() != name) {
      return "</" + name + "> where <" + (open.empty() ? "" : open.back()) + "> was open";
    } else {
      open.pop_back();
    }
  }
  return open.empty() ? "" : "<" + open.back() + "> was never closed";
}

bool stands_alone(const std::string& html) {
  for (const char* part : {"http://", "https://", "<script", "@import", "url("}) {
    if (html.find(part) != std::string::npos) return false;
  }
  return true;
}

Domain wing() {
  return Domain(
      {{.name = "angle", .lower = -10, .upper = 20, .unit = "degree"},
       {.name = "reynolds", .scale = Scale::Log, .lower = 1e5, .upper = 1e7},
       {.name = "ribs", .scale = Scale::Integer, .lower = 2, .upper = 8},
       {.name = "skin", .scale = Scale::Choice, .upper = 2, .labels = {"<al>", "b", "c"}}},
      {{"no stall", [](VectorView x) { return x[0] - 15.0; }}});
}

Answer answer(const Query& query) {
  if (query.id == 2) return {.message = "residual <NaN> & \"worse\"", .kind = "fail_when"};
  if (query.id == 5) return {.status = Answer::Status::TimedOut, .kind = "timeout"};
  return {.status = Answer::Status::Ok,
          .y = Vector{{query.x[0] * std::log(query.x[1]), query.x[2] + query.x[3]}},
          .seconds = 3.0};
}

Campaign campaign(const std::vector<Output>& outputs, Index runs) {
  Campaign made(wing(), outputs, criteria::variance(), {.initial = 20}, 1);
  const Asked asked = made.propose(runs);
  if (!asked.queries.empty()) made.apply(asked);
  for (const Query& query : asked.queries) {
    if (query.id + 1 < runs) made.apply(Answered{query.id, answer(query)});
  }
  return made;
}

const std::vector<Output> outputs = {{"lift", "N"}, {"mass & more", "kg"}};

}  // namespace

TEST_CASE("a report has all sections, stands alone and is well formed", "[report]") {
  Campaign made = campaign(outputs, 16);
  report::Story story{.title = "Wing <1>", .state = "running"};
  const Vector none = Vector::Constant(2, std::nan(""));
  story.learning = {{8, Vector{{0.5, 0.2}}, none}, {16, Vector{{0.1, std::nan("")}}, none}};
  story.comparison = {"NRMSE on 300 runs",
                      {{"variance", "campaign", "lift", {{{8, 12, 16}, {0.5, 0.3, 0.1}}}, true},
                       {"uniform", "standard", "lift", {{{8, 12, 16}, {0.6, 0.4, 0.3}}}, false}}};
  const std::string html = report::html({}, made, story);
  CHECK(unbalanced(html) == "");
  CHECK(stands_alone(html));
  for (const char* heading : {"How the error fell", "Predicted against observed", "Slices",
                              "Which inputs matter", "Failures", "All runs"}) {
    CHECK(contains(html, heading));
  }
  CHECK(contains(html, "Wing &lt;1&gt;"));
  CHECK(contains(html, "residual &lt;NaN&gt; &amp; &quot;worse&quot;"));
  CHECK(contains(html, "mass &amp; more"));
  CHECK(contains(html, "&lt;al&gt;"));
  CHECK(contains(html, "fail_when"));
  CHECK(contains(html, "timed out"));
  CHECK(contains(html, ">open<"));
  // 0.3 is met at 12 of the study's own runs, where uniform took 16.
  CHECK(contains(html, "<td class=\"text\">uniform, standard surrogate</td><td>16</td>"));
  CHECK(contains(html, "<b>12</b>"));
  CHECK_FALSE(contains(html, "nan\""));
}

TEST_CASE("a report says which runs are replicates", "[report]") {
  Campaign made = campaign(outputs, 16);
  CHECK_FALSE(contains(report::html({}, made, {}), " points</span>"));
  // Once more what was asked first: 13 of 15 answers came out well, and these two.
  Asked again;
  for (const Index id : {0, 1}) {
    again.queries.push_back({.id = made.asked() + id,
                             .x = made.queries()[static_cast<std::size_t>(id)].x,
                             .why = "imported"});
  }
  made.apply(again);
  for (const Query& query : again.queries) made.apply(Answered{query.id, answer(query)});
  CHECK(contains(report::html({}, made, {}), "<span>15 runs at 13 points</span>"));
}

TEST_CASE("a report tells errors where segments hold", "[report]") {
  Campaign made = campaign(outputs, 16);
  const Symbols symbols{{"angle", "reynolds", "ribs", "skin"}, {}, {}, {}};
  report::Story story;
  story.segments = {{"down & low", Expression("angle < 0", symbols)},
                    {"never", Expression("angle > 90", symbols)}};
  const std::string html = report::html({}, made, story);
  CHECK(unbalanced(html) == "");
  CHECK(contains(html, "<h2>Segments</h2>"));
  CHECK(contains(html, "down &amp; low"));
  CHECK(contains(html, "<td>0</td><td>\u2013</td><td>\u2013</td><td>\u2013</td>"));
  CHECK_FALSE(contains(html, "runs held out"));
  CHECK_FALSE(contains(html, "nan"));
  CHECK_FALSE(contains(report::html({}, made, {}), "<h2>Segments</h2>"));
}

TEST_CASE("a report of nothing says so", "[report]") {
  Campaign made = campaign(outputs, 0);
  const std::string html = report::html({}, made, {});
  CHECK(unbalanced(html) == "");
  CHECK(contains(html, "None yet."));
  CHECK(contains(html, "it takes two answered runs"));
}

TEST_CASE("equal campaigns have equal reports", "[report]") {
  Campaign one = campaign(outputs, 12);
  Campaign two = campaign(outputs, 12);
  CHECK(report::html({}, one, {}) == report::html({}, two, {}));
}
