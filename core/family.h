// SPDX-License-Identifier: Apache-2.0
// The declaration of a metric family: what a collector may publish, as constant data.
#pragma once

#include <prometheus/metric_type.h>

#include <array>
#include <cstdint>
#include <string_view>

namespace erpnext {

enum class MetricKind : std::uint8_t { kCounter, kGauge, kUntyped, kHistogram };

// Whose name it is. Upstream names (node_*, mysql_*) mean exactly what the original exporter
// means by them; own names begin with erpnext_.
enum class NameTier : std::uint8_t { kOwn, kUpstream };

// Which of them are wanted.
enum class NameTiers : std::uint8_t { kAll, kOwn, kUpstream };

constexpr bool Includes(NameTiers tiers, NameTier tier) {
  return tiers == NameTiers::kAll || (tiers == NameTiers::kOwn) == (tier == NameTier::kOwn);
}

inline constexpr std::size_t kMaxLabels = 6;

// Lives in static storage: everything is text that is never freed. Collectors declare their
// families on top of their file; docs/metrics.md is generated from these declarations.
struct Family {
  std::string_view name;  // a trailing '*' declares an open family: SampleSink::AddOpen names it
  MetricKind kind = MetricKind::kGauge;
  std::array<std::string_view, kMaxLabels> labels{};
  std::string_view help;
  std::string_view source;  // where the figure comes from: command, table column, file

  constexpr std::size_t label_count() const {
    std::size_t count = 0;
    while (count < kMaxLabels && !labels[count].empty()) ++count;
    return count;
  }
  constexpr bool open() const { return name.ends_with('*'); }
  constexpr NameTier tier() const {
    return name.starts_with("erpnext_") ? NameTier::kOwn : NameTier::kUpstream;
  }
};

std::string_view MetricKindName(MetricKind kind);  // "counter", "gauge", ...
prometheus::MetricType ToPrometheus(MetricKind kind);

// The base unit that the name ends in ("seconds", "bytes", "ratio"), or nothing.
std::string_view UnitOf(std::string_view family_name);

// [a-zA-Z_:][a-zA-Z0-9_:]*
bool IsValidMetricName(std::string_view name);

// [a-zA-Z_][a-zA-Z0-9_]*, not beginning with "__", which Prometheus keeps for itself.
bool IsValidLabelName(std::string_view name);

}  // namespace erpnext
