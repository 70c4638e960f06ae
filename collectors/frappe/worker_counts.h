// SPDX-License-Identifier: Apache-2.0
// Makes counters that never fall out of what each worker counts since its own birth.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/clock.h"

namespace erpnext {

// What RQ keeps of the jobs of one worker, or the sum over many.
struct WorkerWork {
  double successful_jobs = 0;
  double failed_jobs = 0;
  double busy_seconds = 0;
};

// Workers of one bench. One thread at a time.
class WorkerCounts {
 public:
  // Into whose total a worker's jobs go: the queues on which it listens.
  using Group = std::string;
  struct Worker {
    std::string name;  // RQ gives a new one at each start
    Group group;
    WorkerWork work;
  };

  // All workers at one moment. Those of the first call have done their jobs before we looked; one
  // that comes later has done its jobs since. What a worker does between the last look and its end
  // is lost with it.
  void Add(const std::vector<Worker>& workers, SteadyTime now);

  // Since the first call, of every group that ever was.
  const std::map<Group, WorkerWork>& totals() const { return totals_; }

 private:
  struct Known {
    WorkerWork work;
    SteadyTime seen;
  };

  bool started_ = false;
  std::map<std::string, Known> known_;
  std::map<Group, WorkerWork> totals_;
};

}  // namespace erpnext
