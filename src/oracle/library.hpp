#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "sonde/oracle/process.hpp"

namespace sonde {

/// Loads a plug-in in a process of its own, and holds its names against the study's.
/// \param supervisor sonde-run, which does it
/// \throws OracleError where the file is not an absolute path, is somebody else's, or is no
/// plug-in;
///   StudyError where its names are others.
void check_library(const std::string& file, const std::filesystem::path& supervisor,
                   const std::vector<Parameter>& inputs, const std::vector<ProcessOutput>& outputs);

/// What a plug-in is asked, on standard input: numbers alone, a choice by its place.
std::string library_question(const std::vector<Parameter>& inputs, const Query& query);

}  // namespace sonde
