#pragma once

#include "sonde/run/study.hpp"
#include "sonde/space/design.hpp"

namespace sonde::cli {

/// How much of the box is admissible; the same points for a study each time.
Admissibility admissibility_of(const Study& study);

/// \throws StudyError where no admissible point was found: where, and what each constraint rejects.
void refuse_contradiction(const Study& study);
void refuse_contradiction(const Study& study, const Admissibility& found);

}  // namespace sonde::cli
