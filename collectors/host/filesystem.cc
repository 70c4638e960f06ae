// SPDX-License-Identifier: Apache-2.0
// File systems, under the names of node_exporter's filesystem collector.
#include "collectors/host/filesystem.h"

#include <re2/re2.h>

#include <set>
#include <tuple>

#include "collectors/context.h"
#include "sources/filesystem_usage.h"
#include "sources/procfs.h"

namespace erpnext {
namespace {

constexpr std::array<std::string_view, kMaxLabels> kLabels = {"device", "mountpoint", "fstype"};
constexpr Family kSize{.name = "node_filesystem_size_bytes",
                       .labels = kLabels,
                       .help = "Filesystem size in bytes.",
                       .source = "statvfs f_blocks"};
constexpr Family kFree{.name = "node_filesystem_free_bytes",
                       .labels = kLabels,
                       .help = "Filesystem free space in bytes.",
                       .source = "statvfs f_bfree"};
constexpr Family kAvail{.name = "node_filesystem_avail_bytes",
                        .labels = kLabels,
                        .help = "Filesystem space available to non-root users in bytes.",
                        .source = "statvfs f_bavail"};
constexpr Family kFiles{.name = "node_filesystem_files",
                        .labels = kLabels,
                        .help = "Filesystem total file nodes.",
                        .source = "statvfs f_files"};
constexpr Family kFilesFree{.name = "node_filesystem_files_free",
                            .labels = kLabels,
                            .help = "Filesystem total free file nodes.",
                            .source = "statvfs f_ffree"};
constexpr Family kReadOnly{.name = "node_filesystem_readonly",
                           .labels = kLabels,
                           .help = "Filesystem read-only status.",
                           .source = "/proc/1/mountinfo options"};
constexpr Family kDeviceError{
    .name = "node_filesystem_device_error",
    .labels = kLabels,
    .help = "Whether an error occurred while getting statistics for the given device.",
    .source = "statvfs; 1 also when it does not return"};
constexpr const Family* kFamilies[] = {&kSize,      &kFree,     &kAvail,      &kFiles,
                                       &kFilesFree, &kReadOnly, &kDeviceError};

class FilesystemCollector final : public Collector {
 public:
  explicit FilesystemCollector(const CollectorContext& context)
      : proc_(context.settings.proc_path),
        mount_points_exclude_(context.settings.filesystem.mount_points_exclude, re2::RE2::Quiet),
        fs_types_exclude_(context.settings.filesystem.fs_types_exclude, re2::RE2::Quiet) {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    for (const re2::RE2* regex : {&mount_points_exclude_, &fs_types_exclude_}) {
      if (!regex->ok()) {
        return Fail(ErrorKind::kMalformed, "a regular expression that excludes file systems: {}",
                    regex->error());
      }
    }
    const auto mounts = ReadMounts();
    if (!mounts) return Fail(mounts.error());
    std::vector<std::string> points;
    for (const Mount& mount : *mounts) points.push_back(mount.mountpoint);
    const auto usages = stat_.Ask(points, deadline);
    for (std::size_t i = 0; i < mounts->size(); ++i) Add((*mounts)[i], usages[i], sink);
    return {};
  }

 private:
  // The mounts of process 1, which are the host's even where this process has a view of its own;
  // its own where those cannot be read.
  Result<std::vector<Mount>> ReadMounts() {
    auto text = proc_.Read("1/mountinfo");
    if (!text) text = proc_.Read("self/mountinfo");
    if (!text) return Fail(text.error());
    std::vector<Mount> wanted;
    std::set<std::tuple<std::string, std::string, std::string>> seen;  // mounted twice over itself
    for (Mount& mount : ParseMountInfo(*text)) {
      if (re2::RE2::PartialMatch(mount.mountpoint, mount_points_exclude_)) continue;
      if (re2::RE2::PartialMatch(mount.fstype, fs_types_exclude_)) continue;
      if (!seen.emplace(mount.device, mount.mountpoint, mount.fstype).second) continue;
      wanted.push_back(std::move(mount));
    }
    return wanted;
  }

  static void Add(const Mount& mount, const Result<FilesystemUsage>& usage, SampleSink& sink) {
    const std::string_view labels[] = {mount.device, mount.mountpoint, mount.fstype};
    sink.Add(kDeviceError, labels, usage ? 0 : 1);
    sink.Add(kReadOnly, labels, mount.read_only ? 1 : 0);
    if (!usage) return;
    sink.Add(kSize, labels, usage->size_bytes);
    sink.Add(kFree, labels, usage->free_bytes);
    sink.Add(kAvail, labels, usage->avail_bytes);
    sink.Add(kFiles, labels, usage->files);
    sink.Add(kFilesFree, labels, usage->files_free);
  }

  ProcFs proc_;
  re2::RE2 mount_points_exclude_;
  re2::RE2 fs_types_exclude_;
  FilesystemStat stat_;
};

}  // namespace

const CollectorEntry kFilesystemCollector{
    .name = "filesystem",
    .summary = "size, free space and inodes of mounted file systems",
    .access = "/proc/1/mountinfo, statvfs on each mount point",
    .timeout = std::chrono::seconds(2),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<FilesystemCollector>(context);
    }};

}  // namespace erpnext
