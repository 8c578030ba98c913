#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include "base/json_text.hpp"
#include "cli/files.hpp"
#include "cli/request.hpp"
#include "fuzz/fuzz.hpp"
#include "http/stream.hpp"
#include "oracle/run_record.hpp"
#include "oracle/slurm_state.hpp"
#include "serve/protocol.hpp"

// Messages of people, programs and servers: JSON, and what it travels in. The first line names the
// reader, as `tell` or `umbridge /Evaluate`.
namespace {

using namespace sonde;

constexpr const char* study = R"(sonde = 1
[variables.chord]
bounds = [120, 180]
unit = "mm"
[variables.skin]
values = ["AL", "CFRP"]
[simulator]
kind = "manual"
people = 2
[outputs]
drag = { unit = "N", accept = "drag > 0" }
tmax = { unit = "K" }
[design]
kind = "uniform"
runs = 100
[stop]
runs = 100
)";

struct Begun {
  cli::CampaignFolder folder;
  std::string journal{};
};

// A campaign of which queries 0 to 3 were asked, of which 1 is answered.
const Begun& begun() {
  static const Begun made = [] {
    Begun campaign{
        cli::CampaignFolder{fuzz::scratch() / "campaign", fuzz::scratch() / "study.toml", "study"}};
    fuzz::write(campaign.folder.study, study);
    cli::OpenCampaign open = cli::open_campaign(campaign.folder, 1);
    cli::record(open, open.campaign.propose(4), "");
    cli::record(open, Answered{1, {.status = Answer::Status::Ok, .y = Vector{{1.5, 300.0}}}}, "");
    campaign.journal = cli::read_file(campaign.folder.journal());
    return campaign;
  }();
  return made;
}

// Whatever is said, the journal can be read afterwards, and tells the same campaign.
void expect_recorded(const cli::OpenCampaign& open) {
  const cli::OpenCampaign again = cli::read_campaign(begun().folder, 1);
  fuzz::expect(again.campaign.asked() == open.campaign.asked() &&
                   again.campaign.answered() == open.campaign.answered(),
               "what was taken is in the journal");
}

void carry_out(const std::string& request) {
  fuzz::write(begun().folder.journal(), begun().journal);
  cli::OpenCampaign open = cli::open_campaign(begun().folder, 1);
  cli::replied(open, request, "fuzz", 1);
  expect_recorded(open);
}

// Sums of the inputs, so that an answer takes no time.
const std::vector<serve::Model>& models() {
  static const std::vector<serve::Model> made = [] {
    const Domain domain({Parameter::linear("a", -2.0, 4.0), Parameter::log("b", 1e-2, 1e2)});
    Dataset data{Points(6, 2), Matrix(6, 1)};
    for (Index i = 0; i < 6; ++i) {
      data.x.row(i) << -2.0 + static_cast<double>(i),
          std::pow(10.0, 0.5 * static_cast<double>(i) - 1.0);
      data.y(i, 0) = std::sin(data.x.row(i).sum());
    }
    ModelOptions options;
    options.stack = {{.family = Family::Matern52}};
    return serve::surrogate_models(
        Surrogate::fit(domain, {{"one"}}, data, options, Matrix(), Rng(1)));
  }();
  return made;
}

void answer(std::string_view path, std::string_view body) {
  const http::Response response =
      serve::umbridge_response(models(), {.method = body.empty() ? "GET" : "POST",
                                          .path = std::string(path),
                                          .body = std::string(body)});
  fuzz::expect(response.status == 200 || response.status == 400 || response.status == 404 ||
                   response.status == 405,
               "a question is answered, or refused");
  fuzz::expect(!parsed_json(response.body).is_discarded(), "an answer is JSON");
}

void converse(std::string_view text) {
  std::array<int, 2> ends{};
  if (text.size() > 60'000 ||
      ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) != 0)
    return;
  http::Stream stream{http::Socket(ends[0])};
  {
    const http::Socket writer(ends[1]);
    if (::write(writer.number(), text.data(), text.size()) < 0) return;
  }
  const http::StopSignal stop{std::stop_token()};
  stream.until(http::after(5.0), stop);
  const http::Limits limits{.line = 200, .head = 1000, .body = 10'000};
  try {
    const http::Head head = http::read_head(stream, stream.line(limits.line), limits);
    fuzz::expect(http::read_body(stream, head.headers, true, limits).size() <= limits.body,
                 "a body is no longer than it may be");
  } catch (const http::HttpError&) {
  }
}

void expect_written_reads_back(std::string_view text) {
  const JsonValue json = parsed_json(text, 32);
  key_that_stands_twice(text, 32);
  if (json.is_discarded()) return;
  fuzz::expect(json_text(parsed_json(json_text(json))) == json_text(json),
               "JSON that is written reads back");
}

void read_run_records(const std::string& text) {
  if (const std::optional<RunResult> result = run_result(text))
    fuzz::expect(run_result(to_text(*result)).has_value(), "a result that is written reads back");
  if (const std::optional<RunRequest> request = run_request(text))
    fuzz::expect(run_request(to_text(*request)).has_value(),
                 "a request that is written reads back");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = fuzz::text_of(data, size);
  const std::string_view reader = fuzz::first_line_of(rest);
  const std::string text(rest);
  if (reader == "tell") carry_out(cli::tell_request(text, "fuzz.jsonl"));
  if (reader == "table") carry_out(cli::import_good_rows_request("fuzz.csv", text));
  if (reader == "request") carry_out(text);
  if (reader.starts_with("umbridge ")) answer(reader.substr(9), text);
  if (reader == "http") converse(text);
  if (reader == "json") expect_written_reads_back(text);
  if (reader == "run") read_run_records(text);
  if (reader == "squeue") slurm_tasks(text);
  return 0;
}
