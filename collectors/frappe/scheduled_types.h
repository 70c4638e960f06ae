// SPDX-License-Identifier: Apache-2.0
// What a site's Scheduled Job Types tell: when something last ran, and what should have run since.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "sources/mariadb_client.h"
#include "sources/site_time.h"

namespace erpnext {

struct ScheduledTypes {
  std::size_t enabled = 0, stopped = 0;
  std::optional<double> last_execution;               // newest of those enabled, Unix time
  std::size_t overdue = 0;                            // by more than the time that is usual
  std::map<std::string_view, double> lateness;        // of the latest one of each frequency
  std::map<std::string, std::string> method_of_type;  // by name
};

// Reads what kScheduledTypesQuery gives. `interval` is the configuration's scheduler_interval, in
// seconds: how often jobs of the frequency All run.
ScheduledTypes ReadScheduledTypes(const MariadbTable& rows, const SiteZone& zone, double now,
                                  double interval);

inline constexpr std::string_view kScheduledTypesQuery =
    "SELECT name, method, frequency, cron_format, stopped, last_execution, creation FROM {table} "
    "LIMIT 5000";

}  // namespace erpnext
