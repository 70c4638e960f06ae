// SPDX-License-Identifier: Apache-2.0
// Jobs that will not end, or not begin, unless somebody does something; and why.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "sources/rq_reader.h"

namespace erpnext {

// Ids of the jobs that workers say they run.
struct ClaimedJobs {
  std::set<std::string, std::less<>> living;  // by a worker that is there
  std::set<std::string, std::less<>> dead;    // by one whose process has ended
};

// What is seen of one queue beside its own figures.
struct QueueSurroundings {
  double now = 0;             // seconds since 1970
  std::size_t listeners = 0;  // workers that are there and listen
  bool suspended = false;     // all workers are told to take no jobs
};

// One queue over time. One thread at a time.
class StuckJobs {
 public:
  // Number of jobs by reason; every reason is there, but those that were not read:
  //   over_timeout  runs longer than its own limit: the worker could not stop it
  //   worker_dead   was being run by a worker that has died
  //   intermediate  was taken from the queue, and never started
  //   zombie        counts as running, and no worker runs it
  //   no_listener   waits, and no worker listens
  //   suspended     waits, and all workers are suspended
  // The figures of one reading are not of one moment, and RQ takes a job from its queue (RQ 2 even
  // counts it as running) before the process is forked that says it runs it. So intermediate and
  // zombie must last for some seconds.
  std::map<std::string_view, double> Count(const RqQueue& queue, const ClaimedJobs& claimed,
                                           const QueueSurroundings& around);

 private:
  using Since = std::map<std::string, double>;  // ids and the first of the readings that saw them

  static double CountLasting(const std::set<std::string>& seen, double now, Since& since);
  void CountStarted(const RqQueue& queue, const ClaimedJobs& claimed, double now,
                    std::map<std::string_view, double>& counts);

  Since unclaimed_;
  Since intermediate_;
};

// The age of the longest running job of a queue, and of the one that used up the most of its time.
struct LongestJob {
  std::optional<double> age_seconds;
  std::optional<double> timeout_ratio;  // of jobs with a limit
};
LongestJob LongestRunning(const RqQueue& queue, const ClaimedJobs& claimed, double now);

}  // namespace erpnext
