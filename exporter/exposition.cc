// SPDX-License-Identifier: Apache-2.0
// Metric families to text.
#include "exporter/exposition.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <ostream>
#include <string_view>
#include <unordered_map>

#include "core/family.h"
#include "core/text.h"

namespace erpnext {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Metrics = std::vector<const MetricFamily*>;

enum class Quotes { kKeep, kEscape };

void AppendEscaped(std::string_view text, Quotes quotes, std::string& out) {
  const auto special = [&](char c) {
    return c == '\\' || c == '\n' || (c == '"' && quotes == Quotes::kEscape);
  };
  const bool plain = std::none_of(text.begin(), text.end(), [&](char c) {
    return special(c) || static_cast<unsigned char>(c) >= 0x80;
  });
  if (plain) {
    out.append(text);
    return;
  }
  for (char c : IsValidUtf8(text) ? std::string(text) : RepairUtf8(text)) {
    if (special(c)) out.push_back('\\');
    out.push_back(c == '\n' ? 'n' : c);
  }
}

void AppendInteger(std::uint64_t value, std::string& out) {
  char buffer[24];
  out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
}

struct ExtraLabel {
  std::string_view name;  // empty: there is none
  double value = 0;
};

// Writes the samples of one family in one format.
class SampleWriter {
 public:
  SampleWriter(std::string_view name, ExpositionFormat format, std::string& out)
      : name_(name), format_(format), out_(out) {}

  void Write(const ClientMetric& metric, MetricType type) {
    switch (type) {
      case MetricType::Counter: Value(metric, {}, metric.counter.value); break;
      case MetricType::Gauge: Value(metric, {}, metric.gauge.value); break;
      case MetricType::Untyped: Value(metric, {}, metric.untyped.value); break;
      case MetricType::Summary: Summary(metric); break;
      case MetricType::Histogram: Histogram(metric); break;
    }
  }

 private:
  void Head(const ClientMetric& metric, std::string_view suffix, ExtraLabel extra) {
    out_.append(name_).append(suffix);
    if (!metric.label.empty() || !extra.name.empty()) {
      char before = '{';
      for (const ClientMetric::Label& label : metric.label) {
        out_.push_back(before);
        out_.append(label.name).append("=\"");
        AppendEscaped(label.value, Quotes::kEscape, out_);
        out_.push_back('"');
        before = ',';
      }
      if (!extra.name.empty()) {
        out_.push_back(before);
        out_.append(extra.name).append("=\"");
        AppendValue(extra.value, out_);
        out_.push_back('"');
      }
      out_.push_back('}');
    }
    out_.push_back(' ');
  }

  void Tail(const ClientMetric& metric) {
    if (metric.timestamp_ms != 0) {
      out_.push_back(' ');
      if (format_ == ExpositionFormat::kOpenMetrics) {  // seconds; the text format has milliseconds
        AppendValue(static_cast<double>(metric.timestamp_ms) / 1000, out_);
      } else {
        out_.append(std::to_string(metric.timestamp_ms));
      }
    }
    out_.push_back('\n');
  }

  void Value(const ClientMetric& metric, std::string_view suffix, double value,
             ExtraLabel extra = {}) {
    Head(metric, suffix, extra);
    AppendValue(value, out_);
    Tail(metric);
  }

  void Count(const ClientMetric& metric, std::string_view suffix, std::uint64_t count,
             ExtraLabel extra = {}) {
    Head(metric, suffix, extra);
    AppendInteger(count, out_);
    Tail(metric);
  }

  void Summary(const ClientMetric& metric) {
    Count(metric, "_count", metric.summary.sample_count);
    Value(metric, "_sum", metric.summary.sample_sum);
    for (const auto& quantile : metric.summary.quantile) {
      Value(metric, "", quantile.value, {"quantile", quantile.quantile});
    }
  }

  void Histogram(const ClientMetric& metric) {
    Count(metric, "_count", metric.histogram.sample_count);
    Value(metric, "_sum", metric.histogram.sample_sum);
    double last = -std::numeric_limits<double>::infinity();
    for (const auto& bucket : metric.histogram.bucket) {
      Count(metric, "_bucket", bucket.cumulative_count, {"le", bucket.upper_bound});
      last = bucket.upper_bound;
    }
    const double infinity = std::numeric_limits<double>::infinity();
    if (last != infinity) Count(metric, "_bucket", metric.histogram.sample_count, {"le", infinity});
  }

  std::string_view name_;
  ExpositionFormat format_;
  std::string& out_;
};

// OpenMetrics calls untyped "unknown" and knows counters only with the suffix _total.
std::string_view TypeName(MetricType type, std::string_view name, ExpositionFormat format) {
  const bool open_metrics = format == ExpositionFormat::kOpenMetrics;
  switch (type) {
    case MetricType::Counter:
      return open_metrics && !name.ends_with("_total") ? "unknown" : "counter";
    case MetricType::Gauge: return "gauge";
    case MetricType::Summary: return "summary";
    case MetricType::Histogram: return "histogram";
    case MetricType::Untyped: break;
  }
  return open_metrics ? "unknown" : "untyped";
}

void AppendHeader(const MetricFamily& family, ExpositionFormat format, std::string& out) {
  const bool open_metrics = format == ExpositionFormat::kOpenMetrics;
  const std::string_view type = TypeName(family.type, family.name, format);
  std::string_view name = family.name;
  if (open_metrics && type == "counter") name.remove_suffix(std::string_view("_total").size());
  if (!family.help.empty()) {
    out.append("# HELP ").append(name).push_back(' ');
    AppendEscaped(family.help, open_metrics ? Quotes::kEscape : Quotes::kKeep, out);
    out.push_back('\n');
  }
  out.append("# TYPE ").append(name).append(" ").append(type).push_back('\n');
}

bool HasValidLabelNames(const ClientMetric& metric) {
  return std::all_of(metric.label.begin(), metric.label.end(),
                     [](const auto& label) { return IsValidLabelName(label.name); });
}

// One block: `parts` have the same name. The first decides help and type; a part of another type
// cannot be written under it.
void AppendBlock(const Metrics& parts, ExpositionFormat format, std::string& out) {
  const MetricFamily& first = *parts.front();
  AppendHeader(first, format, out);
  SampleWriter writer(first.name, format, out);
  for (const MetricFamily* part : parts) {
    if (part->type != first.type) continue;
    for (const ClientMetric& metric : part->metric) {
      if (HasValidLabelNames(metric)) writer.Write(metric, first.type);
    }
  }
}

}  // namespace

std::string_view ContentType(ExpositionFormat format) {
  return format == ExpositionFormat::kOpenMetrics
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
             : "text/plain; version=0.0.4; charset=utf-8";
}

void AppendValue(double value, std::string& out) {
  if (std::isnan(value)) {
    out.append("NaN");
  } else if (std::isinf(value)) {
    out.append(value < 0 ? "-Inf" : "+Inf");
  } else {
    // As printf's %g with 16 digits chooses between the two forms, which is what the library
    // writes; but with as many digits as the value needs.
    const double size = std::fabs(value);
    const bool fixed = size == 0 || (size >= 1e-4 && size < 1e16);
    char buffer[32];
    const auto end =
        std::to_chars(buffer, buffer + sizeof buffer, value,
                      fixed ? std::chars_format::fixed : std::chars_format::scientific);
    out.append(buffer, end.ptr);
  }
}

void AppendFamilies(std::span<const MetricFamily> families, ExpositionFormat format,
                    std::string& out) {
  std::vector<Metrics> blocks;
  std::unordered_map<std::string_view, std::size_t> block_of;
  for (const MetricFamily& family : families) {
    if (family.metric.empty() || !IsValidMetricName(family.name)) continue;
    const auto [at, is_new] = block_of.try_emplace(family.name, blocks.size());
    if (is_new) blocks.emplace_back();
    blocks[at->second].push_back(&family);
  }
  for (const Metrics& parts : blocks) AppendBlock(parts, format, out);
}

std::string ExpositionSerializer::Serialize(const std::vector<MetricFamily>& families) const {
  std::string out;
  AppendFamilies(families, format_, out);
  if (format_ == ExpositionFormat::kOpenMetrics) out.append("# EOF\n");
  return out;
}

void ExpositionSerializer::Serialize(std::ostream& out,
                                     const std::vector<MetricFamily>& families) const {
  const std::string text = Serialize(families);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
}

}  // namespace erpnext
