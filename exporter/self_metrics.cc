// SPDX-License-Identifier: Apache-2.0
// Self metrics, under the names that the ecosystem has for them.
#include "exporter/self_metrics.h"

#include <fmt/core.h>
#include <sys/resource.h>
#include <unistd.h>

#include <string>

#include "core/sample_sink.h"
#include "exporter/build_revision.h"
#include "sources/file.h"
#include "sources/procfs.h"

namespace erpnext {
namespace {

constexpr Family kSuccess{
    .name = "erpnext_exporter_collector_success",
    .labels = {"collector"},
    .help =
        "1 when the last run of the collector found everything it looked for, 0 when not or "
        "when it was late. Absent before its first run ended.",
    .source = "the engine"};
constexpr Family kDuration{.name = "erpnext_exporter_collector_duration_seconds",
                           .labels = {"collector"},
                           .help = "How long the last run of the collector took.",
                           .source = "the engine"};
constexpr Family kLastSuccess{
    .name = "erpnext_exporter_collector_last_success_timestamp_seconds",
    .labels = {"collector"},
    .help = "When a run of the collector last succeeded. Absent when none did since the start.",
    .source = "the engine"};
constexpr Family kErrors{.name = "erpnext_exporter_collector_errors_total",
                         .kind = MetricKind::kCounter,
                         .labels = {"collector", "kind"},
                         .help = "Runs of the collector that failed, by kind of the first error.",
                         .source = "the engine"};
constexpr Family kDropped{
    .name = "erpnext_exporter_series_dropped_total",
    .kind = MetricKind::kCounter,
    .labels = {"collector", "reason"},
    .help =
        "Samples that were not published: over the limit of series of a family, duplicates, "
        "names that are no metric names.",
    .source = "the engine"};
constexpr Family kBuildInfo{.name = "erpnext_exporter_build_info",
                            .labels = {"version", "revision", "compiler"},
                            .help = "What this program was built from, with value 1.",
                            .source = "the build"};
constexpr Family kReloadSuccessful{
    .name = "erpnext_exporter_config_last_reload_successful",
    .help =
        "1 when the last attempt to load the configuration succeeded; with 0 the one before "
        "it is in force.",
    .source = "SIGHUP, POST /-/reload"};
constexpr Family kReloadTime{
    .name = "erpnext_exporter_config_last_reload_success_timestamp_seconds",
    .help = "When the configuration in force was loaded.",
    .source = "SIGHUP, POST /-/reload"};
constexpr Family kCpu{.name = "process_cpu_seconds_total",
                      .kind = MetricKind::kCounter,
                      .help = "Total user and system CPU time spent in seconds.",
                      .source = "/proc/self/stat"};
constexpr Family kOpenFds{.name = "process_open_fds",
                          .help = "Number of open file descriptors.",
                          .source = "/proc/self/fd"};
constexpr Family kMaxFds{.name = "process_max_fds",
                         .help = "Maximum number of open file descriptors.",
                         .source = "getrlimit"};
constexpr Family kVirtual{.name = "process_virtual_memory_bytes",
                          .help = "Virtual memory size in bytes.",
                          .source = "/proc/self/stat"};
constexpr Family kResident{.name = "process_resident_memory_bytes",
                           .help = "Resident memory size in bytes.",
                           .source = "/proc/self/stat"};
constexpr Family kStart{.name = "process_start_time_seconds",
                        .help = "Start time of the process since unix epoch in seconds.",
                        .source = "/proc/self/stat, /proc/stat btime"};
constexpr Family kThreads{.name = "process_threads",
                          .help = "Number of OS threads in the process.",
                          .source = "/proc/self/stat"};
constexpr const Family* kFamilies[] = {&kSuccess,  &kDuration,  &kLastSuccess,      &kErrors,
                                       &kDropped,  &kBuildInfo, &kReloadSuccessful, &kReloadTime,
                                       &kCpu,      &kOpenFds,   &kMaxFds,           &kVirtual,
                                       &kResident, &kStart,     &kThreads};

void AddCollector(const CollectorView& view, SampleSink& sink) {
  const std::string& name = view.name;
  if (view.success) sink.Add(kSuccess, {name}, *view.success ? 1 : 0);
  if (view.finished) sink.Add(kDuration, {name}, view.duration_seconds);
  const double last_success = view.stats->last_success_unix;
  if (last_success != 0) sink.Add(kLastSuccess, {name}, last_success);
  for (std::size_t kind = 0; kind < kErrorKindNames.size(); ++kind) {
    const std::uint64_t count = view.stats->errors[kind];
    sink.Add(kErrors, {name, kErrorKindNames[kind]}, static_cast<double>(count));
  }
  const auto dropped = [&](std::string_view reason, std::uint64_t count) {
    sink.Add(kDropped, {name, reason}, static_cast<double>(count));
  };
  dropped("over_limit", view.stats->dropped_over_limit);
  dropped("duplicate", view.stats->dropped_duplicate);
  dropped("invalid_name", view.stats->dropped_invalid_name);
}

void AddProcessStat(const ProcFs& proc, SampleSink& sink) {
  const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto text = proc.Read("self/stat");
  if (!text) return;
  const auto stat = ParseProcessStat(*text, ticks);
  if (!stat) return;
  sink.Add(kCpu, stat->cpu_seconds);
  sink.Add(kVirtual, stat->virtual_bytes);
  sink.Add(kResident, stat->resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE)));
  sink.Add(kThreads, stat->threads);
  const auto kernel_text = proc.Read("stat");
  if (!kernel_text) return;
  const auto kernel = ParseKernelStat(*kernel_text, ticks);
  if (kernel && kernel->boot_time_unix) {
    sink.Add(kStart, *kernel->boot_time_unix + stat->start_ticks / ticks);
  }
}

void AddDescriptors(SampleSink& sink) {
  constexpr std::size_t kMost = 100'000;
  // The folder that is being listed has a descriptor too.
  if (const auto open = ListDirectory("/proc/self/fd", kMost)) {
    sink.Add(kOpenFds, static_cast<double>(open->size() - 1));
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    sink.Add(kMaxFds, static_cast<double>(limit.rlim_cur));
  }
}

}  // namespace

std::span<const Family* const> SelfFamilies() { return kFamilies; }

std::vector<prometheus::MetricFamily> SelfMetrics(const std::vector<CollectorView>& views,
                                                  const ReloadState& reload) {
  static const ProcFs proc("/proc");
  SampleSink sink(kFamilies);
  for (const CollectorView& view : views) AddCollector(view, sink);
  sink.Add(kBuildInfo, {ERPNEXT_EXPORTER_VERSION, kBuildRevision, __VERSION__}, 1);
  sink.Add(kReloadSuccessful, reload.successful ? 1 : 0);
  sink.Add(kReloadTime, reload.success_unix);
  AddProcessStat(proc, sink);
  AddDescriptors(sink);
  return sink.Take();
}

std::string VersionText() {
  return fmt::format("{} (revision {})", ERPNEXT_EXPORTER_VERSION, kBuildRevision);
}

}  // namespace erpnext
