#include <string>

#include "fuzz/fuzz.hpp"
#include "sonde/base/error.hpp"
#include "sonde/run/study.hpp"

namespace {

using namespace sonde;

// What commands ask of a study that was understood.
void use(const Study& study) {
  const Domain domain = study.domain();
  Vector middle(domain.dim());
  middle.setConstant(0.5);
  const Vector x = domain.from_unit(middle);
  study.tags_of(x);
  fuzz::expect(domain.to_unit(x).allFinite(), "the middle of a domain is finite in both units");
  study.output_names();
  study.stop_rule();
  study.max_queries();
  study.template_values();
  if (study.design_file.empty()) study.campaign_options();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(fuzz::text_of(data, size));
  try {
    use(parse_study(text, fuzz::scratch() / "study.toml"));
  } catch (const StudyError&) {
  }
  return 0;
}
