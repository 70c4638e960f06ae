// SPDX-License-Identifier: Apache-2.0
// Reads the queues and workers that RQ keeps in one Redis, without changing them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/deadline.h"
#include "core/result.h"
#include "sources/redis_client.h"

namespace erpnext {

struct RqQueue {
  // Number of jobs by state, in RQ's words and two more: "intermediate" (taken from the queue and
  // not started yet) and "abandoned" (its worker died while it ran). Of finished and failed jobs
  // only those count whose retention has not ended; RQ itself says so only after a clean-up, which
  // changes the registries. A state that Redis refused to tell is not there.
  std::map<std::string_view, double> jobs;
  std::set<std::string> end_jobs;     // ids of the jobs at both ends of the list
  std::optional<double> oldest_unix;  // when the older of them was enqueued
};

struct RqWorker {
  std::string queues;  // names as RQ knows them, separated by commas
  std::string state;   // busy, idle, started, suspended; empty when the hash does not tell
};

// Keeps what was known after the last cycle: so one round trip is enough while no queue and no
// worker is new and nothing waits, and never more than three. One thread at a time.
class RqReader {
 public:
  explicit RqReader(std::unique_ptr<RedisConnection> redis) : redis_(std::move(redis)) {}

  // `configured` are queues that exist whether Redis has heard of them or not; of the others those
  // are read whose name begins with one of `prefixes`. `now` is in seconds since 1970. With an
  // error some figures may be there all the same.
  Status Read(const std::set<std::string>& configured, const std::set<std::string>& prefixes,
              double now, Deadline deadline);

  // By the names that RQ knows. Empty when Redis did not answer.
  const std::map<std::string, RqQueue>& queues() const { return queues_; }
  // Those whose hash is there: a member of rq:workers without one died some time ago. Nothing when
  // not all could be read: a part of them would look as if workers were missing.
  const std::optional<std::vector<RqWorker>>& workers() const { return workers_; }

 private:
  struct Names {
    std::set<std::string> queues;
    std::set<std::string> workers;
  };

  Status Ask(const Names& names, Deadline deadline, Names* all);
  void TakeWorker(const RedisReply& fields);
  Status ReadAges(Deadline deadline);

  std::unique_ptr<RedisConnection> redis_;
  std::string now_;
  Names known_;
  std::map<std::string, RqQueue> queues_;
  std::optional<std::vector<RqWorker>> workers_;
};

}  // namespace erpnext
