#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "cli/campaign_folder.hpp"
#include "cli/interruption.hpp"
#include "cli/progress.hpp"
#include "sonde/oracle/oracle.hpp"
#include "sonde/run/run.hpp"

namespace sonde::cli {

/// The simulator of the study, its runs in the campaign's folder.
/// \param say what people should know of the runs, from any thread as long as the oracle lives
/// \throws StudyError, OracleError
Oracle oracle_of(const Study& study, const CampaignFolder& folder, std::stop_token stop,
                 std::function<void(const std::string&)> say = {});

struct DriveOptions {
  int workers = 1;
  int threads = 1;
  bool many_agreed = false;  ///< to fit more than many_runs
  bool write_hdf5 = true;    ///< now and then, in at most 2 % of the time
  bool show_error = true;    ///< estimated now and then, likewise
  std::function<void()>
      outside{};  ///< takes in what comes from elsewhere, about ten times a second
};

/// Of a manual study, where people answer: keeps `workers` queries open (or a batch), and waits for
/// what comes by `outside`, until its rules stop it and nothing is open.
RunEnd wait_for_people(OpenCampaign& open, const DriveOptions& options, Progress& progress,
                       Interruptions& interruptions);

/// Runs the campaign until its study's rules stop it, every event in the journal first.
RunEnd drive(OpenCampaign& open, const Oracle& oracle, const DriveOptions& options,
             Progress& progress, Interruptions& interruptions);

}  // namespace sonde::cli
