// SPDX-License-Identifier: Apache-2.0
// A point in time after which an operation must have ended.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace erpnext {

// Always on the real monotonic clock, whatever clock the caller uses for its data: it bounds real
// input and output.
class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  explicit constexpr Deadline(Clock::time_point at) : at_(at) {}
  static Deadline After(Clock::duration duration) { return Deadline(Clock::now() + duration); }

  constexpr Clock::time_point at() const { return at_; }
  bool Expired() const { return Clock::now() >= at_; }

  // Zero once expired, never negative.
  Clock::duration Remaining() const {
    return std::max(at_ - Clock::now(), Clock::duration::zero());
  }

  // For poll(2): rounded up, so that a wait does not end just before the deadline.
  int RemainingMillis() const {
    const auto millis = std::chrono::ceil<std::chrono::milliseconds>(Remaining()).count();
    return static_cast<int>(std::min<std::chrono::milliseconds::rep>(millis, 1'000'000));
  }

  // An equal share of the time that is left, for the next of `parts` operations: so that one that
  // hangs does not take the time of those behind it.
  Deadline Share(std::size_t parts) const {
    return parts <= 1 ? *this : After(Remaining() / static_cast<Clock::duration::rep>(parts));
  }

  Deadline Earlier(Deadline other) const { return Deadline(std::min(at_, other.at_)); }

 private:
  Clock::time_point at_;
};

}  // namespace erpnext
