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

constexpr const char* kStateName = "log_patterns.json";
constexpr std::size_t kMaxLogs = 100;
constexpr const char* kOther = "other";

// One bench's logs: what was read of them, and what was counted so far.
struct BenchLogs {
  LogFolder folder;
  std::map<std::string, std::uint64_t, std::less<>> lines;    // by log
  std::map<std::string, std::uint64_t, std::less<>> matches;  // by pattern
};

json ToJson(const LogPosition& p) {
  return {{"inode", p.inode},         {"born_ns", p.born_ns}, {"head_hash", p.head_hash},
          {"head_size", p.head_size}, {"offset", p.offset},   {"in_long_line", p.in_long_line}};
}

LogPosition PositionFromJson(const json& j) {
  return {j.at("inode"),     j.at("born_ns"), j.at("head_hash"),
          j.at("head_size"), j.at("offset"),  j.at("in_long_line")};
}

json ToJson(const BenchLogs& logs) {
  json positions = json::array();
  for (const LogPosition& position : logs.folder.Positions()) positions.push_back(ToJson(position));
  return {{"positions", positions}, {"lines", logs.lines}, {"matches", logs.matches}};
}

BenchLogs BenchLogsFromJson(const std::string& path, const json& j) {
  std::vector<LogPosition> positions;
  for (const json& position : j.at("positions")) positions.push_back(PositionFromJson(position));
  return {LogFolder(path, positions), j.at("lines"), j.at("matches")};
}

class LogPatternsCollector final : public Collector {
 public:
  explicit LogPatternsCollector(const CollectorContext& context)
      : context_(context), patterns_(AllPatterns(context.settings.logs)) {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    Status status = patterns_.status();
    const auto keep_error = [&](const Status& next) {
      if (status && !next) status = next;
    };
    if (!restored_) {
      // Without it a first start would be assumed, and the state be lost: it is tried again.
      const auto saved = context_.state->Load(kStateName);
      if (!saved) return Fail(saved.error());
      restored_ = true;
      keep_error(Restore(*saved));
    }
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

  Status Restore(const std::optional<std::string>& saved) {
    if (!saved) return {};
    try {
      const json state = json::parse(*saved);
      for (const auto& [path, logs] : state.at("benches").items()) {
        logs_.emplace(path, BenchLogsFromJson(path, logs));
      }
    } catch (const json::exception&) {
      logs_.clear();
      return Fail(ErrorKind::kMalformed,
                  "{} in the state folder cannot be used: logs are read from their ends",
                  kStateName);
    }
    return {};
  }

  Status Save() {
    json state = {{"benches", json::object()}};
    for (const auto& [path, logs] : logs_) {
      if (logs.folder.started()) state["benches"][path] = ToJson(logs);
    }
    std::string text = state.dump(-1, ' ', false, json::error_handler_t::replace);
    if (text == saved_) return {};
    Status status = context_.state->Save(kStateName, text);
    if (status) saved_ = std::move(text);  // else it is tried again
    return status;
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
  bool restored_ = false;
  std::map<std::string, BenchLogs> logs_;  // by path of the folder
  std::string saved_;
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
