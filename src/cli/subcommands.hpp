#pragma once

#include "cli/command_line.hpp"

namespace sonde::cli {

Subcommand init_subcommand();
Subcommand check_subcommand();
Subcommand run_subcommand();
Subcommand status_subcommand();
Subcommand stop_subcommand();
Subcommand ask_subcommand();
Subcommand tell_subcommand();
Subcommand import_subcommand();
Subcommand select_subcommand();
Subcommand predict_subcommand();
Subcommand validate_subcommand();
Subcommand compare_subcommand();
Subcommand report_subcommand();
Subcommand serve_subcommand();
Subcommand export_subcommand();
Subcommand models_subcommand();
Subcommand repair_subcommand();
Subcommand replay_subcommand();
Subcommand why_subcommand();
Subcommand doctor_subcommand();
Subcommand version_subcommand();

}  // namespace sonde::cli
