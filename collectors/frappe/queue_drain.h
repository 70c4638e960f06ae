// SPDX-License-Identifier: Apache-2.0
// When a queue will be empty, from how its length has changed.
#pragma once

#include <deque>
#include <optional>

#include "core/clock.h"

namespace erpnext {

// The lengths of one queue during the last minutes. One thread at a time.
class QueueDrain {
 public:
  void Add(SteadyTime at, double length);

  // Seconds until it is empty if it goes on as in the last five minutes: 0 when it is, infinity
  // when it does not get shorter. Nothing while less than a minute is known.
  std::optional<double> Seconds() const;

 private:
  struct Reading {
    SteadyTime at;
    double length;
  };

  std::deque<Reading> readings_;  // the oldest first
};

}  // namespace erpnext
