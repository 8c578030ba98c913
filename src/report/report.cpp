#include "report/report.hpp"

namespace sonde::report {

std::string html(const Preamble&, Campaign&, const Story& story) {
  return story.title;
}

}  // namespace sonde::report
