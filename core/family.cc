// SPDX-License-Identifier: Apache-2.0
// Names and units of metric families.
#include "core/family.h"

#include <algorithm>

namespace erpnext {
namespace {

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::string_view MetricKindName(MetricKind kind) {
  switch (kind) {
    case MetricKind::kCounter: return "counter";
    case MetricKind::kGauge: return "gauge";
    case MetricKind::kHistogram: return "histogram";
    case MetricKind::kUntyped: break;
  }
  return "untyped";
}

prometheus::MetricType ToPrometheus(MetricKind kind) {
  switch (kind) {
    case MetricKind::kCounter: return prometheus::MetricType::Counter;
    case MetricKind::kGauge: return prometheus::MetricType::Gauge;
    case MetricKind::kHistogram: return prometheus::MetricType::Histogram;
    case MetricKind::kUntyped: break;
  }
  return prometheus::MetricType::Untyped;
}

std::string_view UnitOf(std::string_view name) {
  if (name.ends_with("_total")) name.remove_suffix(6);
  for (std::string_view unit : {"seconds", "bytes", "ratio", "celsius", "volts"}) {
    if (name.ends_with(unit) && name.size() > unit.size() &&
        name[name.size() - unit.size() - 1] == '_') {
      return unit;
    }
  }
  return {};
}

bool IsValidMetricName(std::string_view name) {
  return !name.empty() && !IsDigit(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return IsLetter(c) || IsDigit(c) || c == ':'; });
}

bool IsValidLabelName(std::string_view name) {
  return IsValidMetricName(name) && !name.starts_with("__") &&
         name.find(':') == std::string_view::npos;
}

}  // namespace erpnext
