// SPDX-License-Identifier: Apache-2.0
// Counters about one collector that outlive a reload of the configuration.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "core/result.h"

namespace erpnext {

// Thread-safe.
struct CollectorStats {
  std::array<std::atomic<std::uint64_t>, kErrorKindNames.size()> errors{};
  std::atomic<std::uint64_t> dropped_over_limit{0};
  std::atomic<std::uint64_t> dropped_duplicate{0};
  std::atomic<std::uint64_t> dropped_invalid_name{0};
  std::atomic<double> last_success_unix{0};  // 0: never

  void CountError(ErrorKind kind) { ++errors[static_cast<std::size_t>(kind)]; }
};

// One for the process. Thread-safe.
class StatsRegistry {
 public:
  // Always the same object for one name.
  std::shared_ptr<CollectorStats> For(const std::string& collector) {
    const std::lock_guard lock(mutex_);
    auto& stats = stats_[collector];
    if (!stats) stats = std::make_shared<CollectorStats>();
    return stats;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<CollectorStats>> stats_;
};

}  // namespace erpnext
