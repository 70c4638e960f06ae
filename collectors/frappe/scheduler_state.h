// SPDX-License-Identifier: Apache-2.0
// Why the jobs of a site run or do not, from the facts that Frappe's own scheduler looks at.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "sources/bench.h"

namespace erpnext {

// In the order in which they are found: what stands further back does not matter then.
inline constexpr std::array<std::string_view, 8> kSchedulerStates = {
    "maintenance", "paused",          "disabled_config",   "disabled_settings",
    "dormant",     "process_missing", "redis_unavailable", "active"};

// Nothing: not known.
struct SchedulerFacts {
  bool maintenance = false, paused = false, disabled = false;  // by the configuration
  std::optional<bool> enabled;                                 // by System Settings
  std::optional<bool> dormant;
  std::optional<bool> process;  // a scheduler was seen
  std::optional<bool> redis;    // the queue's answers
};

// One of kSchedulerStates. Nothing when what would decide is not known; whether process and Redis
// are there often cannot be seen and then counts for nothing.
std::optional<std::string_view> StateOf(const SchedulerFacts& facts);

// What the configuration files say.
SchedulerFacts FactsOf(const Site& site);

// The field enable_scheduler of System Settings: on is 1 alone, no row is off.
bool SchedulerEnabled(const std::string* enable_scheduler);

struct Dormancy {
  bool dormant = false;
  std::optional<double> in_seconds;  // until it is; nothing where no site falls asleep
};
// Frappe 13 to 15 hold back the jobs of a site that nobody has logged in to or out of for
// `dormant_days`; 16 does so on Frappe Cloud alone. `newest_activity` is nothing when there is
// none.
Dormancy DormancyOf(int frappe_major, const FrappeConfig& config, const std::string* dormant_days,
                    std::optional<double> newest_activity, double now);
// Whether DormancyOf looks at the activity.
bool CanFallAsleep(int frappe_major, const FrappeConfig& config);

}  // namespace erpnext
