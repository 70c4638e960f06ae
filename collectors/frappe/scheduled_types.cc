// SPDX-License-Identifier: Apache-2.0
// Plans as ScheduledJobType.get_next_execution in Frappe does.
#include "collectors/frappe/scheduled_types.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "sources/cron.h"

namespace erpnext {
namespace {

enum Column : std::size_t {
  kName,
  kMethod,
  kFrequency,
  kCronFormat,
  kStopped,
  kLastExecution,
  kCreation,
  kColumns
};

// Frappe puts off Long jobs by up to ten minutes, and 16 is meant to move those of its Maintenance
// frequencies by up to an hour.
constexpr double kJitter = 600;
constexpr double kMaintenanceJitter = 3600;
constexpr double kLongestTick = 240;  // of Frappe 13 to 16, unless it is configured

struct Frequency {
  std::string_view word, label, cron;
};
constexpr Frequency kFrequencies[] = {
    {"all", "all", ""},
    {"cron", "cron", ""},
    {"hourly", "hourly", "0 * * * *"},
    {"daily", "daily", "0 0 * * *"},
    {"weekly", "weekly", "0 0 * * 0"},
    {"monthly", "monthly", "0 0 1 * *"},
    {"yearly", "yearly", "0 0 1 1 *"},
    {"annual", "yearly", "0 0 1 1 *"},
};

using Row = std::vector<std::optional<std::string>>;

std::string_view Text(const Row& row, Column column) {
  return row[column] ? std::string_view(*row[column]) : std::string_view();
}

// "Hourly Long" and "Hourly Maintenance" are planned as "Hourly" is.
const Frequency* FrequencyOf(const Row& row) {
  const std::string word = ToLower(
      Text(row, kFrequency)
          .substr(0, std::min(Text(row, kFrequency).find(' '), Text(row, kFrequency).size())));
  const auto* found = std::find_if(std::begin(kFrequencies), std::end(kFrequencies),
                                   [&](const Frequency& each) { return each.word == word; });
  return found != std::end(kFrequencies) ? found : nullptr;
}

std::string CronOf(const Row& row, const Frequency& frequency, double interval) {
  if (!Trim(Text(row, kCronFormat)).empty()) return std::string(Text(row, kCronFormat));
  if (frequency.word == "all") return fmt::format("*/{:.0f} * * * *", std::floor(interval / 60));
  return std::string(frequency.cron);
}

// When it is due, Unix time. One that never ran counts from its creation, as Frappe has it.
std::optional<double> DueTime(const Row& row, const Frequency& frequency, const SiteZone& zone,
                              double now, double interval) {
  auto last = ParseLocalTime(Text(row, kLastExecution));
  if (!last) last = ParseLocalTime(Text(row, kCreation));
  const auto line = CronLine::Parse(CronOf(row, frequency, interval));
  if (!last || !line) return std::nullopt;
  const auto next = line->Next(static_cast<std::int64_t>(std::floor(*last)));
  if (!next) return std::nullopt;
  auto due = zone.ToUnix(static_cast<double>(*next), now);
  if (due && Text(row, kFrequency).ends_with("Maintenance")) *due += kMaintenanceJitter;
  return due;
}

}  // namespace

ScheduledTypes ReadScheduledTypes(const MariadbTable& rows, const SiteZone& zone, double now,
                                  double interval) {
  ScheduledTypes types;
  const double usual = kJitter + 2 * std::max(interval, kLongestTick);
  for (const Row& row : rows.rows) {
    if (row.size() != kColumns || !row[kName]) continue;
    if (row[kMethod]) types.method_of_type.emplace(*row[kName], *row[kMethod]);
    if (!Text(row, kStopped).empty() && Text(row, kStopped) != "0") {
      ++types.stopped;
      continue;
    }
    ++types.enabled;
    if (const auto last = zone.ToUnix(Text(row, kLastExecution), now)) {
      types.last_execution = std::max(types.last_execution.value_or(*last), *last);
    }
    const Frequency* frequency = FrequencyOf(row);
    if (frequency == nullptr) continue;
    const auto due = DueTime(row, *frequency, zone, now, interval);
    if (!due) continue;
    const double late = std::max(0.0, now - *due);
    double& worst = types.lateness[frequency->label];
    worst = std::max(worst, late);
    if (late > usual) ++types.overdue;
  }
  return types;
}

}  // namespace erpnext
