// SPDX-License-Identifier: Apache-2.0
// Observations sorted into buckets of fixed bounds.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace erpnext {

struct Histogram {
  // Ascending upper bounds, which lie in static storage; what is above the last one is only in
  // `count`.
  explicit Histogram(std::span<const double> upper_bounds)
      : bounds(upper_bounds), buckets(upper_bounds.size()) {}

  // `value` is finite: a sum that was NaN once stays so for ever.
  void Observe(double value) {
    const auto bound = std::lower_bound(bounds.begin(), bounds.end(), value);
    if (bound != bounds.end()) ++buckets[static_cast<std::size_t>(bound - bounds.begin())];
    ++count;
    sum += value;
  }

  // Series that Prometheus makes of it: one for each bound, +Inf, sum and count.
  std::size_t series() const { return bounds.size() + 3; }

  std::span<const double> bounds;
  std::vector<std::uint64_t> buckets;  // each for itself; cumulative only where it is published
  std::uint64_t count = 0;
  double sum = 0;
};

}  // namespace erpnext
