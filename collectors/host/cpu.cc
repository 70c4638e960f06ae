// SPDX-License-Identifier: Apache-2.0
// Processors and load, under the names of node_exporter's cpu, stat and loadavg collectors.
#include "collectors/host/cpu.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "collectors/context.h"
#include "sources/procfs.h"

namespace erpnext {
namespace {

constexpr Family kCpuSeconds{.name = "node_cpu_seconds_total",
                             .kind = MetricKind::kCounter,
                             .labels = {"cpu", "mode"},
                             .help = "Seconds the CPUs spent in each mode.",
                             .source = "/proc/stat"};
constexpr Family kGuestSeconds{.name = "node_cpu_guest_seconds_total",
                               .kind = MetricKind::kCounter,
                               .labels = {"cpu", "mode"},
                               .help = "Seconds the CPUs spent in guests (VMs) for each mode.",
                               .source = "/proc/stat"};
constexpr Family kLoad1{
    .name = "node_load1", .help = "1m load average.", .source = "/proc/loadavg"};
constexpr Family kLoad5{
    .name = "node_load5", .help = "5m load average.", .source = "/proc/loadavg"};
constexpr Family kLoad15{
    .name = "node_load15", .help = "15m load average.", .source = "/proc/loadavg"};
constexpr Family kBootTime{.name = "node_boot_time_seconds",
                           .help = "Node boot time, in unixtime.",
                           .source = "/proc/stat btime"};
constexpr Family kContextSwitches{.name = "node_context_switches_total",
                                  .kind = MetricKind::kCounter,
                                  .help = "Total number of context switches.",
                                  .source = "/proc/stat ctxt"};
constexpr Family kForks{.name = "node_forks_total",
                        .kind = MetricKind::kCounter,
                        .help = "Total number of forks.",
                        .source = "/proc/stat processes"};
constexpr Family kInterrupts{.name = "node_intr_total",
                             .kind = MetricKind::kCounter,
                             .help = "Total number of interrupts serviced.",
                             .source = "/proc/stat intr"};
constexpr Family kRunning{.name = "node_procs_running",
                          .help = "Number of processes in runnable state.",
                          .source = "/proc/stat procs_running"};
constexpr Family kBlocked{.name = "node_procs_blocked",
                          .help = "Number of processes blocked waiting for I/O to complete.",
                          .source = "/proc/stat procs_blocked"};
constexpr const Family* kFamilies[] = {&kCpuSeconds, &kGuestSeconds, &kLoad1,           &kLoad5,
                                       &kLoad15,     &kBootTime,     &kContextSwitches, &kForks,
                                       &kInterrupts, &kRunning,      &kBlocked};

constexpr std::array<std::string_view, 10> kModes = {"idle",  "iowait", "irq",  "nice", "softirq",
                                                     "steal", "system", "user", "nice", "user"};
using ModeSeconds = std::array<double, kModes.size()>;  // the last two are those of guests

ModeSeconds SecondsOf(const CpuTimes& t) {
  return {t.idle,  t.iowait, t.irq,  t.nice,       t.softirq,
          t.steal, t.system, t.user, t.guest_nice, t.guest};
}

class CpuCollector final : public Collector {
 public:
  explicit CpuCollector(const CollectorContext& context) : proc_(context.settings.proc_path) {}

  Status Collect(Deadline, SampleSink& sink) override {
    const Status stat = AddStat(sink);
    const Status load = AddLoad(sink);
    return stat ? load : stat;
  }

 private:
  Status AddStat(SampleSink& sink) {
    const auto stat_text = proc_.Read("stat");
    if (!stat_text) return Fail(stat_text.error());
    const auto stat = ParseKernelStat(*stat_text, static_cast<double>(sysconf(_SC_CLK_TCK)));
    if (!stat) return Fail(stat.error());
    for (const CpuTimes& times : stat->cpus) AddCpu(times, sink);
    const auto add = [&](const Family& family, const std::optional<double>& value) {
      if (value) sink.Add(family, *value);
    };
    add(kBootTime, stat->boot_time_unix);
    add(kContextSwitches, stat->context_switches);
    add(kForks, stat->forks);
    add(kInterrupts, stat->interrupts);
    add(kRunning, stat->processes_running);
    add(kBlocked, stat->processes_blocked);
    return {};
  }

  // The kernel lets idle and iowait go back a little: a counter of ours keeps its highest value.
  // Idle time that falls by seconds means that the processor was taken out and put in again, and
  // that all its values began anew. node_exporter judges by the same three seconds.
  void AddCpu(const CpuTimes& times, SampleSink& sink) {
    constexpr double kResetSeconds = 3;
    ModeSeconds& kept = highest_[times.cpu];
    const ModeSeconds now = SecondsOf(times);
    if (now[0] + kResetSeconds < kept[0]) kept = now;
    for (std::size_t i = 0; i < now.size(); ++i) {
      kept[i] = std::max(kept[i], now[i]);
      sink.Add(i < 8 ? kCpuSeconds : kGuestSeconds, {times.cpu, kModes[i]}, kept[i]);
    }
  }

  Status AddLoad(SampleSink& sink) const {
    const auto text = proc_.Read("loadavg");
    if (!text) return Fail(text.error());
    const auto load = ParseLoadAverage(*text);
    if (!load) return Fail(load.error());
    sink.Add(kLoad1, load->one);
    sink.Add(kLoad5, load->five);
    sink.Add(kLoad15, load->fifteen);
    return {};
  }

  ProcFs proc_;
  std::map<std::string, ModeSeconds> highest_;
};

}  // namespace

const CollectorEntry kCpuCollector{
    .name = "cpu",
    .summary = "processor time, load, context switches",
    .access = "/proc/stat, /proc/loadavg",
    .timeout = std::chrono::seconds(2),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<CpuCollector>(context);
    }};

}  // namespace erpnext
