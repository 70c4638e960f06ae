// SPDX-License-Identifier: Apache-2.0
// The RQ queues of each bench: jobs by state, age of the oldest waiting job, workers that listen.
#include "collectors/frappe/queues.h"

#include <algorithm>
#include <map>
#include <set>

#include "collectors/context.h"
#include "core/text.h"
#include "sources/rq.h"
#include "sources/rq_reader.h"

namespace erpnext {
namespace {

constexpr Family kJobs{
    .name = "erpnext_queue_jobs",
    .labels = {"bench", "queue", "state"},
    .help =
        "Jobs of a queue by state. Finished and failed jobs are those whose retention has not "
        "ended; abandoned ones were running when their worker died; intermediate ones are "
        "between being taken from the queue and being started.",
    .source = "LLEN rq:queue:<queue>; ZCARD of each registry, less what has expired"};
constexpr Family kOldestAge{
    .name = "erpnext_queue_oldest_job_age_seconds",
    .labels = {"bench", "queue"},
    .help =
        "How long the older of the two jobs at the ends of the queue has been waiting. Absent "
        "when nothing waits.",
    .source = "LINDEX rq:queue:<queue> 0 and -1; enqueued_at of rq:job:<id>"};
constexpr Family kWorkers{
    .name = "erpnext_queue_workers",
    .labels = {"bench", "queue", "state"},
    .help =
        "Workers that listen on a queue, by the state that RQ keeps of them. A worker that "
        "listens on several queues counts in each.",
    .source = "SMEMBERS rq:workers; queues and state of rq:worker:<name>"};
constexpr const Family* kFamilies[] = {&kJobs, &kOldestAge, &kWorkers};

constexpr std::string_view kStandardQueues[] = {"short", "default", "long"};
constexpr std::string_view kWorkerStates[] = {"busy", "idle", "started", "suspended", "unknown"};

std::set<std::string> ConfiguredQueues(const Bench& bench) {
  const std::string prefix = RqNamePrefix(bench);
  std::set<std::string> queues;
  for (std::string_view name : kStandardQueues) queues.insert(prefix + std::string(name));
  for (const std::string& name : bench.config.KeysOf("workers")) queues.insert(prefix + name);
  return queues;
}

void AddJobs(const Bench& bench, const RqReader& rq, double now, SampleSink& sink) {
  const std::string prefix = RqNamePrefix(bench);
  for (const auto& [rq_name, queue] : rq.queues()) {
    const auto name = FrappeQueueName(rq_name, prefix);
    if (!name) continue;
    for (const auto& [state, count] : queue.jobs) {
      sink.Add(kJobs, {bench.name, *name, state}, count);
    }
    if (queue.oldest_unix) {
      // The clocks of two hosts differ: a job cannot have been waiting since the future.
      sink.Add(kOldestAge, {bench.name, *name}, std::max(0.0, now - *queue.oldest_unix));
    }
  }
}

void AddWorkers(const Bench& bench, const RqReader& rq, SampleSink& sink) {
  const std::string prefix = RqNamePrefix(bench);
  std::map<std::pair<std::string, std::string_view>, double> counts;
  for (const auto& [rq_name, queue] : rq.queues()) {
    const auto name = FrappeQueueName(rq_name, prefix);
    if (!name) continue;
    for (std::string_view state : kWorkerStates) counts[{std::string(*name), state}] = 0;
  }
  for (const RqWorker& worker : rq.workers()) {
    const auto* known = std::find(std::begin(kWorkerStates), std::end(kWorkerStates), worker.state);
    const std::string_view state = known != std::end(kWorkerStates) ? *known : "unknown";
    for (std::string_view rq_name : Split(worker.queues, ',')) {
      if (const auto name = FrappeQueueName(rq_name, prefix)) ++counts[{std::string(*name), state}];
    }
  }
  for (const auto& [key, count] : counts) {
    sink.Add(kWorkers, {bench.name, key.first, key.second}, count);
  }
}

class QueuesCollector final : public Collector {
 public:
  explicit QueuesCollector(const CollectorContext& context) : context_(context) {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    const auto inventory = context_.inventory->Current();
    // Benches that share a Redis and a login share the connection.
    std::map<std::string, std::vector<const Bench*>> by_server;
    for (const Bench& bench : inventory->benches) {
      if (!bench.redis_queue) continue;
      by_server[bench.redis_queue->user + "@" + bench.redis_queue->Text()].push_back(&bench);
    }
    std::erase_if(readers_, [&](const auto& item) { return !by_server.contains(item.first); });
    Status status;
    std::size_t left = by_server.size();
    for (const auto& [server, benches] : by_server) {
      const Status read = CollectServer(server, benches, deadline.Share(left--), sink);
      if (!read && status) status = read;
    }
    return status;
  }

 private:
  Status CollectServer(const std::string& server, const std::vector<const Bench*>& benches,
                       Deadline deadline, SampleSink& sink) {
    const auto known = readers_.find(server);
    RqReader& rq = known != readers_.end()
                       ? known->second
                       : readers_.try_emplace(server, Connect(*benches.front())).first->second;
    std::set<std::string> configured, prefixes;
    for (const Bench* bench : benches) {
      configured.merge(ConfiguredQueues(*bench));
      prefixes.insert(RqNamePrefix(*bench));
    }
    const double now = UnixSeconds(context_.clock->Wall());
    const Status status = rq.Read(configured, prefixes, now, deadline);
    for (const Bench* bench : benches) {
      AddJobs(*bench, rq, now, sink);
      if (!rq.queues().empty()) AddWorkers(*bench, rq, sink);
    }
    return status;
  }

  std::unique_ptr<RedisConnection> Connect(const Bench& bench) const {
    return context_.connect_redis(context_.settings.Login(*bench.redis_queue));
  }

  CollectorContext context_;
  std::map<std::string, RqReader> readers_;
};

}  // namespace

const CollectorEntry kQueuesCollector{
    .name = "queues",
    .summary = "RQ queues: jobs by state, oldest waiting job, workers by state",
    .access = "Redis (queue role): SMEMBERS, LLEN, LINDEX, ZCARD, ZCOUNT, HMGET on rq:*",
    .redis_commands = "smembers llen lindex zcard zcount hmget",
    .timeout = std::chrono::seconds(2),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<QueuesCollector>(context);
    }};

}  // namespace erpnext
