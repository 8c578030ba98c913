#include "cli/pool_words.hpp"

#include <fmt/format.h>

#include "cli/text_table.hpp"
#include "sonde/base/error.hpp"

namespace sonde::cli {
namespace {

std::string candidates(const Study& study) {
  const Domain domain = study.domain();
  Index rows = 0, admissible = 0;
  study.pool()->visit([&](Index, PointsView block) {
    rows += block.rows();
    for (const bool admitted : domain.rows_admitted(block)) admissible += admitted ? 1 : 0;
  });
  require<StudyError>(admissible > 0, study.pool_file.string(), ": none of its ", rows,
                      " candidates is admissible: bounds and constraints rule out all of them");
  return fmt::format("pool      {}: {} candidates, {} of them admissible\n",
                     study.pool_file.string(), rows, admissible);
}

const char* word_of(Maker maker) {
  switch (maker) {
    case Maker::Pool:
      return "from the pool";
    case Maker::Snapped:
      return "by synthesis, snapped to the pool";
    case Maker::Stream:
      return "from the stream";
    case Maker::Synthesis:
      break;
  }
  return "by synthesis";
}

std::string steps(const Study& study) {
  std::string words;
  for (const Step& step : study.steps)
    words +=
        fmt::format("{}{}{}", words.empty() ? "steps     " : ", then ",
                    step.queries > 0 ? fmt::format("{} ", step.queries) : "", word_of(step.maker));
  return words.empty() ? "" : words + "\n";
}

}  // namespace

std::string pool_words(const Study& study) {
  std::string words = study.pool_file.empty() ? "" : candidates(study);
  if (study.stream)
    words +=
        fmt::format("stream    {}: about {} of what arrives is asked\n",
                    study.stream_source.from == "-" ? "standard input" : study.stream_source.from,
                    shown_percent(study.stream->budget));
  words += steps(study);
  if (study.random_share > 0.0)
    words += fmt::format("random    {} of the runs after the design\n",
                         shown_percent(study.random_share));
  return words;
}

}  // namespace sonde::cli
