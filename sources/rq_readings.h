// SPDX-License-Identifier: Apache-2.0
// Lets several collectors stand on one reading of a Redis.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "core/clock.h"
#include "core/deadline.h"
#include "core/result.h"
#include "sources/redis_endpoint.h"
#include "sources/rq_reader.h"

namespace erpnext {

// One reading and how it ended; immutable.
struct RqOutcome {
  std::uint64_t number = 0;  // of the reading; grows
  WallTime at{};
  SteadyTime steady_at{};
  RqReading reading;
  Status status;
};

// Shared by the collectors of a process. Thread-safe: who asks while another reads waits for that.
class RqReadings {
 public:
  using Connect = std::function<std::unique_ptr<RedisConnection>(const RedisEndpoint&)>;

  static constexpr std::chrono::seconds kFresh{1};

  // The last reading of this Redis if it is younger than kFresh and its number is greater than
  // `seen`, which is the last one that the caller had; else a new one. An outcome is always there;
  // Timeout when another's reading did not end before the deadline.
  std::shared_ptr<const RqOutcome> Read(const RedisEndpoint& endpoint, const RqScope& scope,
                                        std::uint64_t seen, const Clock& clock,
                                        const Connect& connect, Deadline deadline);

 private:
  struct Server {
    RedisEndpoint endpoint;
    std::mutex mutex;
    std::condition_variable freed;
    bool busy = false;  // who sets it owns the reader and `last`
    std::unique_ptr<RqReader> reader;
    std::shared_ptr<const RqOutcome> last;
    SteadyTime used{};
  };
  class Turn;

  std::shared_ptr<Server> For(const RedisEndpoint& endpoint, SteadyTime now);

  std::mutex mutex_;  // of the list
  std::vector<std::shared_ptr<Server>> servers_;
};

}  // namespace erpnext
