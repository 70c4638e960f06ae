// SPDX-License-Identifier: Apache-2.0
// Sums positive differences, worker by worker.
#include "collectors/frappe/worker_counts.h"

namespace erpnext {
namespace {

// The hash of a worker that was silent for too long expires, and comes back with its next sign of
// life: longer than any job takes, so that its jobs are not counted twice.
constexpr std::chrono::hours kRemembered{12};
constexpr std::size_t kMaxGroups = 1'000;
constexpr const char* kOther = "other";

// A figure that fell was begun anew, when the Redis had lost it.
double Growth(double before, double now) { return now >= before ? now - before : now; }

}  // namespace

void WorkerCounts::Add(const std::vector<Worker>& workers, SteadyTime now) {
  for (const Worker& worker : workers) {
    const bool room = totals_.size() < kMaxGroups || totals_.contains(worker.group);
    WorkerWork& total = totals_[room ? worker.group : kOther];
    const auto [known, is_new] = known_.try_emplace(worker.name);
    if (is_new && !started_) known->second.work = worker.work;
    const WorkerWork& before = known->second.work;
    total.successful_jobs += Growth(before.successful_jobs, worker.work.successful_jobs);
    total.failed_jobs += Growth(before.failed_jobs, worker.work.failed_jobs);
    total.busy_seconds += Growth(before.busy_seconds, worker.work.busy_seconds);
    known->second = {worker.work, now};
  }
  started_ = true;
  std::erase_if(known_, [&](const auto& entry) { return now - entry.second.seen > kRemembered; });
}

}  // namespace erpnext
