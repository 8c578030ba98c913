#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/json_text.hpp"
#include "cli/arrivals_server.hpp"
#include "cli/campaign_folder.hpp"
#include "cli/line_queue.hpp"
#include "sonde/gp/trust.hpp"

namespace sonde::cli {

/// The points that arrive by the study's [stream], each a line of JSON or of CSV behind a head, and
/// what is said of them: a line of JSON each, in their order.
class Arrivals {
 public:
  /// \param say takes the lines that nobody in particular waits for
  /// \throws StudyError where the stream cannot be read
  Arrivals(OpenCampaign& open, std::function<void(const std::string&)> say);

  /// \throws StudyError where the study's stream cannot be read
  static void check(const Study& study);

  /// Where they may be sent, and what must be shown there; "" where they are read.
  std::string address() const;

  /// As RunOptions::arrivals wants it: up to 64 at once.
  bool attend(double seconds, double share, Index most);

 private:
  struct Arrival {
    Vector x;
    std::string key;  ///< as JSON; empty: none
    LineQueue::Clock::time_point at;
    std::shared_ptr<LineReply> reply;
    std::string refusal{};  ///< it is none, but a line that cannot be read: what is said of it
  };

  void read(double seconds);
  void tell(const Arrival& arrival, const std::string& said) const;
  std::optional<Arrival> arrival_in(const LineQueue::Line& line);
  Vector point_in(const JsonValue& object) const;
  bool is_late(const Arrival& arrival) const;
  void decide(Index count, double share, Index most, bool late);
  std::string said_of(const Decided& decided, Index i, const Arrival& arrival, bool late);
  void learn_trust(const Decided& decided);

  OpenCampaign& open_;
  std::function<void(const std::string&)> say_;
  LineQueue lines_{};
  long number_ = 0;  // of the last line
  bool json_ = false;
  std::vector<std::string> head_{};  // of CSV
  std::vector<std::size_t> columns_{};
  std::size_t key_column_ = 0;  // one beyond the head: none
  Index to_skip_;               // were decided upon before
  std::deque<Arrival> waiting_{};
  std::vector<TrustRegion> trust_{};
  Index trusted_model_ = 0;
  std::unique_ptr<LineReader> reader_{};
  std::unique_ptr<ArrivalsServer> server_{};
};

}  // namespace sonde::cli
