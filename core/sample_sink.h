// SPDX-License-Identifier: Apache-2.0
// Where a collector puts its samples; lets nothing through that was not declared.
#pragma once

#include <prometheus/metric_family.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/family.h"
#include "core/histogram.h"
#include "core/result.h"

namespace erpnext {

// Not thread-safe: one sink serves one run of one collector.
class SampleSink {
 public:
  struct Limits {
    std::size_t series_per_family = 10'000;  // a histogram is as many as it has buckets
    std::size_t label_value_bytes = 256;     // longer values are cut
    NameTiers tiers = NameTiers::kAll;       // samples of other families are ignored
  };
  // Samples that were refused, by reason. Counted, not an error: the cause lies outside.
  struct Dropped {
    std::uint64_t over_limit = 0;
    std::uint64_t duplicate = 0;
    std::uint64_t invalid_name = 0;  // only for open families
  };
  using Labels = std::span<const std::string_view>;

  // `declared` must outlive the sink; only its families are accepted.
  SampleSink(std::span<const Family* const> declared, Limits limits);
  explicit SampleSink(std::span<const Family* const> declared) : SampleSink(declared, Limits{}) {}
  ~SampleSink();
  SampleSink(const SampleSink&) = delete;
  SampleSink& operator=(const SampleSink&) = delete;

  // Values in the order of the declared label names. Invalid UTF-8 is repaired.
  void Add(const Family& family, Labels labels, double value);
  void Add(const Family& family, std::initializer_list<std::string_view> labels, double value) {
    Add(family, Labels(labels.begin(), labels.size()), value);
  }
  void Add(const Family& family, double value) { Add(family, Labels{}, value); }

  // For a family declared as a histogram; the other Adds are for the other kinds.
  void Add(const Family& family, Labels labels, const Histogram& histogram);
  void Add(const Family& family, std::initializer_list<std::string_view> labels,
           const Histogram& histogram) {
    Add(family, Labels(labels.begin(), labels.size()), histogram);
  }

  // For a family declared as "prefix_*": publishes "prefix_<suffix>" with its own kind. The
  // suffix is what the source calls the figure; one that is no metric name is dropped.
  void AddOpen(const Family& family, std::string_view suffix, MetricKind kind, double value);

  // Families with at least one sample, in the order of declaration; open ones sorted by name.
  std::vector<prometheus::MetricFamily> Take();

  const Dropped& dropped() const { return dropped_; }

  // Misuse by the collector itself (undeclared family, wrong number of labels): a defect, which
  // the engine reports as a failed run.
  const Status& misuse() const { return misuse_; }

 private:
  struct Slot;

  Slot* Find(const Family& family, std::size_t label_count, bool histogram);
  // The stored sample, whose value is still to be set; null when it is refused.
  prometheus::ClientMetric* Insert(Slot& slot, std::string_view name, MetricKind kind,
                                   Labels labels, std::size_t series);

  Limits limits_;
  std::vector<std::unique_ptr<Slot>> slots_;
  Dropped dropped_;
  Status misuse_;
};

}  // namespace erpnext
