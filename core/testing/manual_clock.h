// SPDX-License-Identifier: Apache-2.0
// A clock that stands still until a test moves it.
#pragma once

#include <atomic>

#include "core/clock.h"

namespace erpnext {

// Thread-safe.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(WallTime now) : now_(now) {}
  // `seconds` since 1970, as captures give it.
  static ManualClock AtUnix(double seconds) {
    return ManualClock(WallTime(
        std::chrono::duration_cast<WallTime::duration>(std::chrono::duration<double>(seconds))));
  }
  ManualClock(const ManualClock& other) : now_(other.now_.load()), passed_(other.passed_.load()) {}

  WallTime Wall() const override { return now_.load() + passed_.load(); }
  SteadyTime Steady() const override {
    return SteadyTime{} + std::chrono::hours(1) + passed_.load();
  }

  void Advance(std::chrono::nanoseconds step) { passed_.store(passed_.load() + step); }

 private:
  std::atomic<WallTime> now_;
  std::atomic<std::chrono::nanoseconds> passed_{std::chrono::nanoseconds::zero()};
};

}  // namespace erpnext
