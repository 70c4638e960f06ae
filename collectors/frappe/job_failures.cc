// SPDX-License-Identifier: Apache-2.0
#include "collectors/frappe/job_failures.h"

#include <algorithm>

#include "collectors/frappe/scheduled_runs.h"
#include "core/text.h"

namespace erpnext {
namespace {

constexpr std::size_t kMaxJobs = 10;
// Two runs of a daily job, and what they take.
constexpr double kFailureWindow = 48 * 3600;
constexpr double kRateWindow = 7 * 24 * 3600;  // of System Health Report
// Who was killed never says so. Frappe's System Health Report takes what has not ended by then for
// failed.
constexpr double kLongestRun = 30 * 60;

struct Runs {
  double lately_failed = 0;                    // in the window of failures
  double ended = 0, failed = 0;                // in that of rates
  std::string newest_failed, newest_complete;  // texts of one form
};

using RunsOfJobs = std::map<std::string, Runs>;

RunsOfJobs ByJob(const MariadbTable& rows,
                 const std::map<std::string, std::string>& method_of_type) {
  RunsOfJobs jobs;
  for (const auto& row : rows.rows) {
    if (row.size() != 5 || !row[0] || !row[1] || !row[2] || !row[3] || !row[4]) continue;
    const auto method = method_of_type.find(*row[0]);
    Runs& runs = jobs[method != method_of_type.end() ? method->second : *row[0]];
    const bool complete = *row[1] == "Complete";
    const double of_rate = ParseNumber<double>(*row[3]).value_or(0);
    std::string& newest = complete ? runs.newest_complete : runs.newest_failed;
    newest = std::max(newest, *row[4]);
    runs.ended += of_rate;
    if (complete) continue;
    runs.failed += of_rate;
    runs.lately_failed += ParseNumber<double>(*row[2]).value_or(0);
  }
  return jobs;
}

std::vector<JobFailures::Failing> MostFailures(const RunsOfJobs& jobs) {
  std::vector<JobFailures::Failing> found;
  for (const auto& [job, runs] : jobs) {
    if (runs.lately_failed == 0) continue;
    found.push_back({job, runs.lately_failed, runs.newest_failed > runs.newest_complete});
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.failures > b.failures; });
  if (found.size() <= kMaxJobs) return found;
  JobFailures::Failing other{.job = "other"};
  for (std::size_t i = kMaxJobs; i < found.size(); ++i) {
    other.failures += found[i].failures;
    other.newest_failed = other.newest_failed || found[i].newest_failed;
  }
  found.resize(kMaxJobs);
  found.push_back(std::move(other));
  return found;
}

std::vector<JobFailures::Rate> HighestRates(const RunsOfJobs& jobs) {
  std::vector<JobFailures::Rate> found;
  for (const auto& [job, runs] : jobs) {
    if (runs.failed > 0) found.push_back({job, runs.failed / runs.ended});
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.failed > b.failed; });
  if (found.size() > kMaxJobs) found.resize(kMaxJobs);
  return found;
}

}  // namespace

Result<std::optional<JobFailures>> ReadJobFailures(
    SiteDatabase& database, const std::map<std::string, std::string>& method_of_type,
    const SiteZone& zone, double now, Deadline deadline) {
  const auto ago = [&](double seconds) { return zone.FromUnix(now - seconds).value_or(""); };
  // Both times: Frappe 13 to 15 have an index on one of them, 16 on the other.
  const auto rows = database.Read(
      kJobLog, {"scheduled_job_type", "status", "creation", "modified"},
      fmt::format("SELECT scheduled_job_type, status, SUM(creation > '{1}'), SUM(creation < '{2}'),"
                  " MAX(creation) FROM {{table}} WHERE creation > '{0}' AND modified > '{0}' AND "
                  "(status IN ('Complete', 'Failed') OR creation < '{2}') "
                  "GROUP BY scheduled_job_type, status LIMIT 10000",
                  ago(kRateWindow), ago(kFailureWindow), ago(kLongestRun)),
      deadline);
  if (!rows) return Fail(rows.error());
  if (!*rows) return std::optional<JobFailures>();
  const RunsOfJobs jobs = ByJob(**rows, method_of_type);
  return std::optional(JobFailures{MostFailures(jobs), HighestRates(jobs)});
}

}  // namespace erpnext
