// SPDX-License-Identifier: Apache-2.0
// When a job is due next by its cron line of five fields.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string_view>

namespace erpnext {

// Minute, hour, day of the month, month and day of the week, each *, N, N-M, with /STEP, and lists
// of these; "5/15" is "5-59/15", as croniter takes it, by which Frappe plans. Names of months and
// days, L, # and @daily are not known: Parse gives nothing then.
class CronLine {
 public:
  static std::optional<CronLine> Parse(std::string_view text);

  // The first minute after a time, both in seconds since 1970 of a clock that no daylight saving
  // moves, as Frappe plans with local times. Nothing when there is none within nine years.
  std::optional<std::int64_t> Next(std::int64_t after) const;

 private:
  bool MatchesDay(std::int64_t day) const;

  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;
  std::bitset<13> months_;
  std::bitset<8> weekdays_;  // 0 is Sunday
  bool any_day_ = false, any_weekday_ = false;
};

}  // namespace erpnext
