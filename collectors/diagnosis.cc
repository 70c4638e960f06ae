// SPDX-License-Identifier: Apache-2.0
// Judges series by the table of symptoms, and shares by what they are shares of.
#include "collectors/diagnosis.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string_view>

#include "collectors/symptoms.h"

namespace erpnext {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;

// Those of the alerts, by their names in alerts/thresholds.yml; a test compares them.
constexpr double kDiskAlmostFullRatio = 0.10;
constexpr double kDiskAlmostFullBytes = 20.0e+9;
constexpr double kDiskFullRatio = 0.04;
constexpr double kDiskFullBytes = 8.0e+9;
constexpr double kMemoryLowRatio = 0.08;

constexpr Severity kCritical = Severity::kCritical;
constexpr Severity kWarning = Severity::kWarning;

const std::string* LabelOf(const ClientMetric& metric, std::string_view name) {
  for (const auto& label : metric.label) {
    if (label.name == name) return &label.value;
  }
  return nullptr;
}

std::string Label(const ClientMetric& metric, std::string_view name) {
  const std::string* value = LabelOf(metric, name);
  return value != nullptr ? *value : std::string();
}

double ValueOf(const MetricFamily& family, const ClientMetric& metric) {
  return family.type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value;
}

bool Fits(const Symptom& symptom, const ClientMetric& metric, double value) {
  for (const Matcher& matcher : symptom.matchers) {
    if (matcher.label.empty()) continue;
    const std::string have = Label(metric, matcher.label);
    const bool other = matcher.value.starts_with('!');
    if ((have == (other ? matcher.value.substr(1) : matcher.value)) == other) return false;
  }
  switch (symptom.is) {
    case Is::kEqual: return value == symptom.limit;
    case Is::kAbove: return value > symptom.limit;
    case Is::kBelow: return value < symptom.limit;
  }
  return false;
}

std::string Time(double seconds) {
  if (seconds < 120) return fmt::format("{:.0f} s", seconds);
  if (seconds < 7'200) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.0f} h", seconds / 3600);
}

std::string Expand(std::string_view text, const ClientMetric& metric, double value) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text[at] == '{' ? text.find('}', at) : std::string_view::npos;
    if (end == std::string_view::npos) {
      out += text[at++];
      continue;
    }
    const std::string_view name = text.substr(at + 1, end - at - 1);
    if (name == "value")
      out += fmt::format("{:.0f}", value);
    else if (name == "time")
      out += Time(value);
    else
      out += Label(metric, name);
    at = end + 1;
  }
  return out;
}

using Families = std::map<std::string_view, const MetricFamily*>;

// As the panels of the dashboards choose: jobs of a site that sleeps or is switched off are overdue
// on purpose.
bool IsMeantToRun(const Families& families, const ClientMetric& of_site) {
  const auto states = families.find("erpnext_scheduler_state");
  if (states == families.end()) return false;
  const auto& metrics = states->second->metric;
  return std::any_of(metrics.begin(), metrics.end(), [&](const ClientMetric& metric) {
    if (ValueOf(*states->second, metric) != 1) return false;
    const std::string state = Label(metric, "state");
    return Label(metric, "site") == Label(of_site, "site") &&
           Label(metric, "bench") == Label(of_site, "bench") &&
           (state == "active" || state == "process_missing" || state == "redis_unavailable");
  });
}

// One line for each series, by the first symptom that fits.
std::vector<Finding> FindingsOf(const Families& families) {
  std::vector<Finding> findings;
  std::map<const ClientMetric*, bool> judged;
  for (const Symptom& symptom : AllSymptoms()) {
    const auto family = families.find(symptom.family);
    if (family == families.end()) continue;
    for (const ClientMetric& metric : family->second->metric) {
      const double value = ValueOf(*family->second, metric);
      if (judged[&metric] || !Fits(symptom, metric, value)) continue;
      if (symptom.of_meant_to_run && !IsMeantToRun(families, metric)) continue;
      judged[&metric] = true;
      findings.push_back(
          {symptom.severity, Label(metric, "site"), Expand(symptom.text, metric, value)});
    }
  }
  return findings;
}

// Shares of what there is, which are two families each.
void AddShares(const Families& families, std::vector<Finding>& findings) {
  const auto all = [&](std::string_view name, const auto& use) {
    const auto family = families.find(name);
    if (family == families.end()) return;
    for (const ClientMetric& metric : family->second->metric) {
      use(metric, ValueOf(*family->second, metric));
    }
  };
  const auto same_mount = [](const ClientMetric& a, const ClientMetric& b) {
    return Label(a, "mountpoint") == Label(b, "mountpoint") &&
           Label(a, "device") == Label(b, "device");
  };
  all("node_filesystem_size_bytes", [&](const ClientMetric& size_of, double size) {
    all("node_filesystem_avail_bytes", [&](const ClientMetric& metric, double free) {
      // Both must be small, as for the alerts: 4 % of a large disk is plenty.
      const auto low = [&](double ratio, double bytes) {
        return size > 0 && free / size < ratio && free < bytes;
      };
      if (!same_mount(size_of, metric) || !low(kDiskAlmostFullRatio, kDiskAlmostFullBytes)) return;
      const bool full = low(kDiskFullRatio, kDiskFullBytes);
      findings.push_back({full ? kCritical : kWarning, "",
                          fmt::format("{} has {:.1f} % or {:.1f} GB left",
                                      Label(metric, "mountpoint"), 100 * free / size, free / 1e9)});
    });
  });
  all("node_memory_MemTotal_bytes", [&](const ClientMetric&, double total) {
    all("node_memory_MemAvailable_bytes", [&](const ClientMetric&, double free) {
      if (total <= 0 || free / total >= kMemoryLowRatio) return;
      findings.push_back(
          {kWarning, "", fmt::format("{:.1f} % of the memory are available", 100 * free / total)});
    });
  });
}

struct QueueRow {
  double waiting = 0, running = 0, failed = 0, workers = 0;
  std::string oldest = "-";
};

std::vector<std::vector<std::string>> QueueTable(const Families& families) {
  std::map<std::pair<std::string, std::string>, QueueRow> rows;
  const auto each = [&](std::string_view name,
                        const std::function<void(const ClientMetric&, double, QueueRow&)>& use) {
    const auto family = families.find(name);
    if (family == families.end()) return;
    for (const ClientMetric& metric : family->second->metric) {
      use(metric, ValueOf(*family->second, metric),
          rows[{Label(metric, "bench"), Label(metric, "queue")}]);
    }
  };
  each("erpnext_queue_jobs", [](const ClientMetric& metric, double value, QueueRow& row) {
    const std::string state = Label(metric, "state");
    if (state == "queued") row.waiting = value;
    if (state == "started") row.running = value;
    if (state == "failed") row.failed = value;
  });
  each("erpnext_queue_workers", [](const ClientMetric& metric, double value, QueueRow& row) {
    if (Label(metric, "state") != "dead") row.workers += value;
  });
  each("erpnext_queue_oldest_job_age_seconds",
       [](const ClientMetric&, double value, QueueRow& row) { row.oldest = Time(value); });
  if (rows.empty()) return {};
  std::vector<std::vector<std::string>> table = {
      {"BENCH", "QUEUE", "WAITING", "OLDEST", "RUNNING", "WORKERS", "FAILED"}};
  for (const auto& [key, row] : rows) {
    table.push_back({key.first, key.second, fmt::format("{}", row.waiting), row.oldest,
                     fmt::format("{}", row.running), fmt::format("{}", row.workers),
                     fmt::format("{}", row.failed)});
  }
  return table;
}

}  // namespace

Diagnosis Diagnose(std::span<const MetricFamily> families) {
  Families by_name;
  for (const MetricFamily& family : families) by_name[family.name] = &family;
  Diagnosis diagnosis;
  diagnosis.findings = FindingsOf(by_name);
  AddShares(by_name, diagnosis.findings);
  std::stable_sort(diagnosis.findings.begin(), diagnosis.findings.end(),
                   [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
  diagnosis.queues = QueueTable(by_name);
  return diagnosis;
}

}  // namespace erpnext
