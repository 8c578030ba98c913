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
#include "run/foretold.hpp"
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
  for (const ProcessOutput& output : study.outputs) {
    const Output& its = output.output;
    line += fmt::format(",{0},{0}_{1},{0}_trust", its.name, its.is_class() ? "p" : "sd");
    for (const std::string& value : its.values) line += "," + csv_field(its.name + "_p_" + value);
  }
  return line + "\n";
}

// (n, classes); none where the output has no classes, or one alone was seen.
Matrix probabilities(const Surrogate& surrogate, Index output, const Points& x) {
  const std::optional<MulticlassClassifier>& classes = surrogate.classes(output);
  return classes ? classes->probability(x) : Matrix();
}

std::string predictions(const Study& study, const Points& x, const Surrogate& surrogate,
                        int threads) {
  const Foretold said = foretold(surrogate, x, threads);
  std::vector<Matrix> classes;
  std::vector<std::vector<Trust>> trust;
  for (std::size_t j = 0; j < study.outputs.size(); ++j) {
    const Response& response = surrogate[static_cast<Index>(j)];
    classes.push_back(probabilities(surrogate, static_cast<Index>(j), x));
    trust.push_back(TrustRegion(surrogate.domain(), response).on_rows(x));
  }
  std::string text = header(study);
  for (Index i = 0; i < x.rows(); ++i) {
    for (std::size_t j = 0; j < study.parameters.size(); ++j)
      text += (j ? "," : "") +
              csv_field(format_value(x(i, static_cast<Index>(j)), study.parameters[j]));
    for (std::size_t j = 0; j < classes.size(); ++j) {
      const Output& output = study.outputs[j].output;
      const double value = said.value(i, static_cast<Index>(j));
      const double deviation = said.deviation(i, static_cast<Index>(j));
      text += "," + csv_field(format_value(value, output)) + ",";
      if (!std::isnan(deviation))
        text += fmt::format("{}", output.is_class() ? 1.0 - deviation : deviation);
      text += fmt::format(",{}", word(trust[j][static_cast<std::size_t>(i)]));
      for (Index k = 0; k < static_cast<Index>(output.values.size()); ++k)
        text += k < classes[j].cols() ? fmt::format(",{}", classes[j](i, k)) : ",";
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
              "inside, edge, extrapolation; of classes the most likely one, NAME_p and "
              "NAME_p_VALUE: how likely",
          .arguments = std::move(arguments),
          .action = [choices] { return carry_out(*choices); }};
}

}  // namespace sonde::cli
