#pragma once

#include <string>
#include <vector>

#include "sonde/base/types.hpp"

namespace sonde {

/// What a run counts for.
enum class Role {
  Train,       ///< surrogates learn from it
  Validation,  ///< it tells how wrong they are: none learns from it
  Excluded     ///< neither: it is kept, and seen, but believed no more
};

/// Somebody decided what runs count for, from then on.
struct Marked {
  std::vector<Index> ids;
  Role role = Role::Train;
  std::string reason{};
  std::string by{};
};

/// A model is to answer from now on, whatever is learnt later.
struct Promoted {
  Index model = 0;      ///< 0: the newest does, as before anything was promoted
  bool forced = false;  ///< though what was held out speaks against it
  std::string reason{};
  std::string by{};
};

}  // namespace sonde
