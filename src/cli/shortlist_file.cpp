#include "cli/shortlist_file.hpp"

#include <cstring>
#include <nlohmann/json.hpp>

#include "base/json_text.hpp"
#include "cli/exit_status.hpp"
#include "cli/files.hpp"
#include "cli/json_point.hpp"
#include "run/checksum.hpp"

namespace sonde::cli {
namespace {

constexpr const char* kind = "sonde shortlist";

std::string bytes_of(const double* values, Index count) {
  std::string bytes(static_cast<std::size_t>(count) * sizeof(double), '\0');
  if (count > 0) std::memcpy(bytes.data(), values, bytes.size());
  return bytes;
}

JsonValue numbers(const double* values, Index count) {
  JsonValue list = JsonValue::array();
  for (Index i = 0; i < count; ++i) list.push_back(values[i]);
  return list;
}

ShortlistFile read(const std::string& file) {
  const std::string text = read_file(file);
  try {
    const JsonValue json = parsed_json(text, /*deepest=*/3);
    require<UsageError>(json.value("kind", "") == kind, file,
                        ": expected what 'sonde select --shard' wrote");
    ShortlistFile found;
    found.shard = {Index{whole(json.at("part"))}, Index{whole(json.at("of"))}};
    found.pool_rows = Index{whole(json.at("pool_rows"))};
    found.made_by = json.at("made_by").get<std::string>();
    found.list.rows = whole_numbers(json.at("rows"));
    found.list.visited = Index{whole(json.at("visited"))};
    found.list.cut = json.at("cut").get<bool>();
    const auto worth = json.at("worth").get<std::vector<double>>();
    const auto x = json.at("x").get<std::vector<double>>();
    const auto d = json.at("inputs").get<std::size_t>();
    const std::size_t s = found.list.rows.size();
    require<UsageError>(worth.size() == s && d > 0 && x.size() == s * d, file,
                        ": rows, worth and x do not belong together");
    found.list.worth = Eigen::Map<const Vector>(worth.data(), static_cast<Index>(s));
    found.list.x = Eigen::Map<const Points>(x.data(), static_cast<Index>(s), static_cast<Index>(d));
    return found;
  } catch (const JsonValue::exception&) {
    throw UsageError(concat(file, ": expected what 'sonde select --shard' wrote"));
  }
}

}  // namespace

std::string shortlist_name(Campaign& campaign, const std::string& criterion,
                           const PoolOptions& options) {
  std::string text = criterion + "\n" + std::to_string(options.shortlist) + "\n";
  const Dataset& data = campaign.data();
  text += bytes_of(data.x.data(), data.x.size()) + bytes_of(data.y.data(), data.y.size());
  for (const Query& query : campaign.queries())
    text += bytes_of(query.x.data(), query.x.size()) +
            (campaign.answer(query.id) ? "answered" : "open");
  const Matrix parameters = campaign.surrogate().parameters();
  text += bytes_of(parameters.data(), parameters.size());
  return sha256(text);
}

std::string shortlist_text(const ShortlistFile& file) {
  const Shortlist& list = file.list;
  return json_text({{"kind", kind},
                    {"schema", 1},
                    {"part", file.shard.part},
                    {"of", file.shard.of},
                    {"pool_rows", file.pool_rows},
                    {"made_by", file.made_by},
                    {"visited", list.visited},
                    {"cut", list.cut},
                    {"inputs", list.x.cols()},
                    {"rows", list.rows},
                    {"worth", numbers(list.worth.data(), list.worth.size())},
                    {"x", numbers(list.x.data(), list.x.size())}}) +
         "\n";
}

Shortlist merged_files(const std::vector<std::string>& files, const std::string& made_by,
                       Index pool_rows, Index most) {
  std::vector<Shortlist> parts;
  std::vector<bool> there;
  for (const std::string& file : files) {
    ShortlistFile one = read(file);
    require<UsageError>(one.made_by == made_by, file,
                        ": was made of other runs, or by another criterion or shortlist, than are "
                        "merged now. Make all parts anew");
    require<UsageError>(one.pool_rows == pool_rows, file, ": is of a pool of ", one.pool_rows,
                        " rows, this one has ", pool_rows);
    if (there.empty())
      there.assign(static_cast<std::size_t>(std::max<Index>(0, one.shard.of)), false);
    require<UsageError>(static_cast<Index>(there.size()) == one.shard.of && one.shard.part >= 0 &&
                            one.shard.part < one.shard.of,
                        file, ": is one of ", one.shard.of, " parts, the first one is one of ",
                        there.size());
    const auto part = static_cast<std::size_t>(one.shard.part);
    require<UsageError>(!there[part], file, ": part ", part + 1, " is given twice");
    there[part] = true;
    parts.push_back(std::move(one.list));
  }
  for (std::size_t part = 0; part < there.size(); ++part)
    require<UsageError>(there[part], "--merge: part ", part + 1, " of ", there.size(),
                        " is missing");
  return merged(parts, most);
}

}  // namespace sonde::cli
