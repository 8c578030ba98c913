#include "sonde/run/export_hdf5.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <optional>

#include "run/durable.hpp"
#include "run/export_models.hpp"
#include "run/export_runs.hpp"
#include "run/hdf5.hpp"
#include "run/history.hpp"
#include "sonde/base/error.hpp"

namespace sonde {
namespace {

namespace fs = std::filesystem;
using hdf5::Handle;

constexpr const char* export_schema = "1.0";

void write_root(const Handle& file, const Preamble& preamble, const std::string& journal_sha256) {
  hdf5::attribute(file, "Conventions", "CF-1.8");
  hdf5::attribute(file, "sonde_schema", export_schema);
  hdf5::attribute(file, "sonde_version", preamble.version);
  hdf5::attribute(file, "study", preamble.study);
  hdf5::attribute(file, "seed", preamble.seed);
  hdf5::attribute(file, "uuid", preamble.uuid);
  hdf5::attribute(file, "created", preamble.created);
  hdf5::attribute(file, "journal_sha256", journal_sha256);
}

std::vector<std::int64_t> model_of_each(const std::vector<ModelVersion>& versions, Index asked) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(asked), 0);
  for (std::size_t v = 0; v < versions.size(); ++v) {
    for (const Index id : versions[v].queries) {
      if (id < asked) numbers[static_cast<std::size_t>(id)] = static_cast<std::int64_t>(v + 1);
    }
  }
  return numbers;
}

/// The surrogate of a recorded version, unless its parameters no longer fit its data.
std::optional<Surrogate> remade(const Campaign& campaign, const ModelVersion& version,
                                const ModelOptions& options) {
  if (!version.current) return std::nullopt;
  try {
    return Surrogate::at(campaign.domain(), campaign.outputs(), version.data, options,
                         version.fitted.parameters);
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::optional<Surrogate> newest(Campaign& campaign) {
  if (!campaign.has_surrogate()) return std::nullopt;
  try {
    return campaign.surrogate();
  } catch (const Error&) {
    return std::nullopt;
  }
}

void write_models(const Handle& file, Campaign& campaign, const std::vector<ModelVersion>& versions,
                  const Provenance& provenance) {
  const Handle models = hdf5::create_group(file, "models");
  const bool fitted = !versions.empty() && campaign.is_fitted();
  for (std::size_t v = 0; provenance.replaced && v < versions.size(); ++v) {
    const bool newest_version = v + 1 == versions.size();
    if (newest_version && provenance.newest) break;
    if (const auto model = remade(campaign, versions[v], provenance.model)) {
      write_model(models, v + 1, *model, versions[v].ids, newest_version && fitted);
    }
  }
  if (provenance.newest) {
    const std::size_t number = std::max<std::size_t>(1, versions.size());
    write_model(models, number, *provenance.newest, campaign.data_ids(), true);
  } else if (const auto model = provenance.search && !fitted ? newest(campaign) : std::nullopt) {
    write_model(models, versions.size() + 1, *model, campaign.data_ids(), true);
  }
}

void write_metrics(const Handle& file, const std::vector<Output>& outputs,
                   std::span<const MetricsRow> rows) {
  const Handle group = hdf5::create_group(file, "metrics");
  std::vector<std::int64_t> runs;
  for (const MetricsRow& row : rows) runs.push_back(row.runs);
  const hdf5::Axis axis = hdf5::axis(group, "n_runs", runs, {"1", "runs that were answered"}, true);
  const std::vector<const hdf5::Axis*> axes = {&axis};
  std::vector<std::string> names;
  for (const Output& output : outputs) names.push_back(output.name);
  names = free_names(names, {"n_runs"});
  for (std::size_t j = 0; j < outputs.size(); ++j) {
    const Handle inner = hdf5::create_group(group, names[j]);
    std::vector<double> loo;
    std::vector<double> holdout;
    for (const MetricsRow& row : rows) {
      loo.push_back(row.loo_nrmse[static_cast<Index>(j)]);
      holdout.push_back(row.holdout_nrmse[static_cast<Index>(j)]);
    }
    hdf5::write(
        inner, "loo_nrmse", axes, std::span<const double>(loo),
        {"1", "root mean square error by leave-one-out / standard deviation over the domain"});
    hdf5::write(inner, "holdout_nrmse", axes, std::span<const double>(holdout),
                {"1", "the same on runs that were held out, NaN where there are none"});
  }
}

/// The temporary file, for this process alone: two that export at once would write into each
/// other's. Not by flock, by which HDF5 keeps readers out of the file that this one becomes. Where
/// the file system knows no locks there is none.
FileDescriptor opened_alone(const fs::path& file) {
  for (;;) {
    FileDescriptor opened(::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
    if (!opened) throw_errno(file, "cannot be written");
    struct flock whole {};
    whole.l_type = F_WRLCK;
    while (::fcntl(opened.get(), F_OFD_SETLKW, &whole) != 0 && errno == EINTR) {
    }
    struct stat mine {
    }, there{};
    const bool is_it = ::fstat(opened.get(), &mine) == 0 && ::stat(file.c_str(), &there) == 0 &&
                       mine.st_dev == there.st_dev && mine.st_ino == there.st_ino;
    if (is_it) return opened;  // else whoever had it before has renamed or removed it
  }
}

void write_bytes(const FileDescriptor& opened, const fs::path& file,
                 const std::vector<unsigned char>& bytes) {
  if (::ftruncate(opened.get(), 0) != 0) throw_errno(file, "cannot be written");
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t wrote = ::write(opened.get(), bytes.data() + done, bytes.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) throw_errno(file, "cannot be written");
    done += static_cast<std::size_t>(wrote);
  }
}

}  // namespace

void export_hdf5(const fs::path& file, const Preamble& preamble, Campaign& campaign,
                 std::span<const MetricsRow> metrics, const Provenance& provenance) {
  const auto outputs = static_cast<Index>(campaign.outputs().size());
  const std::vector<ModelVersion> versions =
      model_versions(provenance.events, campaign.domain().dim(), outputs);
  const hdf5::Quiet quiet;
  // Made in memory: on a full disk the library cannot even close a file of its own.
  const Handle image = hdf5::create_image();
  write_root(image, preamble, provenance.journal_sha256);
  write_runs(image, campaign, model_of_each(versions, campaign.asked()));
  write_models(image, campaign, versions, provenance);
  write_metrics(image, campaign.outputs(), metrics);

  const std::vector<unsigned char> bytes = hdf5::bytes_of(image);
  const fs::path temporary = file.string() + ".tmp";
  const FileDescriptor opened = opened_alone(temporary);
  try {
    write_bytes(opened, temporary, bytes);
    replace_file(temporary, file);
  } catch (...) {
    std::error_code ignored;
    fs::remove(temporary, ignored);
    throw;
  }
}

}  // namespace sonde
