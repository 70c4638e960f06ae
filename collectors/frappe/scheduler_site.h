// SPDX-License-Identifier: Apache-2.0
// What the database of one site tells of its scheduled jobs.
#pragma once

#include <optional>
#include <string_view>

#include "collectors/frappe/job_failures.h"
#include "collectors/frappe/scheduled_runs.h"
#include "collectors/frappe/scheduled_types.h"
#include "core/deadline.h"
#include "core/result.h"
#include "sources/bench.h"
#include "sources/site_database.h"

namespace erpnext {

// All that is read below.
inline constexpr std::string_view kJobTypes = "tabScheduled Job Type";
inline constexpr std::string_view kActivityLog = "tabActivity Log";
inline constexpr std::string_view kInstalled = "tabInstalled Application";

inline constexpr std::string_view kSinglesColumns[] = {"doctype", "field", "value"};
inline constexpr std::string_view kJobTypeColumns[] = {
    "name", "method", "frequency", "cron_format", "stopped", "last_execution", "creation"};
inline constexpr std::string_view kJobLogColumns[] = {"name", "creation", "modified", "status",
                                                      "scheduled_job_type"};
inline constexpr std::string_view kActivityColumns[] = {"modified"};
inline constexpr std::string_view kInstalledColumns[] = {"app_name", "app_version"};
inline constexpr SiteTable kScheduleTables[] = {{"tabSingles", kSinglesColumns},
                                                {kJobTypes, kJobTypeColumns},
                                                {kJobLog, kJobLogColumns},
                                                {kActivityLog, kActivityColumns},
                                                {kInstalled, kInstalledColumns}};

// What is kept of a site between two readings.
struct SiteMemory {
  ScheduledRuns runs;
  // Counted over a week of rows: every five minutes is enough.
  JobFailures failures;
  std::optional<double> failures_at;  // Unix time
};

// Each part is nothing when it cannot be seen, or when reading it failed.
struct SiteSchedule {
  std::optional<bool> enabled;       // System Settings let jobs run
  std::optional<bool> dormant;       // nobody used the site for long
  std::optional<double> dormant_in;  // seconds; nothing where no site falls asleep
  std::optional<ScheduledTypes> types;
  bool runs_read = false;  // the counts in the memory are current
  JobFailures failures;
  Status status;  // the first of what failed
};

// `database` is open; `now` is Unix time; `memory` belongs to the site.
SiteSchedule ReadSiteSchedule(const Bench& bench, const Site& site, double now,
                              SiteDatabase& database, SiteMemory& memory, Deadline deadline);

}  // namespace erpnext
