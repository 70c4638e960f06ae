// SPDX-License-Identifier: Apache-2.0
// The ids of the jobs of a queue, all of them or a sample, and what they are.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/deadline.h"
#include "core/result.h"
#include "sources/redis_client.h"

namespace erpnext {

struct RqListedJob {
  std::string id;
  bool described = false;   // its description was asked for
  std::string description;  // empty when it is longer than kMaxDescription
};

// Jobs of one kind in one queue. An id whose job was deleted stays in the list until a worker comes
// to it, and passes over it: as in Frappe's list of jobs, it is none.
struct RqJobList {
  double length = 0;  // of the whole; an estimate where not all was read
  std::vector<RqListedJob> jobs;
  bool sampled() const { return length > static_cast<double>(jobs.size()); }
};

struct RqJobLists {
  RqJobList queued, failed, started;
};

// What is known of a queue before.
struct RqQueueToList {
  double length = 0;                 // the number of waiting jobs
  std::vector<std::string> started;  // ids of running jobs that are to be described
};

// Bounds of one queue. A command gives at most kChunk ids, so that Redis is busy only for a moment.
inline constexpr std::size_t kMaxListed = 10'000;
inline constexpr std::size_t kMaxFailed = 2'000;
inline constexpr std::size_t kChunk = 250;
inline constexpr std::size_t kMaxDescribed = 250;      // of each list
inline constexpr std::size_t kMaxDescription = 4'096;  // RQ before 1.10 did not cut arguments

// Three round trips. `queues` by the names that RQ knows: where more than kMaxListed jobs wait,
// parts at equal distances are read. Failed jobs are those whose retention has not ended; `now` is
// in seconds since 1970. With an error the lists that could be read are there all the same.
Status ReadJobLists(RedisConnection& redis, const std::map<std::string, RqQueueToList>& queues,
                    double now, Deadline deadline, std::map<std::string, RqJobLists>& lists);

}  // namespace erpnext
