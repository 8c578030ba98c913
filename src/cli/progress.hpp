#pragma once

#include <chrono>
#include <limits>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "sonde/run/campaign.hpp"
#include "sonde/run/run.hpp"

namespace sonde::cli {

/// What a terminal, or whatever stands for one, can do.
struct Terminal {
  bool interactive = false;  ///< lines may be erased and drawn again
  bool colour = false;
  bool utf8 = false;
  int columns = 80;
  static Terminal of_standard_error();
};

/// A campaign at work, on standard error: a line a finished run, and on a terminal a last line with
/// bar, counts and time left, drawn again at most five times a second.
class Progress {
 public:
  /// \param budget runs in all, where a number is known
  Progress(const Campaign& campaign, std::optional<Index> budget);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void quiet() { quiet_ = true; }
  void only_bar() { lines_ = false; }                     ///< no line a run
  void title(const std::string& text) { title_ = text; }  ///< before the bar
  void say(const std::string& line);                      ///< a line above the bar
  void announce(const std::string& line);                 ///< likewise, soon, from any thread
  void event(const Event& event);
  void pause(const std::string& why);  ///< nothing can be recorded: said once
  void resume();                       ///< it can again
  void error(double estimated) { error_ = estimated; }
  void interruption(Interruption asked);
  void by_hand() { by_hand_ = true; }  ///< nothing is simulated here: people answer
  void held(Index queries, const std::string& campaign);  ///< wait for review now
  void in_hands(Index queries);  ///< somebody asked for them, whose time is not over
  void draw();                   ///< what was announced, and the last line, where it is time
  void erase();                  ///< it is gone until the next draw()

 private:
  void head();
  void say_announced();
  std::string line_of(const Answered& answered) const;
  std::string bar() const;
  Index running() const;
  std::string painted(const char* code, const std::string& text) const;

  Terminal terminal_ = Terminal::of_standard_error();
  std::vector<Output> outputs_;
  std::optional<Index> budget_;
  std::vector<Query> queries_;  // that were open when it began, or were asked since
  Index answered_;
  Index answered_before_;
  Index failed_;
  Index running_;
  double error_ = std::numeric_limits<double>::quiet_NaN();
  std::string title_{};
  Index held_ = 0;
  Index in_hands_ = 0;
  std::mutex announcing_{};
  std::vector<std::string> announced_{};
  Interruption said_ = Interruption::None;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point drawn_{};
  bool shown_ = false;
  bool paused_ = false;
  bool headed_ = false;
  bool quiet_ = false;
  bool lines_ = true;
  bool by_hand_ = false;
};

}  // namespace sonde::cli
