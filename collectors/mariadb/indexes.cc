// SPDX-License-Identifier: Apache-2.0
// What the indexes of sites' tables are worth. The command `indexes` prints the same with its
// evidence, and what to do.
#include "collectors/mariadb/indexes.h"

#include <fmt/ranges.h>

#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>
#include <utility>

#include "collectors/context.h"
#include "collectors/index_adviser.h"
#include "collectors/mariadb_servers.h"
#include "sources/innodb_locks.h"
#include "sources/saved_state.h"

namespace erpnext {
namespace {

using nlohmann::json;

constexpr Family kAdvice{
    .name = "erpnext_index_advice",
    .labels = {"bench", "site", "doctype", "columns", "kind"},
    .help =
        "1 for each advice on an index, the 20 of each server that are worth most. kind: missing "
        "(statements read the table as a whole for few of its rows), known (a later version of "
        "ERPNext has it), duplicate (another index has the same columns), redundant (another one "
        "begins with them), unused (no row was read through it for a week at least, as long as "
        "that "
        "is known; servers do not count searches that find nothing).",
    .source =
        "INNODB_SYS_TABLES, _INDEXES and _FIELDS of information_schema; INDEX_STATISTICS "
        "(userstat); table_io_waits_summary_by_index_usage and "
        "events_statements_summary_by_digest of performance_schema"};
constexpr Family kAdvices{
    .name = "erpnext_index_advices",
    .labels = {"bench", "site", "kind"},
    .help =
        "Number of advices on indexes of the site. Those of the kind missing only where "
        "performance_schema keeps digests, of the kind unused only where the server has "
        "counted the use of indexes for a week: performance_schema since it started, userstat as "
        "long as the exporter has seen it count. Unused and known not where sizes of tables may "
        "not be read.",
    .source = "As erpnext_index_advice"};
constexpr Family kSaved{
    .name = "erpnext_index_missing_saved_ratio",
    .labels = {"bench", "site", "doctype", "columns"},
    .help =
        "About how much of the time since the server started its statements spent on rows that "
        "a missing index would spare: 0.01 is 864 seconds a day. Of those in "
        "erpnext_index_advice.",
    .source =
        "SUM_TIMER_WAIT, SUM_ROWS_EXAMINED, SUM_ROWS_SENT and SUM_ROWS_AFFECTED of "
        "performance_schema.events_statements_summary_by_digest; Uptime"};
constexpr const Family* kFamilies[] = {&kAdvice, &kAdvices, &kSaved};

constexpr std::size_t kMost = 20;  // of a server, with labels that name a table

bool IsJudged(AdviceKind kind, const AdviceReport& report) {
  switch (kind) {
    case AdviceKind::kMissing: return report.missing;
    case AdviceKind::kUnused: return report.unused && report.sizes;
    case AdviceKind::kKnown: return report.sizes;
    default: return true;
  }
}

void AddReport(const AdviceReport& report, SampleSink& sink) {
  std::map<std::tuple<std::string_view, std::string_view, AdviceKind>, double> counts;
  for (const SiteSchema& site : report.sites) {
    for (const AdviceKind kind : kAdviceKinds) {
      if (IsJudged(kind, report)) counts[{site.bench, site.site, kind}] = 0;
    }
  }
  std::set<std::array<std::string, 5>> shown;
  for (const auto& [where, advice] : report.advice) {
    ++counts[{where.bench, where.site, advice.kind}];
    if (shown.size() == kMost) continue;
    const std::string columns = fmt::format("{}", fmt::join(advice.columns, ", "));
    const std::string doctype(DocTypeOf(advice.table));
    shown.insert(
        {where.bench, where.site, doctype, columns, std::string(AdviceKindName(advice.kind))});
    if (advice.kind == AdviceKind::kMissing && report.evidence_seconds > 0) {
      sink.Add(kSaved, {where.bench, where.site, doctype, columns},
               advice.evidence.saved_seconds / report.evidence_seconds);
    }
  }
  for (const auto& labels : shown) {
    sink.Add(kAdvice, {labels[0], labels[1], labels[2], labels[3], labels[4]}, 1);
  }
  for (const auto& [key, count] : counts) {
    const auto& [bench, site, kind] = key;
    sink.Add(kAdvices, {bench, site, AdviceKindName(kind)}, count);
  }
}

class MariadbIndexesCollector final : public Collector {
 public:
  explicit MariadbIndexesCollector(const CollectorContext& context)
      : context_(context),
        state_(context.state, kCountedUseState, "use of indexes is known from now on") {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    const Status restored = state_.Restore([this](const json& state) { Restore(state); });
    if (!state_.ready()) return restored;
    const auto inventory = context_.inventory->Current();
    const MariadbLogin& login = context_.settings.mariadb;
    const auto servers = SiteServersOf(*inventory, login);
    const auto ask = [&](const BenchServer& each, Deadline share) -> Status {
      const auto report = advisers_[each.options.address.Text()].Advise(
          *context_.mariadb_server(each.options), each.options, SiteSchemasOf(each, login), share);
      if (!report) return Fail(report.error());
      AddReport(*report, sink);
      return {};
    };
    const Status asked = AskEach(servers, deadline, ask);
    const Status saved = Save();
    if (!restored) return restored;
    return asked ? saved : asked;
  }

 private:
  void Restore(const json& state) {
    for (auto& [address, use] : CountedUsesOf(state)) {
      advisers_[address].counted_use() = std::move(use);
    }
  }

  Status Save() {
    json state = {{"servers", json::object()}};
    for (const auto& [address, adviser] : advisers_) {
      state["servers"][address] = adviser.counted_use().ToJson();
    }
    return state_.Save(state);
  }

  CollectorContext context_;
  std::map<std::string, IndexAdviser> advisers_;  // by address
  SavedState state_;
};

}  // namespace

const CollectorEntry kMariadbIndexesCollector{
    .name = "mariadb_indexes",
    .summary = "indexes that sites' tables lack, and those that do nothing",
    .access =
        "MariaDB: PROCESS for the indexes, SELECT on mysql.innodb_table_stats and "
        "mysql.innodb_index_stats for sizes; what is missing is known where performance_schema is "
        "ON and may be read or the slow query log is, what is used there or, of tables that the "
        "login may read, where "
        "userstat is ON",
    .mariadb_privileges = "PROCESS",
    .mariadb_tables =
        "mysql.innodb_table_stats,mysql.innodb_index_stats,"
        "performance_schema.events_statements_summary_by_digest,"
        "performance_schema.table_io_waits_summary_by_index_usage",
    .interval = std::chrono::minutes(10),
    .timeout = std::chrono::seconds(20),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<MariadbIndexesCollector>(context);
    }};

}  // namespace erpnext
