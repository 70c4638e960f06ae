// SPDX-License-Identifier: Apache-2.0
// Reads the queues, workers and running jobs that RQ keeps in one Redis, without changing them.
#pragma once

#include <cstdint>
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

// An entry of the registry of started jobs, rq:wip:<queue>.
struct RqStartedJob {
  std::string id;          // without the execution that RQ 2 appends
  bool abandoned = false;  // its time in the registry has ended: whoever ran it has died
  // From the job's own hash:
  bool known = false;  // the hash is there; the others are nothing without it
  std::string status;
  std::optional<double> started_unix;
  std::optional<double> timeout_seconds;  // nothing: unlimited, which RQ writes as -1
};

struct RqQueue {
  // Number of jobs by state, in RQ's words and two more: "intermediate" (taken from the queue and
  // not started yet) and "abandoned" (its worker died while it ran). Of finished and failed jobs
  // only those count whose retention has not ended; RQ itself says so only after a clean-up, which
  // changes the registries. A state that Redis refused to tell is not there.
  std::map<std::string_view, double> jobs;
  std::optional<double> failed_registered;  // entries of the registry of failed jobs, expired too
  std::optional<std::string> next_id, newest_id;      // of the job at each end of the list
  std::optional<double> next_unix, newest_unix;       // when it was enqueued
  std::optional<std::vector<RqStartedJob>> started;   // at most kMaxStarted
  std::optional<std::set<std::string>> intermediate;  // ids, at most kMaxStarted
};

struct RqWorker {
  std::string name;
  std::string queues;  // names as RQ knows them, separated by commas
  std::string state;   // busy, idle, started, suspended; empty when the hash does not tell
  std::string current_job;
  std::string host_name;
  std::optional<std::int64_t> pid;  // on that host
  std::optional<double> birth_unix;
  // Since its birth; RQ adds to them when a job has ended.
  double successful_jobs = 0, failed_jobs = 0, working_seconds = 0;
};

// What one Redis said at one moment. Immutable once read.
struct RqReading {
  std::map<std::string, RqQueue> queues;  // by the names that RQ knows; empty: no answer
  // Those whose hash is there. Nothing when not all could be read: a part of them would look as if
  // workers were missing.
  std::optional<std::vector<RqWorker>> workers;
  // Names that rq:workers lists without a hash: RQ lets it expire when its worker has not shown a
  // sign of life for too long, and some other worker takes the name out minutes later.
  std::set<std::string> expired_workers;
  std::optional<bool> suspended;  // `rq suspend`: all workers of this Redis take no jobs
};

// Which queues are wanted.
struct RqScope {
  std::set<std::string> configured;  // exist whether Redis has heard of them or not
  std::set<std::string> prefixes;    // of the others those whose name begins with one of these
};

// Keeps what was known after the last cycle: so one round trip is enough while no queue and no
// worker is new and nothing waits or runs, and never more than three. One thread at a time.
class RqReader {
 public:
  static constexpr std::size_t kMaxStarted = 2'000;  // of each queue

  explicit RqReader(std::unique_ptr<RedisConnection> redis) : redis_(std::move(redis)) {}

  // `now` is in seconds since 1970. With an error some figures may be there all the same.
  Status Read(const RqScope& scope, double now, Deadline deadline, RqReading& reading);

 private:
  struct Names {
    std::set<std::string> queues;
    std::set<std::string> workers;
  };

  Status Ask(const Names& names, Deadline deadline, Names* all, RqReading& reading);
  Status AskJobs(Deadline deadline, RqReading& reading);

  std::unique_ptr<RedisConnection> redis_;
  double now_ = 0;
  Names known_;
};

}  // namespace erpnext
