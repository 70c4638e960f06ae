// SPDX-License-Identifier: Apache-2.0
// Pressure stall information, under the names of node_exporter's pressure collector.
#include "collectors/host/pressure.h"

#include "collectors/context.h"
#include "sources/procfs.h"

namespace erpnext {
namespace {

constexpr Family kCpuWaiting{
    .name = "node_pressure_cpu_waiting_seconds_total",
    .kind = MetricKind::kCounter,
    .help = "Total time in seconds that processes have waited for CPU time.",
    .source = "/proc/pressure/cpu some"};
constexpr Family kIoWaiting{
    .name = "node_pressure_io_waiting_seconds_total",
    .kind = MetricKind::kCounter,
    .help = "Total time in seconds that processes have waited due to IO congestion.",
    .source = "/proc/pressure/io some"};
constexpr Family kIoStalled{
    .name = "node_pressure_io_stalled_seconds_total",
    .kind = MetricKind::kCounter,
    .help = "Total time in seconds no process could make progress due to IO congestion.",
    .source = "/proc/pressure/io full"};
constexpr Family kMemoryWaiting{
    .name = "node_pressure_memory_waiting_seconds_total",
    .kind = MetricKind::kCounter,
    .help = "Total time in seconds that processes have waited for memory.",
    .source = "/proc/pressure/memory some"};
constexpr Family kMemoryStalled{
    .name = "node_pressure_memory_stalled_seconds_total",
    .kind = MetricKind::kCounter,
    .help = "Total time in seconds no process could make progress due to memory congestion.",
    .source = "/proc/pressure/memory full"};
constexpr const Family* kFamilies[] = {&kCpuWaiting, &kIoWaiting, &kIoStalled, &kMemoryWaiting,
                                       &kMemoryStalled};

struct Resource {
  const char* file;
  const Family* waiting;
  const Family* stalled;  // a single process cannot stall the CPU for all others
};
constexpr Resource kResources[] = {
    {"pressure/cpu", &kCpuWaiting, nullptr},
    {"pressure/io", &kIoWaiting, &kIoStalled},
    {"pressure/memory", &kMemoryWaiting, &kMemoryStalled},
};

class PressureCollector final : public Collector {
 public:
  explicit PressureCollector(const CollectorContext& context) : proc_(context.settings.proc_path) {}

  Status Collect(Deadline, SampleSink& sink) override {
    Status status;
    for (const Resource& resource : kResources) {
      const Status added = Add(resource, sink);
      if (!added && status) status = added;
    }
    return status;
  }

 private:
  Status Add(const Resource& resource, SampleSink& sink) const {
    const auto text = proc_.Read(resource.file);
    if (!text) {
      // Kernels older than 4.20, and those started with psi=0, have no such file: nothing failed.
      if (text.error().kind == ErrorKind::kUnavailable) return {};
      return Fail(text.error());
    }
    const auto pressure = ParsePressure(*text);
    if (!pressure) return Fail(pressure.error());
    sink.Add(*resource.waiting, *pressure->some);
    if (resource.stalled != nullptr && pressure->full) sink.Add(*resource.stalled, *pressure->full);
    return {};
  }

  ProcFs proc_;
};

}  // namespace

const CollectorEntry kPressureCollector{
    .name = "pressure",
    .summary = "time that processes waited for CPU, disk and memory",
    .access = "/proc/pressure",
    .timeout = std::chrono::seconds(2),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<PressureCollector>(context);
    }};

}  // namespace erpnext
