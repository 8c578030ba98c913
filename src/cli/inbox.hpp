#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "cli/campaign_folder.hpp"
#include "run/durable.hpp"

namespace sonde::cli {

/// The campaign's folder `inbox`, as whoever holds the journal looks into it.
///
/// Other commands leave requests there (see handover.hpp), of which each is carried out once
/// whenever a process ends: it stays until its effect is in the journal, whose lines name it.
/// People and laboratories leave files: *.json and *.jsonl as `tell` reads them, *.csv as `import`
/// does. A good one goes to inbox/taken, a bad one to inbox/refused with its reasons beside it in
/// NAME.why, of which the lines that are good are taken all the same. One that may be half written
/// stays: without a line end at its end (but for JSON that is whole), or changed a second ago. What
/// is no such file stays too (links, pipes, folders, other names); both are said once, by whichever
/// process sees it first.
class Inbox {
 public:
  using Say = std::function<void(const std::string&)>;

  Inbox(OpenCampaign& open, int threads, Say say);

  /// From now on others hand over and wait for longer than for a command of a moment.
  void attend();
  /// Takes in what is there. \throws StoreError
  void look();

 private:
  void carry_out(const std::filesystem::path& claimed);
  void take(const std::filesystem::path& file);
  void pass_over(const std::filesystem::path& file, const std::string& why);
  bool is_passed_over(const std::filesystem::path& file) const;
  void put_away(const std::filesystem::path& file, const std::string& why);

  OpenCampaign& open_;
  int threads_;
  Say say_;
  FileDescriptor desk_{};
  std::map<std::string, std::pair<double, long long>> passed_over_{};  // when changed, bytes
};

}  // namespace sonde::cli
