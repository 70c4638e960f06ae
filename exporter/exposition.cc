// SPDX-License-Identifier: Apache-2.0
// Metric families to text.
#include "exporter/exposition.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
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

// Bytes that cannot be copied as they are, in any of the places where text is written.
constexpr std::array<bool, 256> kNeedsCare = [] {
  std::array<bool, 256> table{};
  for (std::size_t byte = 0x80; byte < table.size(); ++byte) table[byte] = true;
  for (const char c : {'\\', '\n', '"'}) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

void AppendEscaped(std::string_view text, Quotes quotes, std::string& out) {
  const bool plain = std::none_of(text.begin(), text.end(),
                                  [](char c) { return kNeedsCare[static_cast<unsigned char>(c)]; });
  if (plain) {
    out.append(text);
    return;
  }
  for (char c : IsValidUtf8(text) ? std::string(text) : RepairUtf8(text)) {
    if (c == '\\' || c == '\n' || (c == '"' && quotes == Quotes::kEscape)) out.push_back('\\');
    out.push_back(c == '\n' ? 'n' : c);
  }
}

template <std::integral Integer>
void AppendInteger(Integer value, std::string& out) {
  char buffer[24];
  out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
}

struct ExtraLabel {
  std::string_view name;  // empty: there is none
  double value = 0;
};

bool SameLabelNames(const ClientMetric& a, const ClientMetric& b) {
  return std::equal(a.label.begin(), a.label.end(), b.label.begin(), b.label.end(),
                    [](const auto& x, const auto& y) { return x.name == y.name; });
}

// Writes the samples of one family in one format. The samples outlive it.
class SampleWriter {
 public:
  SampleWriter(std::string_view name, ExpositionFormat format, std::string& out)
      : name_(name), format_(format), out_(out) {}

  void Write(const ClientMetric& metric, MetricType type) {
    if (names_of_ == nullptr || !SameLabelNames(*names_of_, metric)) LearnLabelNames(metric);
    if (!names_valid_) return;
    switch (type) {
      case MetricType::Counter: Value(metric, {}, metric.counter.value); break;
      case MetricType::Gauge: Value(metric, {}, metric.gauge.value); break;
      case MetricType::Untyped: Value(metric, {}, metric.untyped.value); break;
      case MetricType::Summary: Summary(metric); break;
      case MetricType::Histogram: Histogram(metric); break;
    }
  }

 private:
  // Nearly always all samples of a family have the same label names: they are checked once.
  void LearnLabelNames(const ClientMetric& metric) {
    names_of_ = &metric;
    names_valid_ = std::all_of(metric.label.begin(), metric.label.end(),
                               [](const auto& label) { return IsValidLabelName(label.name); });
    before_value_.clear();
    for (const ClientMetric::Label& label : metric.label) {
      before_value_.push_back((before_value_.empty() ? "{" : "\",") + label.name + "=\"");
    }
  }

  void Head(const ClientMetric& metric, std::string_view suffix, ExtraLabel extra) {
    out_.append(name_).append(suffix);
    for (std::size_t i = 0; i < metric.label.size(); ++i) {
      out_.append(before_value_[i]);
      AppendEscaped(metric.label[i].value, Quotes::kEscape, out_);
    }
    if (!extra.name.empty()) {
      out_.append(metric.label.empty() ? "{" : "\",").append(extra.name).append("=\"");
      AppendValue(extra.value, out_);
    }
    out_.append(metric.label.empty() && extra.name.empty() ? " " : "\"} ");
  }

  void Tail(const ClientMetric& metric) {
    if (metric.timestamp_ms != 0) {
      out_.push_back(' ');
      if (format_ == ExpositionFormat::kOpenMetrics) {  // seconds; the text format has milliseconds
        AppendValue(static_cast<double>(metric.timestamp_ms) / 1000, out_);
      } else {
        AppendInteger(metric.timestamp_ms, out_);
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
  const ClientMetric* names_of_ = nullptr;  // whose label names the next two were made from
  bool names_valid_ = false;
  std::vector<std::string> before_value_;  // `{bench="`, `",queue="`
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

// About as many bytes as the samples take, if the first stands for all: growing a text of megabytes
// by and by costs as much time as writing it.
std::size_t EstimatedSize(const MetricFamily& family) {
  constexpr std::size_t kValueAndSigns = 24;
  constexpr std::size_t kLabelSigns = 4;
  std::size_t sample = family.name.size() + kValueAndSigns;
  for (const ClientMetric::Label& label : family.metric.front().label) {
    sample += label.name.size() + label.value.size() + kLabelSigns;
  }
  if (family.type == MetricType::Histogram) {  // +Inf, sum and count come with the buckets
    sample *= family.metric.front().histogram.bucket.size() + 3;
  }
  return 2 * family.name.size() + family.help.size() + family.metric.size() * sample;
}

// One block: `parts` have the same name. The first decides help and type; a part of another type
// cannot be written under it.
void AppendBlock(const Metrics& parts, ExpositionFormat format, std::string& out) {
  const MetricFamily& first = *parts.front();
  // The labels of each sample lie somewhere else in memory: with many series a quarter of the time
  // would go into waiting for them.
  constexpr std::size_t kAhead = 8;
  AppendHeader(first, format, out);
  SampleWriter writer(first.name, format, out);
  for (const MetricFamily* part : parts) {
    if (part->type != first.type) continue;
    const std::vector<ClientMetric>& metrics = part->metric;
    for (std::size_t i = 0; i < metrics.size(); ++i) {
      if (i + kAhead < metrics.size()) {
        for (const ClientMetric::Label& label : metrics[i + kAhead].label) {
          __builtin_prefetch(&label);
        }
      }
      writer.Write(metrics[i], first.type);
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
    if (size < 1e15 && size == std::trunc(size) && size != 0) {  // many are counts, done faster
      AppendInteger(static_cast<std::int64_t>(value), out);
      return;
    }
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
  std::size_t size = out.size();
  for (const MetricFamily& family : families) {
    if (family.metric.empty() || !IsValidMetricName(family.name)) continue;
    const auto [at, is_new] = block_of.try_emplace(family.name, blocks.size());
    if (is_new) blocks.emplace_back();
    blocks[at->second].push_back(&family);
    size += EstimatedSize(family);
  }
  out.reserve(size);
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
