// SPDX-License-Identifier: Apache-2.0
// Follows <bench>/logs/monitor.json.log, into which a scheduled job of each site writes every four
// minutes what the site's requests and jobs left in Redis. Lines may come late and out of order.
#include "collectors/frappe/monitor_log.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <type_traits>
#include <vector>

#include "collectors/context.h"
#include "collectors/frappe/monitor_counts.h"
#include "core/text.h"
#include "sources/log_folder.h"
#include "sources/log_positions.h"
#include "sources/saved_state.h"

namespace erpnext {
namespace {

using nlohmann::json;

constexpr Family kRequests{
    .name = "erpnext_request_duration_seconds",
    .kind = MetricKind::kHistogram,
    .labels = {"bench", "site", "route", "code"},
    .help =
        "Time in which requests were answered. route is the kind of path: ping, login, report, "
        "print, method, resource, desk, file, website or other; code is 2xx to 5xx. Only with "
        "`monitor` in the configuration; new figures come every four minutes.",
    .source = "duration of requests in <bench>/logs/monitor.json.log"};
constexpr Family kRequestExceptions{
    .name = "erpnext_request_exceptions_total",
    .kind = MetricKind::kCounter,
    .labels = {"bench", "site", "exception"},
    .help =
        "Requests that ended with an exception, by its class; the first 50 classes, then other.",
    .source = "exception of requests in <bench>/logs/monitor.json.log; Frappe 16"};
constexpr Family kJobs{
    .name = "erpnext_job_duration_seconds",
    .kind = MetricKind::kHistogram,
    .labels = {"bench", "site", "kind"},
    .help =
        "Time that jobs ran; kind is scheduled or background. Jobs that were killed are not here.",
    .source = "duration of jobs in <bench>/logs/monitor.json.log"};
constexpr Family kWaits{
    .name = "erpnext_job_wait_seconds",
    .kind = MetricKind::kHistogram,
    .labels = {"bench", "site"},
    .help =
        "Time between a job's being queued and its start. The log does not tell the queue, so "
        "neither does this.",
    .source = "wait of jobs in <bench>/logs/monitor.json.log"};
constexpr Family kJobExceptions{
    .name = "erpnext_job_exceptions_total",
    .kind = MetricKind::kCounter,
    .labels = {"bench", "site", "exception"},
    .help = "Jobs that ended with an exception, by its class; the first 50 classes, then other.",
    .source = "exception of jobs in <bench>/logs/monitor.json.log; Frappe 15 and 16"};
constexpr Family kLines{
    .name = "erpnext_monitor_lines_total",
    .kind = MetricKind::kCounter,
    .labels = {"bench", "result"},
    .help =
        "New lines of the log: counted; duplicate, for Frappe writes the last entry of each flush "
        "again at the next; malformed.",
    .source = "<bench>/logs/monitor.json.log"};
constexpr Family kLastEntry{
    .name = "erpnext_monitor_last_entry_timestamp_seconds",
    .labels = {"bench"},
    .help =
        "When the newest request or job in the log began. It stands still when nothing writes it.",
    .source = "timestamp in <bench>/logs/monitor.json.log"};
constexpr const Family* kFamilies[] = {
    &kRequests, &kRequestExceptions, &kJobs, &kWaits, &kJobExceptions, &kLines, &kLastEntry};

constexpr const char* kLog = "monitor.json.log";
constexpr const char* kOther = "other";

struct BenchLog {
  LogFolder folder;
  MonitorCounts counts;
};

BenchLog BenchLogFromJson(const std::string& path, const json& j) {
  return {LogFolder(path, PositionsFromJson(j.at("positions")), kLog),
          MonitorCounts::FromJson(j.at("counts"))};
}

std::string SiteLabel(const Bench& bench, const std::string& name) {
  const bool known = std::any_of(bench.sites.begin(), bench.sites.end(),
                                 [&](const Site& site) { return site.name == name; });
  return known ? name : kOther;
}

class MonitorLogCollector final : public Collector {
 public:
  explicit MonitorLogCollector(const CollectorContext& context)
      : context_(context),
        state_(context.state, "monitor_log.json", "monitor.json.log is read from its end") {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    // Without it a first start would be assumed, and the state be lost: it is tried again.
    Status status = state_.Restore([this](const json& state) { Restore(state); });
    if (!state_.ready()) return status;
    const auto keep_error = [&](const Status& next) {
      if (status && !next) status = next;
    };
    const auto inventory = context_.inventory->Current();
    std::size_t left = inventory->benches.size();
    for (const Bench& bench : inventory->benches) keep_error(Read(bench, deadline.Share(left--)));
    // Saved before it is published: after a crash no counter begins below what was seen of it.
    keep_error(Save());
    for (const Bench& bench : inventory->benches) Add(bench, sink);
    return status;
  }

 private:
  void Restore(const json& state) {
    std::map<std::string, BenchLog> logs;
    for (const auto& [path, log] : state.at("benches").items()) {
      logs.emplace(path, BenchLogFromJson(path, log));
    }
    logs_ = std::move(logs);
  }

  Status Save() {
    if (!changed_) return {};
    json state = {{"benches", json::object()}};
    for (const auto& [path, log] : logs_) {
      if (!log.folder.started()) continue;
      state["benches"][path] = {{"positions", PositionsToJson(log.folder.Positions())},
                                {"counts", log.counts.ToJson()}};
    }
    Status status = state_.Save(state);
    changed_ = !status;  // then it is tried again
    return status;
  }

  Status Read(const Bench& bench, Deadline deadline) {
    const std::string path = JoinPath(bench.path, "logs");
    BenchLog& log = logs_.try_emplace(path, BenchLog{LogFolder(path, kLog), {}}).first->second;
    const double now = UnixSeconds(context_.clock->Wall());
    const auto before = log.folder.Positions();
    const Status status = log.folder.Poll(deadline, [&](std::string_view, std::string_view line) {
      log.counts.Count(line, now, [&](const std::string& name) { return SiteLabel(bench, name); });
    });
    changed_ = changed_ || log.folder.Positions() != before;
    // In containers the logs of other containers are not there: nothing failed.
    if (!status && status.error().kind == ErrorKind::kUnavailable) return {};
    return status;
  }

  template <typename Value>
  static void AddAll(const Family& family, const Bench& bench,
                     const std::map<MonitorCounts::Key, Value>& values, SampleSink& sink) {
    for (const auto& [key, value] : values) {
      if (key[0] != SiteLabel(bench, key[0])) continue;  // a site that is gone
      std::vector<std::string_view> labels = {bench.name};
      labels.insert(labels.end(), key.begin(), key.end());
      labels.resize(family.label_count());
      if constexpr (std::is_same_v<Value, Histogram>) {
        sink.Add(family, SampleSink::Labels(labels), value);
      } else {
        sink.Add(family, SampleSink::Labels(labels), static_cast<double>(value));
      }
    }
  }

  // The first job of a site is then an increase.
  static std::map<MonitorCounts::Key, Histogram> WithZeros(
      const Bench& bench, std::map<MonitorCounts::Key, Histogram> histograms,
      std::initializer_list<const char*> kinds) {
    for (const Site& site : bench.sites) {
      for (const char* kind : kinds) {
        histograms.try_emplace({site.name, kind, ""}, MonitorCounts::Empty());
      }
    }
    return histograms;
  }

  // Nothing at all where the log is not: no request is not the same as no monitor.
  void Add(const Bench& bench, SampleSink& sink) const {
    const auto found = logs_.find(JoinPath(bench.path, "logs"));
    if (found == logs_.end() || !found->second.folder.logs().contains(kLog)) return;
    const MonitorCounts& counts = found->second.counts;
    AddAll(kRequests, bench, counts.requests, sink);
    AddAll(kRequestExceptions, bench, counts.request_exceptions, sink);
    AddAll(kJobs, bench, WithZeros(bench, counts.jobs, {"scheduled", "background"}), sink);
    AddAll(kWaits, bench, WithZeros(bench, counts.waits, {""}), sink);
    AddAll(kJobExceptions, bench, counts.job_exceptions, sink);
    const char* const results[MonitorCounts::kResults] = {"counted", "duplicate", "malformed"};
    for (std::size_t i = 0; i < MonitorCounts::kResults; ++i) {
      sink.Add(kLines, {bench.name, results[i]}, static_cast<double>(counts.results[i]));
    }
    if (counts.last_entry) sink.Add(kLastEntry, {bench.name}, *counts.last_entry);
  }

  CollectorContext context_;
  SavedState state_;
  bool changed_ = false;
  std::map<std::string, BenchLog> logs_;  // by path of the folder
};

}  // namespace

const CollectorEntry kMonitorLogCollector{
    .name = "monitor_log",
    .summary = "requests and jobs of each site: how many, how long, with which exceptions",
    .access = "read <bench>/logs/monitor.json.log; `monitor` in the bench's configuration",
    .interval = std::chrono::seconds(5),
    .timeout = std::chrono::seconds(20),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<MonitorLogCollector>(context);
    }};

}  // namespace erpnext
