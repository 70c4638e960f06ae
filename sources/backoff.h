// SPDX-License-Identifier: Apache-2.0
// Spaces out attempts to reach something that fails.
#pragma once

#include <algorithm>
#include <chrono>
#include <random>

#include "core/clock.h"

namespace erpnext {

// Not thread-safe. The first failure is retried at the next call; each further one doubles the
// pause, from half a second to ten, a fifth more or less, so that many exporters do not return
// in step after an outage.
class Backoff {
 public:
  bool MayTry(SteadyTime now) const { return now >= next_; }

  void Failed(SteadyTime now) {
    if (failures_ > 0) {
      const auto pause = kFirst * (1 << std::min(failures_ - 1, 10));
      std::uniform_real_distribution<double> factor(0.8, 1.2);
      next_ = now + std::chrono::duration_cast<SteadyTime::duration>(std::min(pause, kLongest) *
                                                                     factor(random_));
    }
    ++failures_;
  }

  void Succeeded() {
    failures_ = 0;
    next_ = {};
  }

 private:
  static constexpr std::chrono::milliseconds kFirst{500};
  static constexpr std::chrono::milliseconds kLongest{10'000};

  int failures_ = 0;
  SteadyTime next_{};
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace erpnext
