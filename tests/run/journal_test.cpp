#include "sonde/run/journal.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bit>
#include <csignal>
#include <fstream>
#include <iterator>
#include <limits>

#include "run/checksum.hpp"
#include "sonde/base/error.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/temporary_directory.hpp"

using namespace sonde;
using namespace sonde::testing_support;
namespace fs = std::filesystem;

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();

Preamble preamble() {
  Preamble made;
  made.parameters = {{.name = "chord", .lower = 120, .upper = 180, .unit = "mm"},
                     {.name = "re", .scale = Scale::Log, .lower = 1e5, .upper = 1e7},
                     {.name = "ribs", .scale = Scale::Integer, .lower = 2, .upper = 8},
                     {.name = "skin", .scale = Scale::Choice, .labels = {"AL", "CFRP"}}};
  made.parameters[0].distribution = TruncatedNormal{0.1 + 0.2, 1.0 / 3.0};
  made.outputs = {{"drag", "N"}, {"tmax", "K"}};
  made.seed = std::numeric_limits<std::uint64_t>::max();
  made.study = "title = \"\xC3\xA4\"\n# a tab\there, a quote \", a backslash \\\n";
  return made;
}

std::vector<Event> events() {
  Asked design{
      {{.id = 0, .x = Vector{{1.0, -0.0, 5e-324, 1.7976931348623157e308}}, .why = "design"},
       {.id = 1, .x = Vector{{0.1, 1e22, 1.0 / 3.0, -2.5}}, .why = ""}}};
  Asked queries{{{.id = 2,
                  .x = Vector{{120.0, 3e6, 4, 1}},
                  .why = "integrated variance",
                  .worth = 1e-300,
                  .mean = Vector{{nan, inf}},
                  .deviation = Vector{{-inf, 0.1}},
                  .selection = {.candidates = 512,
                                .rank = 3,
                                .evaluations = 60,
                                .outcome = "out of evaluations",
                                .runner_up = Vector{{121.0, 0.1 + 0.2, 5, 0}},
                                .runner_up_worth = 1.0 / 3.0}}},
                1};
  Fitted model{.model = 1,
               .rows = 2,
               .parameters = Matrix{{0.1, 0.2, 0.3}, {-1.0, nan, 2.0 / 3.0}},
               .evidence = Vector{{-1.5, nan}},
               .leave_one_out = Vector{{0.1, inf}}};
  Answered good{0,
                {.status = Answer::Status::Ok,
                 .y = Vector{{1e-7, 2e9}},
                 .seconds = 0.25,
                 .attempts = 2,
                 .host = "node-1",
                 .started = 1.7e9 + 0.123,
                 .ended = 1.7e9 + 7,
                 .usage = Usage{0.1 + 0.2, 1e9 / 3.0, 0, 0}}};
  Answered late{1,
                {.status = Answer::Status::TimedOut,
                 .seconds = inf,
                 .message = "45 min are over",
                 .kind = "timeout",
                 .usage = Usage{2.5, 4096.0, 0, 15}}};
  return {design, good,    late,
          model,  queries, Answered{2, {.message = "line\nbreak", .kind = "signal"}}};
}

bool same_bits(const Matrix& a, const Matrix& b) {
  if (a.rows() != b.rows() || a.cols() != b.cols()) return false;
  for (Index i = 0; i < a.size(); ++i) {
    const bool both_nan = std::isnan(a.data()[i]) && std::isnan(b.data()[i]);
    if (!both_nan &&
        std::bit_cast<std::uint64_t>(a.data()[i]) != std::bit_cast<std::uint64_t>(b.data()[i])) {
      return false;
    }
  }
  return true;
}

bool same_bits(double a, double b) {
  return same_bits(Matrix{{a}}, Matrix{{b}});
}

bool same(const Selection& a, const Selection& b) {
  return a.candidates == b.candidates && a.rank == b.rank && a.evaluations == b.evaluations &&
         a.outcome == b.outcome && same_bits(a.runner_up, b.runner_up) &&
         same_bits(a.runner_up_worth, b.runner_up_worth);
}

bool same(const Query& a, const Query& b) {
  return a.id == b.id && same_bits(a.x, b.x) && a.why == b.why && same_bits(a.worth, b.worth) &&
         same_bits(a.mean, b.mean) && same_bits(a.deviation, b.deviation) &&
         same(a.selection, b.selection);
}

bool same(const Fitted& a, const Fitted& b) {
  return a.model == b.model && a.rows == b.rows && same_bits(a.parameters, b.parameters) &&
         same_bits(a.evidence, b.evidence) && same_bits(a.leave_one_out, b.leave_one_out);
}

bool same(const Asked& a, const Asked& b) {
  return a.model == b.model &&
         std::equal(a.queries.begin(), a.queries.end(), b.queries.begin(), b.queries.end(),
                    [](const Query& p, const Query& q) { return same(p, q); });
}

bool same(const Usage& a, const Usage& b) {
  return same_bits(a.cpu_seconds, b.cpu_seconds) && same_bits(a.max_rss, b.max_rss) &&
         a.exit_status == b.exit_status && a.signal == b.signal;
}

bool same(const Answered& left, const Answered& right) {
  const Answer& a = left.answer;
  const Answer& b = right.answer;
  return left.id == right.id && a.status == b.status && same_bits(a.y, b.y) &&
         same_bits(a.seconds, b.seconds) && a.message == b.message && a.kind == b.kind &&
         a.attempts == b.attempts && a.host == b.host && same_bits(a.started, b.started) &&
         same_bits(a.ended, b.ended) && a.usage.has_value() == b.usage.has_value() &&
         (!a.usage || same(*a.usage, *b.usage));
}

bool same(const Event& a, const Event& b) {
  if (a.index() != b.index()) return false;
  if (const auto* asked = std::get_if<Asked>(&a)) return same(*asked, std::get<Asked>(b));
  if (const auto* fitted = std::get_if<Fitted>(&a)) return same(*fitted, std::get<Fitted>(b));
  return same(std::get<Answered>(a), std::get<Answered>(b));
}

bool same(const std::vector<Event>& a, const std::vector<Event>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Event& p, const Event& q) { return same(p, q); });
}

std::string text_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void put(const fs::path& file, const std::string& text) {
  fs::remove(file);  // a file that is cut to nothing and written anew is flushed by some systems
  std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
}

/// The text of a journal of all events(); the journal is closed.
std::string recorded(const fs::path& file) {
  Journal journal = Journal::create(file, preamble());
  for (const Event& event : events()) journal.append(event);
  return text_of(file);
}

std::vector<std::size_t> line_starts(const std::string& text) {
  std::vector<std::size_t> starts = {0};
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == '\n') starts.push_back(i + 1);
  }
  return starts;
}

/// The line a writer would write after checksum `before`, and its checksum.
std::string line(const std::string& json, std::uint32_t& before) {
  before = crc32c(json, before);
  char digits[9];
  std::snprintf(digits, sizeof digits, "%08x", static_cast<unsigned>(before));
  return std::string(digits) + ' ' + json + '\n';
}

std::uint32_t last_checksum(const std::string& text) {
  return static_cast<std::uint32_t>(
      std::stoul(text.substr(line_starts(text).back(), 8), nullptr, 16));
}

}  // namespace

TEST_CASE("a journal gives back what was recorded, bit for bit", "[journal]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "journal.sonde";
  recorded(file);
  const Journal journal = Journal::read(file);
  CHECK(same(journal.events(), events()));
  CHECK(journal.torn_bytes() == 0);
  const Preamble found = journal.preamble();
  const Preamble expected = preamble();
  CHECK(found.seed == expected.seed);
  CHECK(found.study == expected.study);
  CHECK(found.uuid.size() == 36);
  CHECK(found.created.size() == 20);
  REQUIRE(found.parameters.size() == 4);
  CHECK(found.parameters[0].unit == "mm");
  CHECK(same_bits(found.parameters[0].distribution->mean, 0.1 + 0.2));
  CHECK(same_bits(found.parameters[0].distribution->sd, 1.0 / 3.0));
  CHECK(found.parameters[1].scale == Scale::Log);
  CHECK(found.parameters[3].labels == expected.parameters[3].labels);
  CHECK_FALSE(found.parameters[1].distribution);
  REQUIRE(found.outputs.size() == 2);
  CHECK(found.outputs[1].name == "tmax");
  CHECK(found.outputs[1].unit == "K");
}

TEST_CASE("a run of ten inputs, asked and answered, takes less than a kilobyte", "[journal]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "journal.sonde";
  Journal journal = Journal::create(file, preamble());
  const std::size_t before = text_of(file).size();
  // Numbers of 17 digits, names and words of usual length.
  const Vector x = Vector::LinSpaced(10, 1.0, 2.0).array().sin() / 3.0;
  journal.append(Asked{{{.id = 123456,
                         .x = x,
                         .why = "calibrated integrated variance",
                         .worth = 1e-3 / 3.0,
                         .mean = Vector{{100.0 / 3.0}},
                         .deviation = Vector{{2.0 / 3.0}},
                         .selection = {.candidates = 5120,
                                       .rank = 17,
                                       .evaluations = 480,
                                       .outcome = "nothing better nearby",
                                       .runner_up = x / 1.1,
                                       .runner_up_worth = 1e-4 / 3.0}}},
                       29});
  journal.append(Answered{123456,
                          {.status = Answer::Status::Ok,
                           .y = Vector{{100.0 / 3.0}},
                           .seconds = 1e4 / 3.0,
                           .attempts = 1,
                           .host = "node-0123",
                           .started = 1.8e9 + 1.0 / 3.0,
                           .ended = 1.8e9 + 1e4 / 3.0,
                           .usage = Usage{1428.571429, 3500003328.0, 0, 0}}});
  CHECK(text_of(file).size() - before < 1000);
}

TEST_CASE("a journal opened again goes on where it ended", "[journal]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "journal.sonde";
  const std::vector<Event> all = events();
  { Journal::create(file, preamble()).append(all[0]); }
  for (std::size_t i = 1; i < all.size(); ++i) {
    Journal journal = Journal::open(file);
    CHECK(journal.events().size() == i);
    journal.append(all[i]);
    journal.note("step");
  }
  const Journal journal = Journal::read(file);
  CHECK(same(journal.events(), all));
  CHECK(journal.notes().size() == 2 * (all.size() - 1));
}

TEST_CASE("a line torn at any byte is cut off and told of", "[journal]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "journal.sonde";
  const std::string text = recorded(file);
  const std::size_t start = line_starts(text).back();
  std::vector<Event> before = events();
  const Event last = before.back();
  before.pop_back();
  for (std::size_t end = start; end < text.size(); ++end) {
    put(file, text.substr(0, end));
    const Journal seen = Journal::read(file);
    REQUIRE(seen.torn_bytes() == static_cast<Index>(end - start));
    REQUIRE(same(seen.events(), before));
    REQUIRE(text_of(file).size() == end);  // reading changes nothing
    if (end % 8 != start % 8 && end + 1 != text.size())
      continue;  // each of these waits for the disk
    {
      Journal journal = Journal::open(file);
      REQUIRE(journal.torn_bytes() == static_cast<Index>(end - start));
      journal.append(last);
    }
    REQUIRE(same(Journal::read(file).events(), events()));
  }
}

TEST_CASE("a last line with pages that never reached the disk is cut off", "[journal]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "journal.sonde";
  std::string text = recorded(file);
  std::fill(text.begin() + static_cast<std::ptrdiff_t>(line_starts(text).back()), text.end() - 20,
            '\0');
  put(file, text);
  CHECK(Journal::open(file).events().size() == events().size() - 1);
}

TEST_CASE("a changed byte is refused with its place", "[journal]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "journal.sonde";
  const std::string text = recorded(file);
  std::vector<std::size_t> starts = line_starts(text);
  starts.push_back(text.size());
  for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
    for (const std::size_t at : {starts[i], starts[i] + 3, starts[i] + 8, starts[i] + 30,
                                 starts[i + 1] - 3, starts[i + 1] - 1}) {
      std::string damaged = text;
      if (at + 1 == text.size()) continue;  // as torn as can be
      damaged[at] = static_cast<char>(damaged[at] ^ 1);
      put(file, damaged);
      const std::string words = message_of<StoreError>([&] { Journal::open(file); });
      INFO("line " << i << " byte " << at);
      CHECK(contains(words, concat("at byte ", starts[i])));
      CHECK(contains(message_of<StoreError>([&] { Journal::read(file); }), "damaged"));
      CHECK(text_of(file) == damaged);
    }
  }
}

TEST_CASE("a line that was lost, doubled or moved is noticed", "[journal]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "journal.sonde";
  const std::string text = recorded(file);
  const std::vector<std::size_t> starts = line_starts(text);
  const auto whole = [&](std::size_t i) {
    return text.substr(starts[i], starts[i + 1] - starts[i]);
  };
  const std::vector<std::string> damaged = {
      text.substr(0, starts[2]) + text.substr(starts[3]),                         // lost
      text.substr(0, starts[3]) + whole(2) + text.substr(starts[3]),              // doubled
      text.substr(0, starts[2]) + whole(3) + whole(2) + text.substr(starts[4])};  // exchanged
  for (const std::string& content : damaged) {
    put(file, content);
    CHECK(contains(message_of<StoreError>([&] { Journal::open(file); }), "damaged at byte"));
  }
}

TEST_CASE("records of a kind not known yet are kept and skipped", "[journal]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "journal.sonde";
  const std::string text = recorded(file);
  std::uint32_t checksum = last_checksum(text);
  const std::string future = line(R"({"kind":"surveyed","seq":7,"model":{"a":[1,2]}})", checksum);
  put(file, text + future);
  Journal::open(file).note("later");
  const Journal journal = Journal::read(file);
  CHECK(same(journal.events(), events()));
  CHECK(journal.notes().back() == "later");
  CHECK(contains(text_of(file), future));
}

TEST_CASE("what is whole but not understood is damage", "[journal]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "journal.sonde";
  const std::string text = recorded(file);
  const std::string deep = R"({"kind":"note","seq":7,"text":"a","deep":)" + std::string(40, '[') +
                           std::string(40, ']') + "}";
  for (const std::string& json :
       {std::string(R"({"kind":"answered","seq":7,"id":3})"),
        std::string(R"({"kind":"note","seq":8,"text":"a"})"), std::string(R"([1, 2])"),
        std::string(R"({"kind":"head","seq":7,"schema":1})"), deep}) {
    std::uint32_t checksum = last_checksum(text);
    put(file, text + line(json, checksum));
    CHECK(contains(message_of<StoreError>([&] { Journal::read(file); }),
                   concat("at byte ", text.size())));
  }
}

TEST_CASE("a journal of a newer schema is refused by name", "[journal]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "journal.sonde";
  std::uint32_t checksum = 0;
  put(file, line(R"({"kind":"head","seq":0,"schema":2,"version":"1.4"})", checksum));
  CHECK(contains(message_of<StoreError>([&] { Journal::open(file); }),
                 "written by sonde 1.4 (schema 2); this sonde reads schema 1"));
}

TEST_CASE("a creation torn at any byte may be begun anew", "[journal]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "journal.sonde";
  CHECK_FALSE(Journal::begun(file));
  { Journal::create(file, preamble()); }
  const std::string head = text_of(file);
  CHECK(Journal::begun(file));
  CHECK(contains(message_of<StoreError>([&] { Journal::create(file, preamble()); }), "already"));
  for (std::size_t end = 0; end < head.size(); ++end) {
    put(file, head.substr(0, end));
    REQUIRE_FALSE(Journal::begun(file));
    REQUIRE(contains(message_of<StoreError>([&] { Journal::open(file); }), "nothing is recorded"));
  }
  { Journal::create(file, preamble()); }
  CHECK(Journal::begun(file));
}

TEST_CASE("a file that is no journal is neither opened nor overwritten", "[journal]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "journal.sonde";
  for (const std::string text : {"my thesis", "my thesis\n", "\n", "00000000 {\"kind\":\"x\""}) {
    put(file, text);
    CHECK(Journal::begun(file));
    CHECK(contains(message_of<StoreError>([&] { Journal::open(file); }), "not that of a journal"));
    CHECK_THROWS_AS(Journal::create(file, preamble()), StoreError);
    CHECK(text_of(file) == text);
  }
}

TEST_CASE("there is one writer, and the second is told which", "[journal]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "journal.sonde";
  Journal first = Journal::create(file, preamble());
  const std::string words = message_of<StoreError>([&] { Journal::open(file); });
  CHECK(contains(words, concat("process ", ::getpid(), " on ")));
  CHECK_THROWS_AS(Journal::create(file, preamble()), StoreError);
  first.append(events()[0]);
  CHECK(Journal::read(file).events().size() == 1);
}

TEST_CASE("the lock ends with the writer, not with a child of it", "[journal]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "journal.sonde";
  int gate[2];
  REQUIRE(::pipe(gate) == 0);
  pid_t child = 0;
  {
    Journal journal = Journal::create(file, preamble());
    child = ::fork();
    if (child == 0) {
      ::close(gate[1]);
      ::dup2(gate[0], STDIN_FILENO);
      ::execlp("cat", "cat", static_cast<char*>(nullptr));
      ::_exit(127);
    }
    ::close(gate[0]);
    // The child has begun its program when it has closed what the exec closes: seen by /proc.
    const fs::path program = concat("/proc/", child, "/comm");
    while (text_of(program) != "cat\n") ::usleep(1000);
  }
  CHECK_NOTHROW(Journal::open(file));
  ::close(gate[1]);
  ::waitpid(child, nullptr, 0);
}

TEST_CASE("one reads while another writes, and cannot write", "[journal]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "journal.sonde";
  Journal writer = Journal::create(file, preamble());
  std::size_t seen = 0;
  for (const Event& event : events()) {
    writer.append(event);
    Journal reader = Journal::read(file);
    CHECK(reader.events().size() == ++seen);
    CHECK(contains(message_of<StoreError>([&] { reader.append(event); }), "for reading"));
  }
}

TEST_CASE("the digest is that of the whole lines", "[journal]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "journal.sonde";
  const std::string text = recorded(file);
  put(file, text + "0123");
  CHECK(Journal::read(file).sha256() == sha256(text));
}

TEST_CASE("text that is not UTF-8 is recorded all the same", "[journal]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "journal.sonde";
  Journal::create(file, preamble()).append(Answered{0, {.message = "caf\xE9 ferm\xE9"}});
  const Journal journal = Journal::read(file);
  CHECK(std::get<Answered>(journal.events()[0]).answer.message ==
        "caf\xEF\xBF\xBD ferm\xEF\xBF\xBD");
}

TEST_CASE("a record above 16 MiB is refused and leaves the journal as it was", "[journal]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "journal.sonde";
  Journal journal = Journal::create(file, preamble());
  const std::string before = text_of(file);
  CHECK(contains(message_of<StoreError>([&] { journal.note(std::string(17u << 20, 'a')); }),
                 "at most 16777216"));
  CHECK(text_of(file) == before);
  CHECK_NOTHROW(journal.note("short"));
}

TEST_CASE("a full disk costs no recorded line, and the journal goes on when there is room",
          "[journal]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "journal.sonde";
  const pid_t child = ::fork();  // limits of one's own
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    Journal journal = Journal::create(file, preamble());
    journal.append(events()[0]);
    const std::string before = text_of(file);
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    const rlimit room = limit;
    limit.rlim_cur = before.size() + 40;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const std::string words = message_of<StoreError>([&] { journal.append(events()[1]); });
    const bool kept = text_of(file) == before && words.find("Make room") != std::string::npos;
    ::setrlimit(RLIMIT_FSIZE, &room);
    journal.append(events()[1]);
    ::_exit(kept ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(Journal::read(file).events().size() == 2);
}

TEST_CASE("a journal that cannot be written or read says why", "[journal]") {
  const TemporaryDirectory directory;
  CHECK(
      contains(message_of<StoreError>([&] { Journal::open(directory / "none"); }), "No such file"));
  CHECK(
      contains(message_of<StoreError>([&] { Journal::create(directory / "no/where", preamble()); }),
               "No such file"));
  CHECK_THROWS_AS(Journal::create("/dev/full", preamble()), StoreError);
}

TEST_CASE("several events that are ready are one write, and each a line", "[journal]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "journal.sonde";
  Journal::create(file, preamble()).append(events());
  const Journal journal = Journal::read(file);
  CHECK(same(journal.events(), events()));
  CHECK(line_starts(text_of(file)).size() == events().size() + 1);
}

TEST_CASE("pages of a group that never reached the disk are cut off with the group", "[journal]") {
  // Whatever of the group's pages is missing: nothing of it was acknowledged.
  const TemporaryDirectory directory;
  const fs::path file = directory / "journal.sonde";
  std::vector<Event> group;
  for (Index id = 1; id < 30; ++id)
    group.emplace_back(Answered{id, {.message = std::string(700, 'm'), .kind = "exit"}});
  {
    Journal journal = Journal::create(file, preamble());
    journal.append(events()[0]);
  }
  const std::size_t acknowledged = text_of(file).size();
  { Journal::open(file).append(group); }
  const std::string whole = text_of(file);
  constexpr std::size_t page = 512;
  for (std::size_t at = (acknowledged / page + 1) * page; at < whole.size(); at += 7 * page) {
    std::string text = whole;
    // The note of whoever opened it comes before the group.
    const std::size_t begin = std::max(at, line_starts(text)[3]);
    const std::size_t end = std::min(text.size(), begin + page);
    std::fill(text.begin() + static_cast<std::ptrdiff_t>(begin),
              text.begin() + static_cast<std::ptrdiff_t>(end), '\0');
    put(file, text);
    const Journal journal = Journal::open(file);
    REQUIRE(journal.torn_bytes() > 0);
    REQUIRE(journal.events().size() >= 1);
  }
  // But zeros before something that was written later are damage.
  put(file, whole);
  { Journal::open(file).note("later"); }
  std::string text = text_of(file);
  text[acknowledged + 4000] = '\0';
  put(file, text);
  CHECK(contains(message_of<StoreError>([&] { Journal::open(file); }), "sonde repair"));
}

TEST_CASE("a first line with pages that never reached the disk is no journal yet", "[journal]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "journal.sonde";
  Preamble long_study = preamble();
  long_study.study = std::string(20000, 's');
  { Journal::create(file, long_study); }
  std::string text = text_of(file);
  std::fill(text.begin() + 4096, text.begin() + 8192, '\0');
  put(file, text);
  CHECK_FALSE(Journal::begun(file));
  CHECK_NOTHROW(Journal::create(file, long_study));
  CHECK(Journal::begun(file));
}

TEST_CASE("a change of the study that an earlier release noted is an event", "[journal]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "journal.sonde";
  {
    Journal journal = Journal::create(file, preamble());
    journal.note("study changed: title = 1\n");
    journal.append(Edited{"title = 2\n"});
  }
  const Journal journal = Journal::read(file);
  REQUIRE(journal.events().size() == 2);
  CHECK(std::get<Edited>(journal.events()[0]).study == "title = 1\n");
  CHECK(std::get<Edited>(journal.events()[1]).study == "title = 2\n");
  CHECK(journal.notes().empty());
}
