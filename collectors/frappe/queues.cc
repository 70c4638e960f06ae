// SPDX-License-Identifier: Apache-2.0
// The RQ queues of each bench: jobs by state, how long they wait, when they will be done.
#include "collectors/frappe/queues.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "collectors/frappe/queue_drain.h"
#include "collectors/rq_servers.h"
#include "core/text.h"

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
constexpr Family kNextAge{
    .name = "erpnext_queue_next_job_age_seconds",
    .labels = {"bench", "queue"},
    .help =
        "How long the job that a worker will take next has been waiting. Younger than the oldest "
        "one where jobs are put at the front of the queue.",
    .source = "LINDEX rq:queue:<queue> 0; enqueued_at of rq:job:<id>"};
constexpr Family kNewestAge{.name = "erpnext_queue_newest_job_age_seconds",
                            .labels = {"bench", "queue"},
                            .help = "How long ago the job at the end of the queue was put there.",
                            .source = "LINDEX rq:queue:<queue> -1; enqueued_at of rq:job:<id>"};
constexpr Family kDrain{
    .name = "erpnext_queue_drain_seconds",
    .labels = {"bench", "queue"},
    .help =
        "Time until the queue is empty if it goes on as in the last five minutes. +Inf when it "
        "does not get shorter, or when nobody takes jobs from it. Absent in the first minute.",
    .source = "changes of LLEN rq:queue:<queue>"};
constexpr Family kTimeout{
    .name = "erpnext_queue_timeout_seconds",
    .labels = {"bench", "queue"},
    .help = "How long a job of the queue may run, unless it brings a limit of its own.",
    .source = "workers.<queue>.timeout of common_site_config.json; Frappe's defaults"};
constexpr Family kFailedCapped{
    .name = "erpnext_queue_failed_jobs_capped",
    .labels = {"bench", "queue"},
    .help =
        "1 when the list of failed jobs is as long as Frappe lets it become. Then it deletes "
        "failed jobs, and their number says no more how many failed. Absent before Frappe 14.47, "
        "which deletes none.",
    .source =
        "ZCARD rq:failed:<queue>; rq_failed_jobs_limit, else 1000; version in "
        "apps/frappe/frappe/__init__.py"};
constexpr Family kSuspended{.name = "erpnext_queues_suspended",
                            .labels = {"bench"},
                            .help = "1 when `rq suspend` keeps all workers from taking jobs.",
                            .source = "EXISTS rq:suspended"};
constexpr const Family* kFamilies[] = {&kJobs,  &kOldestAge, &kNextAge,      &kNewestAge,
                                       &kDrain, &kTimeout,   &kFailedCapped, &kSuspended};

// truncate_failed_registry of Frappe 14.47 and later keeps one less than the limit, and adds one.
constexpr double kFailedJobsLimit = 1000;

// A version that is not known is taken for one of those.
bool TruncatesFailed(const Bench& bench) {
  if (bench.frappe_major.value_or(15) != 14) return bench.frappe_major.value_or(15) > 14;
  const auto frappe = std::find_if(bench.apps.begin(), bench.apps.end(),
                                   [](const App& app) { return app.name == "frappe"; });
  if (frappe == bench.apps.end()) return true;
  const std::string_view version = frappe->version;
  return MajorVersion(version.substr(version.find('.') + 1)).value_or(47) >= 47;
}

double FailedLimit(const Bench& bench) {
  const auto limit = bench.config.Integer("rq_failed_jobs_limit");
  return limit && *limit > 1 ? static_cast<double>(*limit) : kFailedJobsLimit;
}

// The clocks of two hosts differ: a job cannot have been waiting since the future.
void AddAge(const Family& family, const std::string& bench, std::string_view queue,
            std::optional<double> since, double now, SampleSink& sink) {
  if (since) sink.Add(family, {bench, queue}, std::max(0.0, now - *since));
}

std::optional<double> Earlier(std::optional<double> a, std::optional<double> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

// Whether anybody listens; nothing when the workers are not known.
std::optional<bool> HasListener(const RqReading& reading, const std::string& rq_name) {
  if (!reading.workers) return std::nullopt;
  return std::any_of(reading.workers->begin(), reading.workers->end(), [&](const RqWorker& worker) {
    const auto names = Split(worker.queues, ',');
    return std::find(names.begin(), names.end(), rq_name) != names.end();
  });
}

class QueuesCollector final : public Collector {
 public:
  explicit QueuesCollector(const CollectorContext& context)
      : context_(context), servers_(context) {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    const auto inventory = context_.inventory->Current();
    std::map<Key, QueueDrain> before = std::move(drains_);
    drains_.clear();
    return servers_.Read(*inventory, deadline, [&](const auto& benches, const RqOutcome& outcome) {
      for (const Bench* bench : benches) AddBench(*bench, outcome, before, sink);
    });
  }

 private:
  using Key = std::pair<std::string, std::string>;  // bench, queue

  void AddBench(const Bench& bench, const RqOutcome& outcome, std::map<Key, QueueDrain>& before,
                SampleSink& sink) {
    const RqReading& reading = outcome.reading;
    if (reading.suspended) sink.Add(kSuspended, {bench.name}, *reading.suspended ? 1 : 0);
    const BenchQueues own(bench);
    for (const auto& [rq_name, queue] : reading.queues) {
      const auto name = own.NameOf(rq_name);
      if (!name) continue;
      AddQueue(bench, *name, queue, UnixSeconds(outcome.at), sink);
      QueueDrain& drain = drains_[{bench.name, std::string(*name)}];
      drain = std::move(before[{bench.name, std::string(*name)}]);
      const auto queued = queue.jobs.find("queued");
      if (queued == queue.jobs.end()) continue;
      drain.Add(outcome.steady_at, queued->second);
      const bool stands = queued->second > 0 && (reading.suspended.value_or(false) ||
                                                 !HasListener(reading, rq_name).value_or(true));
      const auto seconds = stands ? std::numeric_limits<double>::infinity() : drain.Seconds();
      if (seconds) sink.Add(kDrain, {bench.name, *name}, *seconds);
    }
  }

  static void AddQueue(const Bench& bench, std::string_view name, const RqQueue& queue, double now,
                       SampleSink& sink) {
    for (const auto& [state, count] : queue.jobs) {
      sink.Add(kJobs, {bench.name, name, state}, count);
    }
    const auto oldest = Earlier(queue.next_unix, queue.newest_unix);
    AddAge(kOldestAge, bench.name, name, oldest, now, sink);
    AddAge(kNextAge, bench.name, name, queue.next_unix, now, sink);
    AddAge(kNewestAge, bench.name, name, queue.newest_unix, now, sink);
    if (const auto timeout = QueueTimeout(bench, name)) {
      sink.Add(kTimeout, {bench.name, name}, *timeout);
    }
    if (queue.failed_registered && TruncatesFailed(bench)) {
      const bool capped = *queue.failed_registered >= FailedLimit(bench) - 1;
      sink.Add(kFailedCapped, {bench.name, name}, capped ? 1 : 0);
    }
  }

  CollectorContext context_;
  RqServers servers_;
  std::map<Key, QueueDrain> drains_;
};

}  // namespace

const CollectorEntry kQueuesCollector{
    .name = "queues",
    .summary = "RQ queues: jobs by state, how long they wait, when they will be done",
    .access = "Redis (queue role): read commands on rq:*",
    .redis_commands = "smembers exists llen lindex lrange zcard zcount zrange hmget",
    .timeout = std::chrono::seconds(2),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<QueuesCollector>(context);
    }};

}  // namespace erpnext
