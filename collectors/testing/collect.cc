// SPDX-License-Identifier: Apache-2.0
// Runs collectors in tests.
#include "collectors/testing/collect.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "core/text.h"

namespace erpnext {
namespace {

std::string Escape(std::string_view text) {
  std::string escaped;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      escaped.append({'\\', c});
    } else if (byte < 0x20 || byte == 0x7F) {
      escaped.append(fmt::format("\\x{:02x}", byte));
    } else {
      escaped.push_back(c);
    }
  }
  return escaped;
}

std::string_view TypeName(prometheus::MetricType type) {
  switch (type) {
    case prometheus::MetricType::Counter: return "counter";
    case prometheus::MetricType::Gauge: return "gauge";
    case prometheus::MetricType::Histogram: return "histogram";
    default: return "untyped";
  }
}

double ValueOf(const prometheus::ClientMetric& metric, prometheus::MetricType type) {
  switch (type) {
    case prometheus::MetricType::Counter: return metric.counter.value;
    case prometheus::MetricType::Gauge: return metric.gauge.value;
    default: return metric.untyped.value;
  }
}

std::string LabelsOf(const prometheus::ClientMetric& metric, const std::string& extra = "") {
  std::string text;
  for (const auto& label : metric.label) {
    text += fmt::format("{}{}=\"{}\"", text.empty() ? "" : ",", label.name, Escape(label.value));
  }
  if (!extra.empty()) text += (text.empty() ? "" : ",") + extra;
  return text.empty() ? text : "{" + text + "}";
}

std::string RenderHistogram(const std::string& name, const prometheus::ClientMetric& metric) {
  std::string text;
  for (const auto& bucket : metric.histogram.bucket) {
    text += fmt::format("{}_bucket{} {}\n", name,
                        LabelsOf(metric, fmt::format("le=\"{}\"", bucket.upper_bound)),
                        bucket.cumulative_count);
  }
  const std::string labels = LabelsOf(metric);
  return text + fmt::format("{}_sum{} {}\n{}_count{} {}\n", name, labels,
                            metric.histogram.sample_sum, name, labels,
                            metric.histogram.sample_count);
}

}  // namespace

std::string RenderForTest(const std::vector<prometheus::MetricFamily>& families) {
  std::string text;
  for (const auto& family : families) {
    text += fmt::format("# HELP {} {}\n# TYPE {} {}\n", family.name, family.help, family.name,
                        TypeName(family.type));
    for (const auto& metric : family.metric) {
      if (family.type == prometheus::MetricType::Histogram) {
        text += RenderHistogram(family.name, metric);
      } else {
        text +=
            fmt::format("{}{} {}\n", family.name, LabelsOf(metric), ValueOf(metric, family.type));
      }
    }
  }
  return text;
}

std::string Collected::Value(std::string_view series) const {
  std::string_view rest = text;
  std::string value = "absent";
  while (const auto line = NextLine(rest)) {
    if (!line->starts_with(series) || line->substr(series.size(), 1) != " ") continue;
    if (value != "absent") ADD_FAILURE() << series << " occurs twice";
    value = line->substr(series.size() + 1);
  }
  return value;
}

Collected Collect(const CollectorEntry& entry, Collector& collector, Deadline deadline) {
  SampleSink sink(entry.families);
  Collected collected;
  collected.status = collector.Collect(deadline, sink);
  EXPECT_TRUE(sink.misuse()) << sink.misuse().error().message;
  collected.dropped = sink.dropped();
  const auto families = sink.Take();
  collected.text = RenderForTest(families);
  for (const auto& family : families) {
    for (const auto& metric : family.metric) {
      for (const auto& label : metric.label) EXPECT_TRUE(IsValidUtf8(label.value)) << family.name;
    }
  }
  return collected;
}

Collected CollectOnce(const CollectorEntry& entry, const CollectorContext& context) {
  const auto collector = entry.make(context);
  return Collect(entry, *collector);
}

void ExpectGolden(const std::string& name, const std::string& text) {
  const std::string path =
      fmt::format("{}/tests/golden/{}.prom", ERPNEXT_EXPORTER_SOURCE_DIR, name);
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
    return;
  }
  std::ifstream file(path, std::ios::binary);
  ASSERT_TRUE(file) << path << " is not there: run with UPDATE_GOLDEN=1 and read what it writes";
  std::ostringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(golden.str(), text) << "differs from " << path << "; UPDATE_GOLDEN=1 rewrites it";
}

Bench MakeBench(const std::string& name, std::string_view json) {
  Bench bench;
  bench.name = name;
  bench.path = "/home/frappe/" + name;
  bench.id = Bench::IdOfPath(bench.path);
  bench.frappe_major = 15;
  bench.config = FrappeConfig::Parse(json, "common_site_config.json").value();
  bench.web_address = {"", "127.0.0.1", 8000};
  return bench;
}

void AddSite(Bench& bench, const std::string& name, std::string_view json) {
  Site site{name, bench.path + "/sites/" + name, {}, {}};
  site.config = FrappeConfig::Parse(json, "site_config.json").value().Over(bench.config);
  bench.sites.push_back(std::move(site));
}

void Publish(const CollectorContext& context, std::vector<Bench> benches) {
  context.inventory->Publish({std::move(benches), {}});
}

}  // namespace erpnext
