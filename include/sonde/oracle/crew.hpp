#pragma once

#include <memory>
#include <optional>

#include "sonde/base/types.hpp"
#include "sonde/oracle/oracle.hpp"
#include "sonde/space/query.hpp"

namespace sonde {

struct Answered {
  Index id = 0;
  Answer answer;
};

/// Workers that put queries to an oracle, each blocked on one. The only concurrency oracles see.
class Crew {
 public:
  Crew(Oracle oracle, int workers);
  ~Crew();  ///< waits for what has begun, forgets what has not
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  void submit(Query query);  ///< does not block
  /// The next to be answered, or nothing when `seconds` have passed. Rethrows an OracleError.
  /// \pre in_flight() > 0
  std::optional<Answered> wait(double seconds);
  Index in_flight() const noexcept;  ///< submitted, not yet returned by wait()
  void forget();                     ///< drops what no worker has begun

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sonde
