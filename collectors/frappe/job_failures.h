// SPDX-License-Identifier: Apache-2.0
// Finds the scheduled jobs of a site that fail, in its Scheduled Job Log.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/deadline.h"
#include "core/result.h"
#include "sources/site_database.h"

namespace erpnext {

// A job is the method of its type. A run that has not ended after half an hour has failed.
struct JobFailures {
  struct Failing {
    std::string job;
    double failures = 0;  // in 48 hours
    bool newest_failed = false;
  };
  struct Rate {
    std::string job;
    double failed = 0;  // part of its runs of seven days, but for those of the last half hour
  };
  // The ten with the most failures, most first; what all others have is one more, "other".
  std::vector<Failing> failing;
  // The ten that fail most often, by their part, highest first. Frappe 15's System Health Report
  // shows five, in percent.
  std::vector<Rate> rates;
};

// `now` is Unix time. Nothing when the table cannot be seen.
Result<std::optional<JobFailures>> ReadJobFailures(
    SiteDatabase& database, const std::map<std::string, std::string>& method_of_type,
    const SiteZone& zone, double now, Deadline deadline);

}  // namespace erpnext
