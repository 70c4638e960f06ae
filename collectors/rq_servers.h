// SPDX-License-Identifier: Apache-2.0
// The benches behind each queue Redis, and which of its queues are theirs.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/context.h"
#include "sources/rq_readings.h"

namespace erpnext {

// Which of the queues in a Redis are those of one bench.
class BenchQueues {
 public:
  explicit BenchQueues(const Bench& bench);

  const std::string& prefix() const { return prefix_; }
  const std::set<std::string>& configured() const { return configured_; }  // as RQ names them

  // The queue as Frappe calls it; nothing when it is another bench's.
  std::optional<std::string_view> NameOf(std::string_view rq_name) const;

  // Of a worker's comma-separated queues those of this bench, each once, in their order.
  std::vector<std::string_view> NamesOf(std::string_view rq_names) const;

 private:
  std::string prefix_;
  std::set<std::string> configured_;
};

// Seconds that a job of this queue may take, unless it brings its own limit; nothing for a queue
// that Frappe does not know. As frappe.utils.background_jobs.get_queues_timeout, 13 to 16.
std::optional<double> QueueTimeout(const Bench& bench, std::string_view queue);

// Reads all queue Redis for one collector. One thread at a time.
class RqServers {
 public:
  // `benches` share the Redis.
  using Use = std::function<void(const std::vector<const Bench*>& benches, const RqOutcome&)>;

  explicit RqServers(const CollectorContext& context) : context_(context) {}

  // Benches that share a Redis and a login share a reading. Returns the first error; `use` is
  // called for every Redis, also where nothing was read.
  Status Read(const Inventory& inventory, Deadline deadline, const Use& use);

 private:
  CollectorContext context_;
  std::vector<std::pair<RedisEndpoint, std::uint64_t>> seen_;  // number of the last reading
};

}  // namespace erpnext
