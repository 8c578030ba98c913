#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json_text.hpp"
#include "sonde/run/journal.hpp"
#include "sonde/run/study.hpp"

namespace sonde::cli {

/// What a simulation was made of: the program, a file that it was given, or what it says of itself.
struct Ingredient {
  std::string name{};    ///< "program /usr/bin/solver", "file mesh.inp", "version"
  std::string digest{};  ///< of a file SHA-256; of one that exceeds 512 MiB, those before it
                         ///< counted, its size and the time it was written; of a version its words;
                         ///< "absent"
  friend bool operator==(const Ingredient&, const Ingredient&) = default;
};

/// The program, the library, templates and files as they are now; of a folder all that lies in it.
/// None where nobody runs a program here. Reads all of these files once.
std::vector<Ingredient> ingredients_of(const Study& study);

JsonValue json_of(const std::vector<Ingredient>& ingredients);

/// Those of the session that was under way at `seconds` since 1970, as its note tells; nothing
/// where it tells none.
std::optional<std::vector<Ingredient>> ingredients_at(const Journal& journal, double seconds);

/// Names of those that are not in both, or not the same.
std::vector<std::string> differences(const std::vector<Ingredient>& before,
                                     const std::vector<Ingredient>& now);

}  // namespace sonde::cli
