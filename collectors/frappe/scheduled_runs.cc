// SPDX-License-Identifier: Apache-2.0
// Frappe writes "Start", though its list of options has "Scheduled", then "Complete" or "Failed".
#include "collectors/frappe/scheduled_runs.h"

#include <algorithm>

#include "core/text.h"

namespace erpnext {
namespace {

constexpr std::int64_t kRowsThatWait = 300;
// A transaction that began earlier can show its row later.
constexpr std::int64_t kRowsInDoubt = 64;
constexpr double kTimeThatWaits = 4 * 3600;

bool IsComplete(std::string_view status) { return status == "Complete"; }
bool IsFailed(std::string_view status) { return status == "Failed"; }
bool IsResult(std::string_view status) { return IsComplete(status) || IsFailed(status); }

std::optional<std::int64_t> Number(const std::optional<std::string>& text) {
  return text ? ParseNumber<std::int64_t>(*text) : std::nullopt;
}

}  // namespace

void ScheduledRuns::Take(const MariadbTable& rows, bool count) {
  std::set<std::string, std::less<>> seen;
  for (const auto& row : rows.rows) {
    if (row.size() != 2 || !row[0] || !row[1] || !IsResult(*row[1])) continue;
    seen.insert(*row[0]);
    if (!count || counted_.contains(*row[0])) continue;
    ++(IsFailed(*row[1]) ? failed_ : complete_);
  }
  counted_ = std::move(seen);
}

Status ScheduledRuns::Begin(SiteDatabase& database, Deadline deadline) {
  const auto rows = database.Read(kJobLog, {"name"}, "SELECT MAX(name) FROM {table}", deadline);
  if (!rows) return Fail(rows.error());
  if (!*rows || (*rows)->rows.size() != 1 || (*rows)->rows[0].size() != 1) return {};
  const auto newest = Number((*rows)->rows[0][0]);
  after_ = std::max<std::int64_t>(0, newest.value_or(0) - kRowsInDoubt);
  known_ = !newest;  // of an empty table all is new
  counted_.clear();
  return {};
}

Result<bool> ScheduledRuns::ReadByNumber(SiteDatabase& database, Deadline deadline) {
  if (!after_) {
    if (const Status begun = Begin(database, deadline); !begun) return Fail(begun.error());
    if (!after_) return false;
  }
  const auto rows = database.Read(
      kJobLog, {"name", "status"},
      fmt::format("SELECT name, status FROM {{table}} WHERE name > {} ORDER BY name LIMIT 1000",
                  *after_),
      deadline);
  if (!rows) return Fail(rows.error());
  if (!*rows) return false;
  if ((*rows)->rows.empty()) {
    // Not even the last ones: the table was emptied, or an older copy has taken its place.
    if (*after_ > 0) {
      if (const Status begun = Begin(database, deadline); !begun) return Fail(begun.error());
    }
    return true;
  }
  Take(**rows, known_);
  known_ = true;
  std::int64_t newest = *after_, waiting = INT64_MAX;
  for (const auto& row : (*rows)->rows) {
    const auto number = Number(row[0]);
    if (!number) continue;
    newest = std::max(newest, *number);
    if (!row[1] || !IsResult(*row[1])) waiting = std::min(waiting, *number);
  }
  const std::int64_t open = std::min(newest - kRowsInDoubt, waiting - 1);
  after_ = std::max({*after_, open, newest - kRowsThatWait});
  return true;
}

// Frappe 15 names these rows at random; others give them numbers.
Result<bool> ScheduledRuns::ReadByTime(SiteDatabase& database, const SiteZone& zone, double now,
                                       Deadline deadline) {
  // Not back when clocks are: what has left the window would be counted again.
  since_ = std::max(since_, zone.FromUnix(now - kTimeThatWaits).value_or(""));
  const auto rows =
      database.Read(kJobLog, {"name", "status", "creation", "modified"},
                    fmt::format("SELECT name, status FROM {{table}} WHERE creation > '{0}' AND "
                                "modified > '{0}' ORDER BY creation DESC LIMIT 1000",
                                since_),
                    deadline);
  if (!rows) return Fail(rows.error());
  if (!*rows) return false;
  Take(**rows, known_);
  known_ = true;
  return true;
}

Result<bool> ScheduledRuns::Read(SiteDatabase& database, const SiteZone& zone, double now,
                                 Deadline deadline) {
  return database.IsInteger(kJobLog, "name") ? ReadByNumber(database, deadline)
                                             : ReadByTime(database, zone, now, deadline);
}

}  // namespace erpnext
