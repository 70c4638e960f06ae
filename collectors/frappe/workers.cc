// SPDX-License-Identifier: Apache-2.0
// The RQ workers of each bench: what they do, what they have done, which jobs hang and why.
#include "collectors/frappe/workers.h"

#include <algorithm>
#include <map>
#include <set>

#include "collectors/frappe/stuck_jobs.h"
#include "collectors/frappe/worker_counts.h"
#include "collectors/rq_servers.h"
#include "sources/file.h"
#include "sources/local_process.h"

namespace erpnext {
namespace {

constexpr Family kQueueWorkers{
    .name = "erpnext_queue_workers",
    .labels = {"bench", "queue", "state"},
    .help =
        "Workers that listen on a queue, by the state that RQ keeps of them. A worker that "
        "listens on several queues counts in each. Dead ones are listed though their process has "
        "ended.",
    .source = "SMEMBERS rq:workers; queues, state, hostname, pid of rq:worker:<name>; /proc/<pid>"};
constexpr Family kWorkers{
    .name = "erpnext_workers",
    .labels = {"bench", "queues", "state"},
    .help = "Workers by the queues on which they listen, in their order, and by state: each once.",
    .source = "SMEMBERS rq:workers; queues and state of rq:worker:<name>"};
constexpr Family kVanished{
    .name = "erpnext_workers_vanished",
    .labels = {"bench"},
    .help =
        "Workers that RQ still lists, but that gave no sign of life for so long that Redis has "
        "forgotten on which queues they listened. Those of other benches on the same Redis count "
        "too.",
    .source = "members of rq:workers without a hash rq:worker:<name>"};
constexpr Family kJobs{.name = "erpnext_worker_jobs_total",
                       .kind = MetricKind::kCounter,
                       .labels = {"bench", "queues", "result"},
                       .help =
                           "Jobs that workers have ended since this process looks, by the queues "
                           "on which they listen.",
                       .source = "successful_job_count, failed_job_count of rq:worker:<name>"};
constexpr Family kBusy{
    .name = "erpnext_worker_busy_seconds_total",
    .kind = MetricKind::kCounter,
    .labels = {"bench", "queues"},
    .help =
        "Time that jobs took which workers have ended since this process looks. Its rate over the "
        "number of workers is how busy they are.",
    .source = "total_working_time of rq:worker:<name>"};
constexpr Family kLongestAge{
    .name = "erpnext_queue_longest_job_age_seconds",
    .labels = {"bench", "queue"},
    .help = "How long the longest running job has been running. Absent when none runs.",
    .source = "rq:wip:<queue>; started_at of rq:job:<id>"};
constexpr Family kLongestRatio{
    .name = "erpnext_queue_longest_job_timeout_ratio",
    .labels = {"bench", "queue"},
    .help =
        "Of all running jobs the largest part of its own time limit that is used up; above 1 its "
        "worker could not stop it. Absent when no job with a limit runs.",
    .source = "rq:wip:<queue>; started_at and timeout of rq:job:<id>"};
constexpr Family kStuck{
    .name = "erpnext_jobs_stuck",
    .labels = {"bench", "queue", "reason"},
    .help =
        "Jobs that will not go on by themselves: over_timeout (runs longer than its limit), "
        "worker_dead (its worker died), intermediate (taken from the queue, never started), zombie "
        "(counts as running, no worker runs it), no_listener (waits, no worker listens), suspended "
        "(waits, workers are suspended).",
    .source = "rq:wip:<queue> against current_job of all workers; rq:queue:<queue>"};
constexpr Family kOrphaned{
    .name = "erpnext_workers_orphaned",
    .labels = {"bench"},
    .help =
        "Workers of this host that supervisor started and has lost: they go on with old code, and "
        "nobody stops or restarts them. Absent when no worker's process is seen here.",
    .source = "/proc/<pid>/stat and cgroup of the pid in rq:worker:<name>"};
constexpr Family kOldCode{
    .name = "erpnext_workers_older_than_code",
    .labels = {"bench"},
    .help =
        "Workers of this host that began before the code of an app was changed: they still run "
        "what was there before. Absent when no worker's process is seen here.",
    .source = "start of the process against the time of apps/<app>/<app>/__init__.py"};
constexpr const Family* kFamilies[] = {&kQueueWorkers, &kWorkers, &kVanished, &kOrphaned,
                                       &kOldCode,      &kJobs,    &kBusy,     &kLongestAge,
                                       &kLongestRatio, &kStuck};

constexpr std::string_view kDead = "dead";
constexpr std::string_view kStates[] = {"busy", "idle", "started", "suspended", "unknown", kDead};

struct JudgedWorker {
  const RqWorker* worker;
  std::string_view state;
  std::optional<LocalProcess> process;  // of this host
};

std::string Join(const std::vector<std::string_view>& names) {
  std::string joined;
  for (std::string_view name : names) joined += (joined.empty() ? "" : ",") + std::string(name);
  return joined;
}

// In seconds since 1970; 0 when no app's file is there. An update of an app changes its version,
// which stands in this file, and git writes anew only the files that differ.
double CodeChangedAt(const Bench& bench) {
  double newest = 0;
  for (const App& app : bench.apps) {
    const auto stamp =
        StampOf(fmt::format("{}/apps/{}/{}/__init__.py", bench.path, app.name, app.name));
    if (stamp) newest = std::max(newest, static_cast<double>(stamp->modified_ns) / 1e9);
  }
  return newest;
}

ClaimedJobs ClaimsOf(const std::vector<JudgedWorker>& workers) {
  ClaimedJobs claimed;
  for (const auto& [worker, state, process] : workers) {
    if (worker->current_job.empty()) continue;
    (state == kDead ? claimed.dead : claimed.living).insert(worker->current_job);
  }
  return claimed;
}

class WorkersCollector final : public Collector {
 public:
  explicit WorkersCollector(const CollectorContext& context)
      : context_(context),
        servers_(context),
        processes_(context.settings.proc_path, context.settings.host_name) {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    const auto inventory = context_.inventory->Current();
    const auto benches_of = [&](const auto& benches, const RqOutcome& outcome) {
      if (!outcome.reading.workers) return;
      const std::vector<JudgedWorker> workers = Judge(*outcome.reading.workers);
      const ClaimedJobs claimed = ClaimsOf(workers);
      for (const Bench* bench : benches) {
        AddWorkers(*bench, outcome.reading, workers, sink);
        AddProcesses(*bench, workers, sink);
        AddCounts(*bench, workers, outcome.steady_at, sink);
        AddQueues(*bench, outcome, workers, claimed, sink);
      }
    };
    const Status status = servers_.Read(*inventory, deadline, benches_of);
    Forget(*inventory);
    return status;
  }

 private:
  std::vector<JudgedWorker> Judge(const std::vector<RqWorker>& workers) const {
    std::vector<JudgedWorker> judged;
    for (const RqWorker& worker : workers) {
      const auto* known = std::find(std::begin(kStates), std::end(kStates), worker.state);
      std::string_view state = known != std::end(kStates) ? *known : "unknown";
      ProcessSight sight;
      if (worker.pid && worker.host_name == processes_.host_name()) {
        sight = processes_.Look(*worker.pid, worker.birth_unix);
      }
      // A worker that was killed stays listed as it was, busy or idle, for up to eight minutes.
      if (sight.fate == ProcessSight::Fate::kGone) state = kDead;
      judged.push_back({&worker, state, sight.process});
    }
    return judged;
  }

  static void AddWorkers(const Bench& bench, const RqReading& reading,
                         const std::vector<JudgedWorker>& workers, SampleSink& sink) {
    const BenchQueues own(bench);
    using Key = std::pair<std::string, std::string_view>;  // queue or queues, state
    std::map<Key, double> by_queue, by_queues;
    for (const auto& [rq_name, queue] : reading.queues) {
      const auto name = own.NameOf(rq_name);
      if (!name) continue;
      for (std::string_view state : kStates) by_queue[{std::string(*name), state}] = 0;
    }
    for (const auto& [worker, state, process] : workers) {
      const auto names = own.NamesOf(worker->queues);
      for (std::string_view name : names) ++by_queue[{std::string(name), state}];
      if (names.empty()) continue;
      const std::string queues = Join(names);
      for (std::string_view other : kStates) by_queues[{queues, other}] += other == state ? 1 : 0;
    }
    for (const auto& [key, count] : by_queue) {
      sink.Add(kQueueWorkers, {bench.name, key.first, key.second}, count);
    }
    for (const auto& [key, count] : by_queues) {
      sink.Add(kWorkers, {bench.name, key.first, key.second}, count);
    }
    sink.Add(kVanished, {bench.name}, static_cast<double>(reading.expired_workers.size()));
  }

  static void AddProcesses(const Bench& bench, const std::vector<JudgedWorker>& workers,
                           SampleSink& sink) {
    const BenchQueues own(bench);
    const double changed = CodeChangedAt(bench);
    double seen = 0, orphaned = 0, old = 0;
    for (const auto& [worker, state, process] : workers) {
      if (!process || own.NamesOf(worker->queues).empty()) continue;
      ++seen;
      orphaned += process->orphaned ? 1 : 0;
      old += process->started_unix < changed ? 1 : 0;
    }
    if (seen == 0) return;
    sink.Add(kOrphaned, {bench.name}, orphaned);
    sink.Add(kOldCode, {bench.name}, old);
  }

  void AddCounts(const Bench& bench, const std::vector<JudgedWorker>& workers, SteadyTime now,
                 SampleSink& sink) {
    const BenchQueues own(bench);
    std::vector<WorkerCounts::Worker> counted;
    for (const auto& [worker, state, process] : workers) {
      const auto names = own.NamesOf(worker->queues);
      if (names.empty()) continue;
      counted.push_back({worker->name,
                         Join(names),
                         {worker->successful_jobs, worker->failed_jobs, worker->working_seconds}});
    }
    WorkerCounts& counts = counts_[bench.name];
    counts.Add(counted, now);
    for (const auto& [queues, work] : counts.totals()) {
      sink.Add(kJobs, {bench.name, queues, "successful"}, work.successful_jobs);
      sink.Add(kJobs, {bench.name, queues, "failed"}, work.failed_jobs);
      sink.Add(kBusy, {bench.name, queues}, work.busy_seconds);
    }
  }

  void AddQueues(const Bench& bench, const RqOutcome& outcome,
                 const std::vector<JudgedWorker>& workers, const ClaimedJobs& claimed,
                 SampleSink& sink) {
    const BenchQueues own(bench);
    std::map<std::string_view, std::size_t> listeners;
    for (const auto& [worker, state, process] : workers) {
      if (state == kDead) continue;
      for (std::string_view name : own.NamesOf(worker->queues)) ++listeners[name];
    }
    const double now = UnixSeconds(outcome.at);
    std::map<std::string, StuckJobs>& stuck = stuck_[bench.name];
    std::erase_if(stuck,
                  [&](const auto& entry) { return !outcome.reading.queues.contains(entry.first); });
    for (const auto& [rq_name, queue] : outcome.reading.queues) {
      const auto name = own.NameOf(rq_name);
      if (!name) continue;
      const LongestJob longest = LongestRunning(queue, claimed, now);
      if (longest.age_seconds) sink.Add(kLongestAge, {bench.name, *name}, *longest.age_seconds);
      if (longest.timeout_ratio) {
        sink.Add(kLongestRatio, {bench.name, *name}, *longest.timeout_ratio);
      }
      const QueueSurroundings around{now, listeners[*name],
                                     outcome.reading.suspended.value_or(false)};
      for (const auto& [reason, jobs] : stuck[rq_name].Count(queue, claimed, around)) {
        sink.Add(kStuck, {bench.name, *name, reason}, jobs);
      }
    }
  }

  // Benches that are no more.
  void Forget(const Inventory& inventory) {
    std::set<std::string> names;
    for (const Bench& bench : inventory.benches) names.insert(bench.name);
    std::erase_if(counts_, [&](const auto& entry) { return !names.contains(entry.first); });
    std::erase_if(stuck_, [&](const auto& entry) { return !names.contains(entry.first); });
  }

  CollectorContext context_;
  RqServers servers_;
  LocalProcesses processes_;
  std::map<std::string, WorkerCounts> counts_;                     // by bench
  std::map<std::string, std::map<std::string, StuckJobs>> stuck_;  // by bench, then queue
};

}  // namespace

const CollectorEntry kWorkersCollector{
    .name = "workers",
    .summary = "RQ workers: state, jobs done, time busy; jobs that hang, and why",
    .access = "Redis (queue role): read commands on rq:*; /proc of this host's workers",
    .redis_commands = "smembers exists llen lindex lrange zcard zcount zrange hmget",
    .timeout = std::chrono::seconds(2),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<WorkersCollector>(context);
    }};

}  // namespace erpnext
