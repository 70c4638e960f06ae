// SPDX-License-Identifier: Apache-2.0
// Whose jobs wait, run and have failed, and what they are: by site and by method.
#include "collectors/frappe/jobs.h"

#include <algorithm>
#include <map>
#include <set>

#include "collectors/rq_servers.h"
#include "sources/rq.h"
#include "sources/rq_job.h"
#include "sources/rq_job_lists.h"

namespace erpnext {
namespace {

constexpr Family kSiteJobs{
    .name = "erpnext_site_jobs",
    .labels = {"bench", "site", "state"},
    .help =
        "Jobs of each site that wait (queued), run (started) or have failed, over all queues. The "
        "site other is of jobs whose id and description name no site of the bench.",
    .source =
        "ids in rq:queue:<queue>, rq:wip:<queue>, rq:failed:<queue>; description of rq:job:*"};
constexpr Family kSampled{
    .name = "erpnext_site_jobs_sampled",
    .labels = {"bench", "state"},
    .help =
        "1 when the jobs by site are an estimate: a queue is so long that only a part of it was "
        "looked at. 0 when they are exact.",
    .source =
        "more than 10 000 ids in a queue, 2 000 running or failed jobs, or 250 whose id names no "
        "site"};
constexpr Family kMethodJobs{
    .name = "erpnext_method_jobs",
    .labels = {"bench", "method", "state"},
    .help =
        "Jobs that wait (queued) or have failed, by what they run: the most frequent methods, and "
        "other for the rest and for those that do not tell. An estimate from 250 jobs of each "
        "queue where there are more.",
    .source = "description of rq:job:<id>; the id of a scheduled job of Frappe 15"};
constexpr const Family* kFamilies[] = {&kSiteJobs, &kSampled, &kMethodJobs};

constexpr std::string_view kOther = "other";
constexpr std::size_t kMaxMethods = 15;  // of each state
constexpr std::string_view kStates[] = {"queued", "started", "failed"};

using Counts = std::map<std::string, double, std::less<>>;

// The jobs of one bench.
class BenchJobs {
 public:
  explicit BenchJobs(const Bench& bench) : bench_(bench) {
    for (const Site& site : bench.sites) {
      for (std::string_view state : kStates) sites_[state][site.name] = 0;
    }
    for (std::string_view state : kStates) {
      sites_[state].emplace(kOther, 0);
      sampled_[state] = false;
    }
  }

  // By site alone.
  void AddList(std::string_view state, const RqJobList& list) {
    if (list.sampled()) sampled_[state] = true;
    if (list.jobs.empty()) return;
    const double each = list.length / static_cast<double>(list.jobs.size());
    // Ids of version 13 name no site. Their descriptions do, but not all of them are read.
    std::vector<const RqListedJob*> nameless;
    for (const RqListedJob& job : list.jobs) {
      if (SiteOfJobId(job.id))
        AddTo(state, SiteOfJobId(job.id), each);
      else
        nameless.push_back(&job);
    }
    const auto described = std::stable_partition(nameless.begin(), nameless.end(),
                                                 [](const auto* job) { return job->described; });
    const auto told = static_cast<double>(described - nameless.begin());
    if (described != nameless.end()) sampled_[state] = true;
    for (auto job = nameless.begin(); job != described; ++job) {
      AddTo(state, SiteOfDescription((*job)->description),
            each * static_cast<double>(nameless.size()) / told);
    }
    if (told == 0) AddTo(state, std::nullopt, each * static_cast<double>(nameless.size()));
  }

  void AddStarted(const std::vector<RqStartedJob>& jobs, const RqJobList& nameless) {
    if (jobs.size() >= RqReader::kMaxStarted) sampled_["started"] = true;
    for (const RqStartedJob& job : jobs) {
      const auto site = SiteOfJobId(job.id);
      if (!job.abandoned && site) AddTo("started", site, 1);
    }
    AddList("started", nameless);
  }

  void Publish(SampleSink& sink) const {
    for (const auto& [state, sites] : sites_) {
      for (const auto& [site, jobs] : sites) sink.Add(kSiteJobs, {bench_.name, site, state}, jobs);
    }
    for (const auto& [state, sampled] : sampled_) {
      sink.Add(kSampled, {bench_.name, state}, sampled ? 1 : 0);
    }
    for (const auto& [state, methods] : methods_) {
      for (const auto& [method, jobs] : MostFrequent(methods)) {
        sink.Add(kMethodJobs, {bench_.name, method, state}, jobs);
      }
    }
  }

  void AddMethods(std::string_view state, const RqJobList& list) {
    const auto described = std::count_if(list.jobs.begin(), list.jobs.end(),
                                         [](const RqListedJob& job) { return job.described; });
    for (const RqListedJob& job : list.jobs) {
      if (!job.described) continue;
      const auto method = MethodOfJob(job.id, job.description);
      methods_[state][std::string(method.value_or(kOther))] +=
          list.length / static_cast<double>(described);
    }
  }

 private:
  // A site is one of the bench by its whole name: one name may be the beginning of another.
  void AddTo(std::string_view state, std::optional<std::string_view> site, double jobs) {
    Counts& sites = sites_[state];
    const auto known = sites.find(site.value_or(kOther));
    (known != sites.end() ? known : sites.find(kOther))->second += jobs;
  }

  static Counts MostFrequent(const Counts& methods) {
    std::vector<std::pair<double, std::string>> sorted;
    Counts most = {{std::string(kOther), 0}};
    for (const auto& [method, jobs] : methods) {
      if (method == kOther)
        most[method] += jobs;
      else
        sorted.emplace_back(-jobs, method);
    }
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      most[i < kMaxMethods ? sorted[i].second : std::string(kOther)] -= sorted[i].first;
    }
    return most;
  }

  const Bench& bench_;
  std::map<std::string_view, Counts> sites_;  // by state, then site
  std::map<std::string_view, bool> sampled_;
  std::map<std::string_view, Counts> methods_ = {{"queued", {}}, {"failed", {}}};
};

class JobsCollector final : public Collector {
 public:
  explicit JobsCollector(const CollectorContext& context) : context_(context), servers_(context) {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    const auto inventory = context_.inventory->Current();
    std::map<std::string, std::unique_ptr<RedisConnection>> used;
    Status status;
    const auto add_server = [&](const auto& benches, const RqOutcome& outcome) {
      if (outcome.reading.queues.empty()) return;
      const RedisEndpoint endpoint = context_.settings.Login(*benches.front()->redis_queue);
      auto connection = std::move(connections_[endpoint.Text()]);
      if (!connection) connection = context_.connect_redis(endpoint);
      const Status added = AddServer(*connection, benches, outcome, deadline, sink);
      if (!added && status) status = added;
      used[endpoint.Text()] = std::move(connection);
    };
    const Status read = servers_.Read(*inventory, deadline, add_server);
    connections_ = std::move(used);
    return read ? status : read;
  }

 private:
  // Of the running jobs those whose id names no site, as in versions 13 and 14, are to be
  // described.
  static std::map<std::string, RqQueueToList> QueuesToList(const RqReading& reading) {
    std::map<std::string, RqQueueToList> queues;
    for (const auto& [rq_name, queue] : reading.queues) {
      const auto queued = queue.jobs.find("queued");
      if (queued == queue.jobs.end()) continue;
      RqQueueToList& to_list = queues[rq_name];
      to_list.length = queued->second;
      if (!queue.started) continue;
      for (const RqStartedJob& job : *queue.started) {
        if (!job.abandoned && !SiteOfJobId(job.id)) to_list.started.push_back(job.id);
      }
    }
    return queues;
  }

  static Status AddServer(RedisConnection& redis, const std::vector<const Bench*>& benches,
                          const RqOutcome& outcome, Deadline deadline, SampleSink& sink) {
    std::map<std::string, RqJobLists> lists;
    const Status status = ReadJobLists(redis, QueuesToList(outcome.reading),
                                       UnixSeconds(outcome.at), deadline, lists);
    if (lists.empty()) return status;
    for (const Bench* bench : benches) {
      const BenchQueues own(*bench);
      BenchJobs jobs(*bench);
      for (const auto& [rq_name, list] : lists) {
        if (!own.NameOf(rq_name)) continue;
        jobs.AddList("queued", list.queued);
        jobs.AddMethods("queued", list.queued);
        jobs.AddList("failed", list.failed);
        jobs.AddMethods("failed", list.failed);
        const auto& started = outcome.reading.queues.at(rq_name).started;
        if (started) jobs.AddStarted(*started, list.started);
      }
      jobs.Publish(sink);
    }
    return status;
  }

  CollectorContext context_;
  RqServers servers_;
  std::map<std::string, std::unique_ptr<RedisConnection>> connections_;  // by endpoint
};

}  // namespace

const CollectorEntry kJobsCollector{
    .name = "jobs",
    .summary = "jobs that wait, run or have failed, by site and by method",
    .access = "Redis (queue role): read commands on rq:*",
    .redis_commands = "smembers exists llen lindex lrange zcard zcount zrange hmget hstrlen",
    .interval = std::chrono::seconds(30),
    .timeout = std::chrono::seconds(10),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<JobsCollector>(context);
    }};

}  // namespace erpnext
