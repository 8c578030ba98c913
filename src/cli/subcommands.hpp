#pragma once

#include <functional>

#include <CLI/CLI.hpp>

namespace sonde::cli {

/// What the command line asks for; returns the exit status.
using Action = std::function<int()>;

// Each adds its subcommand; when the command line names it, `action` becomes it.
void add_init(CLI::App& app, Action& action);
void add_check(CLI::App& app, Action& action);
void add_run(CLI::App& app, Action& action);
void add_status(CLI::App& app, Action& action);
void add_stop(CLI::App& app, Action& action);
void add_ask(CLI::App& app, Action& action);
void add_tell(CLI::App& app, Action& action);
void add_import(CLI::App& app, Action& action);
void add_predict(CLI::App& app, Action& action);
void add_validate(CLI::App& app, Action& action);
void add_compare(CLI::App& app, Action& action);
void add_report(CLI::App& app, Action& action);
void add_export(CLI::App& app, Action& action);
void add_doctor(CLI::App& app, Action& action);
void add_version(CLI::App& app, Action& action);

}  // namespace sonde::cli
