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

// Which of the queues in a Redis are those of one bench.
class BenchQueues {
 public:
  explicit BenchQueues(const Bench& bench) : prefix_(RqNamePrefix(bench)) {
    for (std::string_view name : kStandardQueues) configured_.insert(prefix_ + std::string(name));
    for (const std::string& name : bench.config.KeysOf("workers")) {
      configured_.insert(prefix_ + name);
    }
  }

  const std::string& prefix() const { return prefix_; }
  const std::set<std::string>& configured() const { return configured_; }  // as RQ names them

  // The queue as Frappe calls it; nothing when it is another bench's.
  std::optional<std::string_view> NameOf(std::string_view rq_name) const {
    if (const auto name = FrappeQueueName(rq_name, prefix_)) return name;
    // Without a prefix a name with a colon looks like that of a newer bench.
    if (prefix_.empty() && configured_.contains(std::string(rq_name))) return rq_name;
    return std::nullopt;
  }

 private:
  std::string prefix_;
  std::set<std::string> configured_;
};

void AddJobs(const Bench& bench, const RqReader& rq, double now, SampleSink& sink) {
  const BenchQueues own(bench);
  for (const auto& [rq_name, queue] : rq.queues()) {
    const auto name = own.NameOf(rq_name);
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
  if (!rq.workers()) return;
  const BenchQueues own(bench);
  std::map<std::pair<std::string, std::string_view>, double> counts;
  for (const auto& [rq_name, queue] : rq.queues()) {
    const auto name = own.NameOf(rq_name);
    if (!name) continue;
    for (std::string_view state : kWorkerStates) counts[{std::string(*name), state}] = 0;
  }
  for (const RqWorker& worker : *rq.workers()) {
    const auto* known = std::find(std::begin(kWorkerStates), std::end(kWorkerStates), worker.state);
    const std::string_view state = known != std::end(kWorkerStates) ? *known : "unknown";
    std::set<std::string_view> names;  // a queue that is given twice still has one worker
    for (std::string_view rq_name : Split(worker.queues, ',')) {
      if (const auto name = own.NameOf(rq_name)) names.insert(*name);
    }
    for (std::string_view name : names) ++counts[{std::string(name), state}];
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
    for (Server& server : servers_) server.benches.clear();
    for (const Bench& bench : inventory->benches) {
      if (bench.redis_queue) ServerAt(*bench.redis_queue).benches.push_back(&bench);
    }
    std::erase_if(servers_, [](const Server& server) { return server.benches.empty(); });
    Status status;
    std::size_t left = servers_.size();
    for (Server& server : servers_) {
      const Status read = CollectServer(server.rq, server.benches, deadline.Share(left--), sink);
      if (!read && status) status = read;
    }
    return status;
  }

 private:
  // Benches that share a Redis and a login share the connection.
  struct Server {
    RedisEndpoint endpoint;
    RqReader rq;
    std::vector<const Bench*> benches;
  };

  Server& ServerAt(const RedisEndpoint& endpoint) {
    const auto known = std::find_if(servers_.begin(), servers_.end(), [&](const Server& server) {
      return server.endpoint == endpoint;
    });
    if (known != servers_.end()) return *known;
    servers_.push_back(
        {endpoint, RqReader(context_.connect_redis(context_.settings.Login(endpoint))), {}});
    return servers_.back();
  }

  Status CollectServer(RqReader& rq, const std::vector<const Bench*>& benches, Deadline deadline,
                       SampleSink& sink) const {
    std::set<std::string> configured, prefixes;
    for (const Bench* bench : benches) {
      const BenchQueues own(*bench);
      configured.insert(own.configured().begin(), own.configured().end());
      prefixes.insert(own.prefix());
    }
    const double now = UnixSeconds(context_.clock->Wall());
    const Status status = rq.Read(configured, prefixes, now, deadline);
    for (const Bench* bench : benches) {
      AddJobs(*bench, rq, now, sink);
      AddWorkers(*bench, rq, sink);
    }
    return status;
  }

  CollectorContext context_;
  std::vector<Server> servers_;
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
