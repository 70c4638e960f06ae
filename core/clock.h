// SPDX-License-Identifier: Apache-2.0
// Time as a parameter, so that tests can stand still at the moment of a capture.
#pragma once

#include <chrono>

namespace erpnext {

using WallTime = std::chrono::system_clock::time_point;
using SteadyTime = std::chrono::steady_clock::time_point;

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime Wall() const = 0;      // for points in time that leave the process
  virtual SteadyTime Steady() const = 0;  // for ages and intervals
};

// The real clocks of this machine. Never destroyed.
const Clock& SystemClock();

// Seconds since 1970, with fraction.
inline double UnixSeconds(WallTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

inline double Seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace erpnext
