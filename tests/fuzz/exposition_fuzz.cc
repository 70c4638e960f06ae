// SPDX-License-Identifier: Apache-2.0
// Families of any names, labels and values: a strict reader takes every line that is written.
#include <fuzzer/FuzzedDataProvider.h>

#include <set>
#include <string>
#include <vector>

#include "core/family.h"
#include "core/text.h"
#include "exporter/exposition.h"
#include "tests/fuzz/fuzz.h"

using erpnext::ExpositionFormat;
using erpnext::fuzz::Require;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

namespace {

MetricFamily AnyFamily(FuzzedDataProvider& provider) {
  static const std::vector<std::string> kNames = {"erpnext_queue_jobs", "a_total", "a", ""};
  MetricFamily family;
  family.name = provider.ConsumeBool() ? kNames[provider.ConsumeIntegralInRange<std::size_t>(0, 3)]
                                       : provider.ConsumeRandomLengthString(12);
  family.help = provider.ConsumeRandomLengthString(20);
  family.type =
      provider.PickValueInArray({MetricType::Counter, MetricType::Gauge, MetricType::Untyped,
                                 MetricType::Summary, MetricType::Histogram});
  const auto metrics = provider.ConsumeIntegralInRange<int>(0, 3);
  for (int i = 0; i < metrics; ++i) {
    ClientMetric metric;
    const auto labels = provider.ConsumeIntegralInRange<int>(0, 3);
    for (int k = 0; k < labels; ++k) {
      metric.label.push_back(
          {provider.ConsumeBool() ? "site" : provider.ConsumeRandomLengthString(8),
           provider.ConsumeRandomLengthString(12)});
    }
    const double value = provider.ConsumeFloatingPoint<double>();
    metric.counter.value = metric.gauge.value = metric.untyped.value = value;
    metric.summary = {3, value, {{0.5, value}}};
    metric.histogram = {3, value, {{1, 0.5}, {3, value}}};
    metric.timestamp_ms = provider.ConsumeIntegral<std::int64_t>();
    family.metric.push_back(std::move(metric));
  }
  return family;
}

// Cuts what a name may consist of off the text.
std::string_view CutName(std::string_view& text) {
  std::size_t end = 0;
  while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) != 0 ||
                               text[end] == '_' || text[end] == ':')) {
    ++end;
  }
  const std::string_view name = text.substr(0, end);
  text.remove_prefix(end);
  return name;
}

// Cuts a quoted value off; only the three escapes that the format knows may be in it.
void CutQuoted(std::string_view& text) {
  Require(text.starts_with('"'), "a label's value begins with a quote");
  std::size_t at = 1;
  for (; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] != '\\') continue;
    ++at;
    Require(at < text.size() && std::string_view("\\\"n").find(text[at]) != std::string_view::npos,
            "an escape is one of three");
  }
  Require(at < text.size(), "a label's value ends with a quote");
  text.remove_prefix(at + 1);
}

void CheckSample(std::string_view line) {
  Require(erpnext::IsValidMetricName(CutName(line)), "a sample has a valid name");
  if (line.starts_with('{')) {
    do {
      line.remove_prefix(1);
      if (line.starts_with('}')) break;
      Require(!CutName(line).empty(), "a label has a name");
      Require(line.starts_with('='), "a label has a value");
      line.remove_prefix(1);
      CutQuoted(line);
    } while (line.starts_with(','));
    Require(line.starts_with('}'), "the labels end");
    line.remove_prefix(1);
  }
  const auto words = erpnext::SplitBlanks(line);
  Require(words.size() == 1 || words.size() == 2, "a value and perhaps a time follow");
  for (std::string_view word : words) {
    if (word.starts_with('+')) word.remove_prefix(1);
    Require(erpnext::ParseNumber<double>(erpnext::ToLower(word)).has_value(),
            "a value is a number");
  }
}

void CheckDocument(std::string_view text, ExpositionFormat format) {
  Require(erpnext::IsValidUtf8(text), "the document is UTF-8");
  Require(text.empty() || text.ends_with('\n'), "the last line ends");
  std::set<std::string> families;
  bool ended = false;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() + 1);
    Require(!ended, "nothing follows the end");
    if (line == "# EOF") {
      ended = true;
    } else if (line.starts_with("# TYPE ")) {
      const auto words = erpnext::SplitBlanks(line);
      Require(words.size() == 4, "a TYPE line has a name and a type");
      Require(families.emplace(words[2]).second, "a family is one block");
    } else if (!line.starts_with("# HELP ") && !line.starts_with("# UNIT ")) {
      CheckSample(line);
    }
  }
  Require(ended == (format == ExpositionFormat::kOpenMetrics), "OpenMetrics has an end");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider provider(data, size);
  std::vector<MetricFamily> families;
  while (provider.remaining_bytes() > 0 && families.size() < 5) {
    families.push_back(AnyFamily(provider));
  }
  for (const auto format : {ExpositionFormat::kText, ExpositionFormat::kOpenMetrics}) {
    CheckDocument(erpnext::ExpositionSerializer(format).Serialize(families), format);
  }
  return 0;
}
