// SPDX-License-Identifier: Apache-2.0
// Checks and stores samples.
#include "core/sample_sink.h"

#include <algorithm>
#include <functional>
#include <map>
#include <unordered_set>

#include "core/text.h"

namespace erpnext {
namespace {

using Metrics = std::vector<prometheus::ClientMetric>;

// Finds duplicates by comparing the stored labels themselves, so nothing is kept twice.
struct LabelsOf {
  const Metrics* metrics;

  std::size_t operator()(std::size_t index) const {
    std::size_t hash = 0;
    for (const auto& label : (*metrics)[index].label) {
      hash = hash * 1'000'003 + std::hash<std::string>{}(label.value);
    }
    return hash;
  }
  bool operator()(std::size_t a, std::size_t b) const {
    return (*metrics)[a].label == (*metrics)[b].label;
  }
};
using SeenLabels = std::unordered_set<std::size_t, LabelsOf, LabelsOf>;

struct Building {
  Building() = default;
  Building(const Building&) = delete;  // `seen` points into this object
  Building& operator=(const Building&) = delete;

  prometheus::MetricFamily family;
  SeenLabels seen{0, LabelsOf{&family.metric}, LabelsOf{&family.metric}};
};

void SetValue(prometheus::ClientMetric& metric, MetricKind kind, double value) {
  switch (kind) {
    case MetricKind::kCounter: metric.counter.value = value; break;
    case MetricKind::kGauge: metric.gauge.value = value; break;
    case MetricKind::kUntyped: metric.untyped.value = value; break;
    case MetricKind::kHistogram: break;  // has no single value: see SetHistogram
  }
}

void SetHistogram(prometheus::ClientMetric& metric, const Histogram& histogram) {
  metric.histogram.sample_count = histogram.count;
  metric.histogram.sample_sum = histogram.sum;
  metric.histogram.bucket.reserve(histogram.bounds.size());
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < histogram.bounds.size(); ++i) {
    cumulative += histogram.buckets[i];
    metric.histogram.bucket.push_back({cumulative, histogram.bounds[i]});
  }
}

}  // namespace

struct SampleSink::Slot {
  const Family* declared;
  std::size_t series = 0;
  std::map<std::string, Building, std::less<>> families;  // one, or many for an open family
};

SampleSink::SampleSink(std::span<const Family* const> declared, Limits limits) : limits_(limits) {
  for (const Family* family : declared) {
    slots_.push_back(std::make_unique<Slot>(Slot{family, 0, {}}));
  }
}

SampleSink::~SampleSink() = default;

SampleSink::Slot* SampleSink::Find(const Family& family, std::size_t label_count, bool histogram) {
  const auto slot = std::find_if(slots_.begin(), slots_.end(),
                                 [&](const auto& s) { return s->declared == &family; });
  if (slot == slots_.end()) {
    misuse_ = Fail(ErrorKind::kUnsupported, "family {} is not declared", family.name);
    return nullptr;
  }
  if (label_count != family.label_count()) {
    misuse_ = Fail(ErrorKind::kUnsupported, "family {} takes {} labels, got {}", family.name,
                   family.label_count(), label_count);
    return nullptr;
  }
  if (histogram != (family.kind == MetricKind::kHistogram)) {
    misuse_ = Fail(ErrorKind::kUnsupported, "family {} is declared as {}", family.name,
                   MetricKindName(family.kind));
    return nullptr;
  }
  return slot->get();
}

prometheus::ClientMetric* SampleSink::Insert(Slot& slot, std::string_view name, MetricKind kind,
                                             Labels labels, std::size_t series) {
  if (!Includes(limits_.tiers, slot.declared->tier())) return nullptr;
  if (slot.series + series > limits_.series_per_family) {
    ++dropped_.over_limit;
    return nullptr;
  }
  auto found = slot.families.find(name);
  if (found == slot.families.end()) found = slot.families.try_emplace(std::string(name)).first;
  Building& building = found->second;
  prometheus::MetricFamily& family = building.family;
  if (family.metric.empty()) {
    family.name = name;
    family.help = slot.declared->help;
    family.type = ToPrometheus(kind);
  }
  prometheus::ClientMetric& metric = family.metric.emplace_back();
  metric.label.reserve(labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    metric.label.push_back({std::string(slot.declared->labels[i]),
                            RepairUtf8(CutUtf8(labels[i], limits_.label_value_bytes))});
  }
  if (!building.seen.insert(family.metric.size() - 1).second) {
    family.metric.pop_back();
    ++dropped_.duplicate;
    return nullptr;
  }
  slot.series += series;
  return &metric;
}

void SampleSink::Add(const Family& family, Labels labels, double value) {
  Slot* slot = Find(family, labels.size(), false);
  if (slot == nullptr) return;
  if (auto* metric = Insert(*slot, family.name, family.kind, labels, 1)) {
    SetValue(*metric, family.kind, value);
  }
}

void SampleSink::Add(const Family& family, Labels labels, const Histogram& histogram) {
  Slot* slot = Find(family, labels.size(), true);
  if (slot == nullptr) return;
  if (auto* metric = Insert(*slot, family.name, family.kind, labels, histogram.series())) {
    SetHistogram(*metric, histogram);
  }
}

void SampleSink::AddOpen(const Family& family, std::string_view suffix, MetricKind kind,
                         double value) {
  Slot* slot = Find(family, 0, false);
  if (slot == nullptr) return;
  std::string name(family.name.substr(0, family.name.size() - 1));
  name.append(suffix);
  if (family.open() && IsValidMetricName(name)) {
    if (auto* metric = Insert(*slot, name, kind, {}, 1)) SetValue(*metric, kind, value);
  } else {
    ++dropped_.invalid_name;
  }
}

std::vector<prometheus::MetricFamily> SampleSink::Take() {
  std::vector<prometheus::MetricFamily> families;
  for (auto& slot : slots_) {
    for (auto& [name, building] : slot->families) {
      families.push_back(std::move(building.family));
    }
    slot->families.clear();
    slot->series = 0;
  }
  return families;
}

}  // namespace erpnext
