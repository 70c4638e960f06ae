// SPDX-License-Identifier: Apache-2.0
// One line of monitor.json.log, in which Frappe's monitor writes down each request and each job.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace erpnext {

struct MonitorEntry {
  enum class Type { kRequest, kJob };

  Type type = Type::kRequest;
  std::string site;
  double seconds = 0;                // finite, never negative
  std::optional<double> started_at;  // seconds since 1970
  std::string exception;             // as it was written, any bytes; empty: there was none

  std::string path;  // of a request, up to the '?'
  int status = 0;    // of a request

  bool scheduled = false;              // a job of the scheduler
  std::optional<double> wait_seconds;  // of a job, between being queued and starting
};

// Malformed when it is no JSON object of one of the two types, or when what is counted by (site,
// duration, status of a request) is missing, of another type or out of range. Keys that are not
// needed are not looked at.
Result<MonitorEntry> ParseMonitorLine(std::string_view line);

// Seconds since 1970 of "2026-11-24 00:14:25.364015+00:00". Frappe 13 and 14 leave the zone out,
// and all leave out a fraction of 0; it is UTC in any case. Nothing for any other form.
std::optional<double> ParseMonitorTime(std::string_view text);

}  // namespace erpnext
