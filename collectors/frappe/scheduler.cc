// SPDX-License-Identifier: Apache-2.0
// Whether the scheduled jobs of each site run, and if not, why.
#include "collectors/frappe/scheduler.h"

#include <map>
#include <memory>
#include <utility>

#include "collectors/connect_reason.h"
#include "collectors/context.h"
#include "collectors/frappe/scheduler_site.h"
#include "collectors/frappe/scheduler_state.h"
#include "core/text.h"
#include "sources/bench_processes.h"
#include "sources/file_locks.h"
#include "sources/site_database.h"

namespace erpnext {
namespace {

constexpr Family kState{
    .name = "erpnext_scheduler_state",
    .labels = {"bench", "site", "state"},
    .help =
        "1 for the first reason that keeps the jobs of a site from running, or for active; 0 for "
        "the other states. A dormant site runs its jobs once a day. Absent when what decides "
        "cannot be read.",
    .source =
        "site_config.json; System Settings enable_scheduler, dormant_days; newest Activity "
        "Log; process; Redis"};
constexpr Family kProcessUp{
    .name = "erpnext_scheduler_process_up",
    .labels = {"bench"},
    .help =
        "1 when a scheduler of the bench was seen, 0 when other programs of it were seen but no "
        "scheduler. Absent when none can be seen, as from another container.",
    .source =
        "/proc/locks for config/scheduler_process; key <bench id>:scheduler:heartbeat; "
        "/proc/<pid>/cmdline"};
constexpr Family kDormantIn{
    .name = "erpnext_scheduler_dormant_in_seconds",
    .labels = {"bench", "site"},
    .help =
        "Time until a site on which nobody logs in falls dormant; below 0 since it is. Absent "
        "where no site does: in Frappe 16, and in developer mode.",
    .source = "System Settings dormant_days, newest modified of tabActivity Log"};
constexpr Family kLastExecution{
    .name = "erpnext_scheduler_last_execution_timestamp_seconds",
    .labels = {"bench", "site"},
    .help = "When the newest job of a type that is not stopped was executed. Absent when none was.",
    .source = "last_execution of tabScheduled Job Type, in the site's time zone"};
constexpr Family kTypes{.name = "erpnext_scheduled_job_types",
                        .labels = {"bench", "site", "state"},
                        .help = "Types of scheduled jobs, enabled or stopped.",
                        .source = "stopped of tabScheduled Job Type"};
constexpr Family kOverdue{
    .name = "erpnext_scheduled_jobs_overdue",
    .labels = {"bench", "site"},
    .help =
        "Types of jobs that should have run at least 18 minutes ago: two ticks of the scheduler "
        "and the ten minutes by which Frappe spreads jobs. Types whose cron line is not of "
        "five plain fields are left out.",
    .source = "last_execution, frequency and cron_format of tabScheduled Job Type"};
constexpr Family kLateness{
    .name = "erpnext_scheduled_job_lateness_seconds",
    .labels = {"bench", "site", "frequency"},
    .help = "How long past due the latest type of job of each frequency is; 0 when none is.",
    .source = "last_execution, frequency and cron_format of tabScheduled Job Type"};
constexpr Family kRuns{
    .name = "erpnext_scheduled_job_runs_total",
    .kind = MetricKind::kCounter,
    .labels = {"bench", "site", "status"},
    .help =
        "Runs of scheduled jobs that ended since the exporter started. Jobs that write no log "
        "do not count, such as those that run every few minutes.",
    .source = "status of new rows of tabScheduled Job Log"};
constexpr Family kFailures{
    .name = "erpnext_scheduled_job_failures",
    .labels = {"bench", "site", "job_type"},
    .help =
        "Runs of the last 48 hours that failed, of the ten jobs with the most; those of all "
        "others are job_type other. As in Frappe's report, a run that has not ended after half an "
        "hour has failed: who was killed never says so. Counted every five minutes.",
    .source = "scheduled_job_type and status of tabScheduled Job Log"};
constexpr Family kFailing{
    .name = "erpnext_scheduled_job_failing",
    .labels = {"bench", "site", "job_type"},
    .help =
        "1 when the newest run of a job that failed in the last 48 hours failed, 0 when it was "
        "complete.",
    .source = "scheduled_job_type, status and creation of tabScheduled Job Log"};
constexpr Family kFailureRatio{
    .name = "erpnext_scheduled_job_failure_ratio",
    .labels = {"bench", "site", "job_type"},
    .help =
        "Part of a job's runs of the last seven days, but for those of the last half hour, that "
        "failed, 0 to 1: the failure rate of Frappe's System Health Report, which shows it in "
        "percent. Of the ten jobs with the highest, where any failed.",
    .source = "scheduled_job_type and status of tabScheduled Job Log"};
constexpr const Family* kFamilies[] = {&kState,    &kProcessUp, &kDormantIn,   &kLastExecution,
                                       &kTypes,    &kOverdue,   &kLateness,    &kRuns,
                                       &kFailures, &kFailing,   &kFailureRatio};

// What the host tells of the schedulers of all benches, at one moment.
struct Host {
  FileLocks locks;
  std::optional<ProcessList> processes;
};

Host LookAtHost(const std::string& proc_path, Deadline deadline) {
  Host host;
  host.locks = FileLocks::Read(proc_path).value_or(FileLocks());
  if (auto list = ProcessList::Read(proc_path, deadline)) host.processes = std::move(*list);
  return host;
}

class SchedulerCollector final : public Collector {
 public:
  explicit SchedulerCollector(const CollectorContext& context)
      : context_(context),
        databases_(context.mariadb_server, context.settings.mariadb, "scheduler", kScheduleTables) {
  }

  Status Collect(Deadline deadline, SampleSink& sink) override {
    const auto inventory = context_.inventory->Current();
    databases_.Update(*inventory);
    Forget(*inventory);
    const Host host = LookAtHost(context_.settings.proc_path, deadline.Share(4));
    std::size_t left = inventory->benches.size();
    for (const Bench& bench : inventory->benches) left += bench.sites.size();
    Status status;
    for (const Bench& bench : inventory->benches) {
      const QueueRedis redis = AskRedis(bench, deadline.Share(left--));
      const auto process = ProcessSeen(bench, host, redis.heartbeat);
      if (process) sink.Add(kProcessUp, {bench.name}, *process ? 1 : 0);
      for (const Site& site : bench.sites) {
        SchedulerFacts facts = FactsOf(site);
        facts.process = process;
        facts.redis = redis.up;
        const Status read =
            CollectSite(bench, site, host.locks, facts, deadline.Share(left--), sink);
        AddState(bench, site, facts, sink);
        if (!read && status) status = read;
      }
    }
    return status;
  }

 private:
  struct QueueRedis {
    std::optional<bool> up;  // nothing: none is configured
    bool heartbeat = false;
  };
  using SiteKey = std::pair<std::string, std::string>;  // path of the bench, name of the site

  void Forget(const Inventory& inventory) {
    std::map<SiteKey, SiteMemory> kept;
    std::map<std::string, RedisEndpoint> endpoints;
    for (const Bench& bench : inventory.benches) {
      if (bench.redis_queue) endpoints.emplace(bench.path, *bench.redis_queue);
      for (const Site& site : bench.sites) {
        const auto known = memories_.find({bench.path, site.name});
        if (known != memories_.end()) kept.insert(std::move(*known));
      }
    }
    memories_ = std::move(kept);
    std::erase_if(redis_, [&](const auto& each) {
      const auto now = endpoints.find(each.first);
      return now == endpoints.end() || !(now->second == each.second.first);
    });
  }

  // The key is of newer Frappe 16 and of no use elsewhere; that it is answered tells enough.
  QueueRedis AskRedis(const Bench& bench, Deadline deadline) {
    if (!bench.redis_queue) return {};
    auto& [endpoint, connection] = redis_[bench.path];
    if (!connection) {
      endpoint = *bench.redis_queue;
      connection = context_.connect_redis(context_.settings.Login(endpoint));
    }
    const RedisCommand command = {"EXISTS", bench.id + ":scheduler:heartbeat"};
    const auto replies = connection->Pipeline({&command, 1}, deadline);
    if (!replies) return {IsUpThough(replies.error().kind)};
    const RedisReply& reply = replies->front();
    if (reply.is_error()) return {RedisReplyError(reply).kind != ErrorKind::kUnavailable};
    return {true, reply.AsInteger().value_or(0) > 0};
  }

  static std::optional<bool> ProcessSeen(const Bench& bench, const Host& host, bool heartbeat) {
    // Since 15.54 the scheduler holds this lock; a worker pool may be the one who does.
    if (heartbeat || host.locks.Holds(JoinPath(bench.path, "config/scheduler_process"))) {
      return true;
    }
    if (!host.processes) return std::nullopt;
    if (host.processes->Scheduler(bench.path)) return true;
    if (host.processes->Any(bench.path)) return false;
    return std::nullopt;
  }

  static void AddState(const Bench& bench, const Site& site, const SchedulerFacts& facts,
                       SampleSink& sink) {
    const auto state = StateOf(facts);
    if (!state) return;
    for (std::string_view each : kSchedulerStates) {
      sink.Add(kState, {bench.name, site.name, each}, each == *state ? 1 : 0);
    }
  }

  // Completes `facts` with what the site's database says.
  Status CollectSite(const Bench& bench, const Site& site, const FileLocks& locks,
                     SchedulerFacts& facts, Deadline deadline, SampleSink& sink) {
    SiteDatabase* database = databases_.Of(bench, site.name);
    if (database == nullptr || IsMigrating(locks, site)) return {};
    if (const Status open = database->Open(context_.clock->Steady(), deadline); !open) return open;
    SiteMemory& memory = memories_[{bench.path, site.name}];
    const SiteSchedule schedule = ReadSiteSchedule(bench, site, UnixSeconds(context_.clock->Wall()),
                                                   *database, memory, deadline);
    if (context_.settings.mariadb.use_site_credentials) database->Close();
    facts.enabled = schedule.enabled;
    facts.dormant = schedule.dormant;
    AddSchedule({bench.name, site.name}, schedule, memory.runs, sink);
    return schedule.status;
  }

  static void AddSchedule(const std::pair<std::string_view, std::string_view>& of,
                          const SiteSchedule& schedule, const ScheduledRuns& runs,
                          SampleSink& sink) {
    const auto [bench, site] = of;
    if (schedule.dormant_in) sink.Add(kDormantIn, {bench, site}, *schedule.dormant_in);
    if (const auto& types = schedule.types) {
      sink.Add(kTypes, {bench, site, "enabled"}, static_cast<double>(types->enabled));
      sink.Add(kTypes, {bench, site, "stopped"}, static_cast<double>(types->stopped));
      sink.Add(kOverdue, {bench, site}, static_cast<double>(types->overdue));
      for (const auto& [frequency, late] : types->lateness) {
        sink.Add(kLateness, {bench, site, frequency}, late);
      }
      if (types->last_execution) sink.Add(kLastExecution, {bench, site}, *types->last_execution);
    }
    if (schedule.runs_read) {
      sink.Add(kRuns, {bench, site, "complete"}, runs.complete());
      sink.Add(kRuns, {bench, site, "failed"}, runs.failed());
    }
    for (const auto& each : schedule.failures.failing) {
      sink.Add(kFailures, {bench, site, each.job}, each.failures);
      sink.Add(kFailing, {bench, site, each.job}, each.newest_failed ? 1 : 0);
    }
    for (const auto& each : schedule.failures.rates) {
      sink.Add(kFailureRatio, {bench, site, each.job}, each.failed);
    }
  }

  CollectorContext context_;
  SiteDatabases databases_;
  std::map<SiteKey, SiteMemory> memories_;
  std::map<std::string, std::pair<RedisEndpoint, std::unique_ptr<RedisConnection>>> redis_;
};

}  // namespace

const CollectorEntry kSchedulerCollector{
    .name = "scheduler",
    .summary =
        "whether the scheduled jobs of each site run, and why not; jobs that are late or fail",
    .access =
        "MariaDB: SELECT on five tables of each site; Redis (queue role): EXISTS on one key; "
        "/proc/locks, /proc/<pid>/cmdline",
    .redis_commands = "exists",
    .site_tables = kScheduleTables,
    .interval = std::chrono::seconds(30),
    .timeout = std::chrono::seconds(20),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<SchedulerCollector>(context);
    }};

}  // namespace erpnext
