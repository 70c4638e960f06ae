// SPDX-License-Identifier: Apache-2.0
// The tests of frappe/utils/scheduler.py: is_scheduler_inactive, is_dormant.
#include "collectors/frappe/scheduler_state.h"

#include <cstdint>

#include "core/text.h"

namespace erpnext {

std::optional<std::string_view> StateOf(const SchedulerFacts& facts) {
  if (facts.maintenance) return "maintenance";
  if (facts.paused) return "paused";
  if (facts.disabled) return "disabled_config";
  if (!facts.enabled) return std::nullopt;
  if (!*facts.enabled) return "disabled_settings";
  if (!facts.dormant) return std::nullopt;
  if (*facts.dormant) return "dormant";
  if (!facts.process.value_or(true)) return "process_missing";
  if (!facts.redis.value_or(true)) return "redis_unavailable";
  return "active";
}

SchedulerFacts FactsOf(const Site& site) {
  return {.maintenance = site.config.Truthy("maintenance_mode"),
          .paused = site.config.Truthy("pause_scheduler"),
          .disabled = site.config.Truthy("disable_scheduler")};
}

bool SchedulerEnabled(const std::string* enable_scheduler) {
  return enable_scheduler != nullptr && Trim(*enable_scheduler) == "1";
}

bool CanFallAsleep(int frappe_major, const FrappeConfig& config) {
  if (frappe_major >= 16) return false;
  return frappe_major < 14 || !config.Truthy("developer_mode");
}

Dormancy DormancyOf(int frappe_major, const FrappeConfig& config, const std::string* dormant_days,
                    std::optional<double> newest_activity, double now) {
  constexpr std::int64_t kDefaultDays = 4;
  constexpr std::int64_t kMostDays = 100'000;
  if (!CanFallAsleep(frappe_major, config)) return {};
  if (!newest_activity) return {.dormant = true};
  std::int64_t days = 0;
  if (dormant_days != nullptr) days = ParseNumber<std::int64_t>(Trim(*dormant_days)).value_or(0);
  if (days < 1 || days > kMostDays) days = kDefaultDays;
  const double left = *newest_activity + static_cast<double>(days) * 86400 - now;
  return {.dormant = left <= 0, .in_seconds = left};
}

}  // namespace erpnext
