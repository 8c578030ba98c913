#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <memory>
#include <string>

#include "cli/campaign_folder.hpp"
#include "cli/exit_status.hpp"
#include "cli/files.hpp"
#include "cli/models.hpp"
#include "cli/points_file.hpp"
#include "cli/subcommands.hpp"
#include "sonde/gp/trust.hpp"

namespace sonde::cli {
namespace {

struct PredictChoices {
  Target target;
  std::string at;
  std::string to;
  int threads = 0;
};

std::string header(const Study& study) {
  std::string line;
  for (const Parameter& parameter : study.parameters)
    line += (line.empty() ? "" : ",") + csv_field(parameter.name);
  for (const ProcessOutput& output : study.outputs)
    line += fmt::format(",{0},{0}_sd,{0}_trust", output.output.name);
  return line + "\n";
}

std::string predictions(const Study& study, const Points& x, const Surrogate& surrogate,
                        int threads) {
  std::vector<Marginals> marginals;
  std::vector<std::vector<Trust>> trust;
  for (std::size_t j = 0; j < study.outputs.size(); ++j) {
    const Response& response = surrogate[static_cast<Index>(j)];
    marginals.push_back(response.predict(x, threads));
    trust.push_back(TrustRegion(surrogate.domain(), response).on_rows(x));
  }
  std::string text = header(study);
  for (Index i = 0; i < x.rows(); ++i) {
    for (std::size_t j = 0; j < study.parameters.size(); ++j)
      text += (j ? "," : "") +
              csv_field(format_value(x(i, static_cast<Index>(j)), study.parameters[j]));
    for (std::size_t j = 0; j < marginals.size(); ++j) {
      const Marginals& m = marginals[j];
      text += fmt::format(",{},{},{}", m.mean[i], std::sqrt(std::max(0.0, m.variance[i])),
                          word(trust[j][static_cast<std::size_t>(i)]));
    }
    text += "\n";
  }
  return text;
}

int carry_out(const PredictChoices& choices) {
  const CampaignFolder folder = locate(choices.target);
  const int threads = choices.threads > 0 ? choices.threads : cores();
  OpenCampaign open = read_campaign(folder, threads);
  const PointsFile points = read_points(choices.at, open.study);
  const std::string text = predictions(open.study, points.x, answering(open), threads);
  if (choices.to.empty()) {
    std::fputs(text.c_str(), stdout);
  } else {
    write_file(choices.to, text);
  }
  return Done;
}

}  // namespace

Subcommand predict_subcommand() {
  auto choices = std::make_shared<PredictChoices>();
  std::vector<Argument> arguments = target_arguments(choices->target);
  arguments.push_back({.names = "--at",
                       .place = &choices->at,
                       .help = "CSV file of points, a column an input",
                       .required = true});
  arguments.push_back({.names = "-o,--output",
                       .place = &choices->to,
                       .help = "File to write instead of standard output"});
  arguments.push_back({.names = "--threads",
                       .place = &choices->threads,
                       .help = "Cores for Sonde's arithmetic; default: all",
                       .range = Between{1, 1024}});
  return {.name = "predict",
          .help =
              "Print the inputs, and of each output NAME, its standard deviation NAME_sd and "
              "NAME_trust: "
              "inside, edge, extrapolation",
          .arguments = std::move(arguments),
          .action = [choices] { return carry_out(*choices); }};
}

}  // namespace sonde::cli
