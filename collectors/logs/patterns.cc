// SPDX-License-Identifier: Apache-2.0
// Counts the lines of each bench's logs, and those that match known error patterns.
#include "collectors/logs/patterns.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "collectors/context.h"
#include "collectors/logs/pattern_set.h"
#include "core/text.h"
#include "sources/log_folder.h"
#include "sources/log_positions.h"
#include "sources/saved_state.h"

namespace erpnext {
namespace {

using nlohmann::json;

constexpr Family kLines{.name = "erpnext_log_lines_total",
                        .kind = MetricKind::kCounter,
                        .labels = {"bench", "log"},
                        .help =
                            "New lines of a log since the exporter first saw it, whatever its "
                            "file was called when they were read.",
                        .source = "<bench>/logs/<log> and its rotated files"};
constexpr Family kMatches{.name = "erpnext_log_pattern_matches_total",
                          .kind = MetricKind::kCounter,
                          .labels = {"bench", "pattern", "severity"},
                          .help = "New lines of all logs of the bench that match the pattern.",
                          .source = "<bench>/logs/*.log and rotated files"};
constexpr const Family* kFamilies[] = {&kLines, &kMatches};

constexpr std::size_t kMaxLogs = 100;
constexpr const char* kOther = "other";

// One bench's logs: what was read of them, and what was counted so far.
struct BenchLogs {
  LogFolder folder;
  std::map<std::string, std::uint64_t, std::less<>> lines;    // by log
  std::map<std::string, std::uint64_t, std::less<>> matches;  // by pattern
};

json ToJson(const BenchLogs& logs) {
  return {{"positions", PositionsToJson(logs.folder.Positions())},
          {"lines", logs.lines},
          {"matches", logs.matches}};
}

BenchLogs BenchLogsFromJson(const std::string& path, const json& j) {
  return {LogFolder(path, PositionsFromJson(j.at("positions"))), j.at("lines"), j.at("matches")};
}

class LogPatternsCollector final : public Collector {
 public:
  explicit LogPatternsCollector(const CollectorContext& context)
      : context_(context),
        patterns_(AllPatterns(context.settings.logs)),
        state_(context.state, "log_patterns.json", "logs are read from their ends") {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    // Without it a first start would be assumed, and the state be lost: it is tried again.
    Status status = state_.Restore([this](const json& state) { Restore(state); });
    if (!state_.ready()) return status;
    const auto keep_error = [&](const Status& next) {
      if (status && !next) status = next;
    };
    keep_error(patterns_.status());
    const auto inventory = context_.inventory->Current();
    std::size_t left = inventory->benches.size();
    for (const Bench& bench : inventory->benches) {
      keep_error(Read(bench, deadline.Share(left--)));
    }
    // Saved before it is published: after a crash no counter begins below what was seen of it.
    keep_error(Save());
    for (const Bench& bench : inventory->benches) Add(bench, sink);
    return status;
  }

 private:
  static std::vector<LogPattern> AllPatterns(const LogSettings& settings) {
    std::vector<LogPattern> patterns = BundledLogPatterns();
    patterns.insert(patterns.end(), settings.patterns.begin(), settings.patterns.end());
    return patterns;
  }

  void Restore(const json& state) {
    std::map<std::string, BenchLogs> all;
    for (const auto& [path, logs] : state.at("benches").items()) {
      all.emplace(path, BenchLogsFromJson(path, logs));
    }
    logs_ = std::move(all);
  }

  Status Save() {
    json state = {{"benches", json::object()}};
    for (const auto& [path, logs] : logs_) {
      if (logs.folder.started()) state["benches"][path] = ToJson(logs);
    }
    return state_.Save(state);
  }

  Status Read(const Bench& bench, Deadline deadline) {
    const std::string path = JoinPath(bench.path, "logs");
    BenchLogs& logs = logs_.try_emplace(path, BenchLogs{LogFolder(path), {}, {}}).first->second;
    const Status status =
        logs.folder.Poll(deadline, [&](std::string_view log, std::string_view line) {
          ++CounterOf(logs, log);
          if (!IsExcluded(log)) Match(line, logs);
        });
    for (const std::string& log : logs.folder.logs()) CounterOf(logs, log);
    // In containers the logs of other containers are not there: nothing failed.
    if (!status && status.error().kind == ErrorKind::kUnavailable) return {};
    return status;
  }

  // Apps log under names of their choice; beyond a number they share one counter. A log that is
  // only known has 0 lines, so that its first one is an increase.
  static std::uint64_t& CounterOf(BenchLogs& logs, std::string_view log) {
    const auto known = logs.lines.find(log);
    if (known != logs.lines.end()) return known->second;
    const std::string name = RepairUtf8(log);
    return logs.lines[logs.lines.size() < kMaxLogs || logs.lines.contains(name) ? name : kOther];
  }

  bool IsExcluded(std::string_view log) const {
    const auto& excluded = context_.settings.logs.exclude;
    return std::find(excluded.begin(), excluded.end(), log) != excluded.end();
  }

  void Match(std::string_view line, BenchLogs& logs) {
    patterns_.Match(line, matched_);
    for (int index : matched_) {
      ++logs.matches[patterns_.patterns()[static_cast<std::size_t>(index)].name];
    }
  }

  // A pattern that never matched counts 0: a counter that appears with 1 has no increase.
  void Add(const Bench& bench, SampleSink& sink) const {
    const auto logs = logs_.find(JoinPath(bench.path, "logs"));
    if (logs == logs_.end()) return;
    for (const auto& [log, count] : logs->second.lines) {
      sink.Add(kLines, {bench.name, log}, static_cast<double>(count));
    }
    for (const LogPattern& pattern : patterns_.patterns()) {
      const auto found = logs->second.matches.find(pattern.name);
      const std::uint64_t count = found != logs->second.matches.end() ? found->second : 0;
      sink.Add(kMatches, {bench.name, pattern.name, pattern.severity}, static_cast<double>(count));
    }
  }

  CollectorContext context_;
  PatternSet patterns_;
  std::map<std::string, BenchLogs> logs_;  // by path of the folder
  SavedState state_;
  std::vector<int> matched_;
};

}  // namespace

const CollectorEntry kLogPatternsCollector{
    .name = "log_patterns",
    .summary = "lines of the bench's logs that match error patterns",
    .access = "read <bench>/logs; the state folder keeps positions over a restart",
    .interval = std::chrono::seconds(2),
    .timeout = std::chrono::seconds(20),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<LogPatternsCollector>(context);
    }};

}  // namespace erpnext
