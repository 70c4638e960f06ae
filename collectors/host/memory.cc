// SPDX-License-Identifier: Apache-2.0
// Memory of the host, under the names of node_exporter's meminfo and vmstat collectors.
#include "collectors/host/memory.h"

#include <algorithm>

#include "collectors/context.h"
#include "sources/procfs.h"

namespace erpnext {
namespace {

constexpr Family kMemory{.name = "node_memory_*",
                         .kind = MetricKind::kGauge,
                         .help = "Memory information field of the same name.",
                         .source = "/proc/meminfo"};
constexpr Family kVmstat{.name = "node_vmstat_*",
                         .kind = MetricKind::kUntyped,
                         .help = "/proc/vmstat information field of the same name.",
                         .source = "/proc/vmstat"};
constexpr const Family* kFamilies[] = {&kMemory, &kVmstat};

// "Active(anon)" becomes "Active_anon"; fields with a unit get "_bytes", as node_exporter names
// them.
std::string MetricSuffix(const MemInfoField& field) {
  std::string suffix;
  for (char c : field.name) {
    if (c == ')') continue;
    suffix.push_back(c == '(' ? '_' : c);
  }
  return field.is_bytes ? suffix + "_bytes" : suffix;
}

// node_exporter's default for --collector.vmstat.fields.
bool IsPublished(std::string_view name) {
  return name.starts_with("oom_kill") || name.starts_with("pgpg") || name.starts_with("pswp") ||
         (name.starts_with("pg") && name.find("fault") != std::string_view::npos);
}

class MemoryCollector final : public Collector {
 public:
  explicit MemoryCollector(const CollectorContext& context) : proc_(context.settings.proc_path) {}

  Status Collect(Deadline, SampleSink& sink) override {
    const Status memory = AddMemory(sink);
    const Status vmstat = AddVmstat(sink);
    return memory ? vmstat : memory;
  }

 private:
  Status AddMemory(SampleSink& sink) const {
    const auto text = proc_.Read("meminfo");
    if (!text) return Fail(text.error());
    const auto fields = ParseMemInfo(*text);
    if (!fields) return Fail(fields.error());
    for (const MemInfoField& field : *fields) {
      sink.AddOpen(kMemory, MetricSuffix(field), MetricKind::kGauge, field.value);
    }
    return {};
  }

  Status AddVmstat(SampleSink& sink) const {
    const auto vmstat = proc_.Read("vmstat");
    if (!vmstat) return Fail(vmstat.error());
    for (const auto& [name, value] : ParseNameValueLines(*vmstat)) {
      if (IsPublished(name)) sink.AddOpen(kVmstat, name, MetricKind::kUntyped, value);
    }
    return {};
  }

  ProcFs proc_;
};

}  // namespace

const CollectorEntry kMemoryCollector{
    .name = "memory",
    .summary = "memory, swap and page faults of the host",
    .access = "/proc/meminfo, /proc/vmstat",
    .timeout = std::chrono::seconds(2),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<MemoryCollector>(context);
    }};

}  // namespace erpnext
