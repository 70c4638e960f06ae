// SPDX-License-Identifier: Apache-2.0
// A straight line through the lengths (least squares): one odd reading at an end moves it little.
#include "collectors/frappe/queue_drain.h"

#include <limits>

namespace erpnext {
namespace {

constexpr std::chrono::minutes kWindow{5};
constexpr std::chrono::minutes kLeast{1};
constexpr std::chrono::seconds kStep{4};  // readings closer than that replace each other

}  // namespace

void QueueDrain::Add(SteadyTime at, double length) {
  while (!readings_.empty() && at - readings_.front().at > kWindow) readings_.pop_front();
  // The first of a crowd stays, so that its place in time is known; its end follows the newest.
  if (readings_.size() > 1 && at - readings_[readings_.size() - 2].at < kStep) readings_.pop_back();
  readings_.push_back({at, length});
}

std::optional<double> QueueDrain::Seconds() const {
  if (readings_.empty()) return std::nullopt;
  if (readings_.back().length == 0) return 0;
  if (readings_.back().at - readings_.front().at < kLeast) return std::nullopt;
  double mean_time = 0, mean_length = 0;
  const auto time_of = [&](const Reading& reading) {
    return erpnext::Seconds(reading.at - readings_.front().at);
  };
  for (const Reading& reading : readings_) {
    mean_time += time_of(reading) / static_cast<double>(readings_.size());
    mean_length += reading.length / static_cast<double>(readings_.size());
  }
  double along = 0, spread = 0;
  for (const Reading& reading : readings_) {
    const double distance = time_of(reading) - mean_time;
    along += distance * (reading.length - mean_length);
    spread += distance * distance;
  }
  const double jobs_per_second = -along / spread;  // by which it gets shorter
  if (jobs_per_second <= 0) return std::numeric_limits<double>::infinity();
  return readings_.back().length / jobs_per_second;
}

}  // namespace erpnext
