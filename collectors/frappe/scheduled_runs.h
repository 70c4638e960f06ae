// SPDX-License-Identifier: Apache-2.0
// Counts the rows of Scheduled Job Log as they come.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "core/deadline.h"
#include "core/result.h"
#include "sources/site_database.h"

namespace erpnext {

inline constexpr std::string_view kJobLog = "tabScheduled Job Log";

// Runs of one site since we first looked. Rows are written when a job starts and get their result
// when it ends; retention and users remove them. So each result is counted once, by the name of
// its row, and no count falls. Not more than the last 300 rows, or four hours, wait for their end.
class ScheduledRuns {
 public:
  // Nothing when the table cannot be seen.
  Result<bool> Read(SiteDatabase& database, const SiteZone& zone, double now, Deadline deadline);

  double complete() const { return complete_; }
  double failed() const { return failed_; }

 private:
  Status Begin(SiteDatabase& database, Deadline deadline);
  Result<bool> ReadByNumber(SiteDatabase& database, Deadline deadline);
  Result<bool> ReadByTime(SiteDatabase& database, const SiteZone& zone, double now,
                          Deadline deadline);
  // Counts the results among rows of name and status. Without `count` they are taken as counted.
  void Take(const MariadbTable& rows, bool count);

  double complete_ = 0, failed_ = 0;
  std::set<std::string, std::less<>> counted_;  // names, of the rows that are still looked at
  std::optional<std::int64_t> after_;           // the last number that is not looked at any more
  bool known_ = false;                          // what was there at the beginning is known
  std::string since_;                           // the same for rows without numbers: a local time
};

}  // namespace erpnext
