// SPDX-License-Identifier: Apache-2.0
// Compares the registry of started jobs with what the workers say.
#include "collectors/frappe/stuck_jobs.h"

#include <algorithm>

#include "sources/rq.h"

namespace erpnext {
namespace {

// A job that is told to end needs a moment to roll back and to be written down as failed.
constexpr double kTimeToEnd = 5;
// On a busy machine a process is forked and starts to run in seconds, not milliseconds.
constexpr double kTimeToBegin = 5;

// Whichever id the registry has for it, see RqJobOfExecution.
bool Contains(const std::set<std::string, std::less<>>& ids, const std::string& id) {
  if (ids.contains(id)) return true;
  const auto job = RqJobOfExecution(id);
  return job && ids.contains(*job);
}

std::optional<double> AgeOf(const RqStartedJob& job, double now) {
  if (!job.started_unix) return std::nullopt;
  return std::max(0.0, now - *job.started_unix);
}

}  // namespace

// How many of `seen` have been seen by all readings of the last seconds.
double StuckJobs::CountLasting(const std::set<std::string>& seen, double now, Since& since) {
  std::erase_if(since, [&](const auto& entry) { return !seen.contains(entry.first); });
  double lasting = 0;
  for (const std::string& id : seen) {
    const auto [entry, is_new] = since.emplace(id, now);
    if (now - entry->second >= kTimeToBegin) ++lasting;
  }
  return lasting;
}

void StuckJobs::CountStarted(const RqQueue& queue, const ClaimedJobs& claimed, double now,
                             std::map<std::string_view, double>& counts) {
  double over_timeout = 0, worker_dead = 0;
  std::set<std::string> unclaimed;
  for (const RqStartedJob& job : *queue.started) {
    if (Contains(claimed.living, job.id)) {
      const auto age = AgeOf(job, now);
      if (age && job.timeout_seconds && *age > *job.timeout_seconds + kTimeToEnd) ++over_timeout;
    } else if (job.abandoned || Contains(claimed.dead, job.id)) {
      ++worker_dead;
    } else {
      unclaimed.insert(job.id);
    }
  }
  counts["over_timeout"] = over_timeout;
  counts["worker_dead"] = worker_dead;
  counts["zombie"] = CountLasting(unclaimed, now, unclaimed_);
}

std::map<std::string_view, double> StuckJobs::Count(const RqQueue& queue,
                                                    const ClaimedJobs& claimed,
                                                    const QueueSurroundings& around) {
  std::map<std::string_view, double> counts;
  if (queue.started) CountStarted(queue, claimed, around.now, counts);
  if (queue.intermediate) {
    counts["intermediate"] = CountLasting(*queue.intermediate, around.now, intermediate_);
  }
  const auto queued = queue.jobs.find("queued");
  if (queued != queue.jobs.end()) {
    counts["no_listener"] = around.listeners == 0 ? queued->second : 0;
    counts["suspended"] = around.listeners > 0 && around.suspended ? queued->second : 0;
  }
  return counts;
}

LongestJob LongestRunning(const RqQueue& queue, const ClaimedJobs& claimed, double now) {
  LongestJob longest;
  if (!queue.started) return longest;
  for (const RqStartedJob& job : *queue.started) {
    const auto age = AgeOf(job, now);
    if (!age || !Contains(claimed.living, job.id)) continue;
    longest.age_seconds = std::max(*age, longest.age_seconds.value_or(0));
    if (!job.timeout_seconds) continue;
    longest.timeout_ratio =
        std::max(*age / *job.timeout_seconds, longest.timeout_ratio.value_or(0));
  }
  return longest;
}

}  // namespace erpnext
