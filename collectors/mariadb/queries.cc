// SPDX-License-Identifier: Apache-2.0
// The kinds of statements that take most time of each database server, by site.
#include "collectors/mariadb/queries.h"

#include <map>
#include <nlohmann/json.hpp>

#include "collectors/context.h"
#include "collectors/mariadb/query_log.h"
#include "collectors/mariadb_servers.h"
#include "sources/saved_state.h"

namespace erpnext {
namespace {

using nlohmann::json;

constexpr Family kSeconds{
    .name = "erpnext_mariadb_query_seconds_total",
    .kind = MetricKind::kCounter,
    .labels = {"bench", "site", "query"},
    .help =
        "Time that statements of one kind took. The 20 kinds that took most time lately have a "
        "name of their own, until they were not among them for an hour; the rest of each site is "
        "other. From the slow query log only those above long_query_time count.",
    .source =
        "SUM_TIMER_WAIT of performance_schema.events_statements_summary_by_digest, else "
        "Query_time of the slow query log; every 30 seconds"};
constexpr Family kExecutions{.name = "erpnext_mariadb_query_executions_total",
                             .kind = MetricKind::kCounter,
                             .labels = {"bench", "site", "query"},
                             .help = "How often they ran.",
                             .source = "COUNT_STAR of the same table, else entries of the log"};
constexpr Family kExamined{.name = "erpnext_mariadb_query_rows_examined_total",
                           .kind = MetricKind::kCounter,
                           .labels = {"bench", "site", "query"},
                           .help =
                               "Rows that MariaDB read for them. Many for each row sent: an index "
                               "is missing.",
                           .source = "SUM_ROWS_EXAMINED, else Rows_examined"};
constexpr Family kSent{.name = "erpnext_mariadb_query_rows_sent_total",
                       .kind = MetricKind::kCounter,
                       .labels = {"bench", "site", "query"},
                       .help = "Rows that they gave.",
                       .source = "SUM_ROWS_SENT, else Rows_sent"};
constexpr Family kWithoutIndex{.name = "erpnext_mariadb_query_without_index_total",
                               .kind = MetricKind::kCounter,
                               .labels = {"bench", "site", "query"},
                               .help =
                                   "How often they read a table without an index. From the slow "
                                   "query log only with query_plan "
                                   "in log_slow_verbosity.",
                               .source = "SUM_NO_INDEX_USED, else Full_scan and Full_join"};
constexpr Family kInfo{
    .name = "erpnext_mariadb_query_info",
    .labels = {"bench", "site", "query", "text"},
    .help =
        "The text of those with a name, with value 1: values are ?, and what is beyond 200 bytes "
        "is "
        "left out.",
    .source = "DIGEST_TEXT, else statements of the slow query log without the values in them"};
constexpr Family kSource{
    .name = "erpnext_mariadb_query_source_info",
    .labels = {"bench", "source"},
    .help =
        "Where they are read from, with value 1: performance_schema (all statements), or slow_log "
        "(those above long_query_time). Absent when the server has neither for us.",
    .source = "what could be read"};
constexpr const Family* kFamilies[] = {&kSeconds,      &kExecutions, &kExamined, &kSent,
                                       &kWithoutIndex, &kInfo,       &kSource};

constexpr const char* kOther = "other";

void AddCost(const SiteKey& site, std::string_view id, const StatementCost& cost, bool tells_index,
             SampleSink& sink) {
  const auto add = [&](const Family& family, double value) {
    sink.Add(family, {site.bench, site.site, id}, value);
  };
  add(kSeconds, cost.seconds);
  add(kExecutions, cost.executions);
  add(kExamined, cost.rows_examined);
  add(kSent, cost.rows_sent);
  if (tells_index) add(kWithoutIndex, cost.without_index);
}

class MariadbQueriesCollector final : public Collector {
 public:
  explicit MariadbQueriesCollector(const CollectorContext& context)
      : context_(context),
        state_(context.state, "mariadb_queries.json", "statements are counted from now on") {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    // Without it a first start would be assumed, and the state be lost: it is tried again.
    Status status = state_.Restore([this](const json& state) { Restore(state); });
    if (!state_.ready()) return status;
    const auto keep_error = [&](const Status& next) {
      if (status && !next) status = next;
    };
    const auto inventory = context_.inventory->Current();
    const auto servers = BenchServersOf(*inventory, context_.settings.mariadb);
    for (std::size_t i = 0; i < servers.size(); ++i) {
      keep_error(logs_[servers[i].options.address.Text()].Read(
          *context_.mariadb_server(servers[i].options), servers[i].options,
          SchemaOwners(servers[i], context_.settings.mariadb), context_.clock->Steady(),
          deadline.Share(servers.size() - i)));
    }
    // Saved before it is published: after a crash no counter begins below what was seen of it.
    keep_error(Save());
    for (const BenchServer& server : servers) Add(server, sink);
    return status;
  }

 private:
  void Restore(const json& state) {
    std::map<std::string, QueryLog> logs;
    for (const auto& [address, log] : state.at("servers").items()) {
      logs[address].Restore(log, context_.clock->Steady());
    }
    logs_ = std::move(logs);
  }

  Status Save() {
    json state = {{"servers", json::object()}};
    for (const auto& [address, log] : logs_) state["servers"][address] = log.ToJson();
    return state_.Save(state);
  }

  void Add(const BenchServer& server, SampleSink& sink) const {
    const auto found = logs_.find(server.options.address.Text());
    // Of a source that is gone nothing is known now.
    if (found == logs_.end() || found->second.source().empty()) return;
    const QueryLog& log = found->second;
    const SchemaOwners owners(server, context_.settings.mariadb);
    for (const Bench* bench : server.benches) sink.Add(kSource, {bench->name, log.source()}, 1);
    for (const auto& [statement, counts] : log.top().statements()) {
      if (!counts.is_named || !owners.sites().contains(statement.site)) continue;
      AddCost(statement.site, statement.id, counts.named, log.tells_index(), sink);
      sink.Add(kInfo, {statement.site.bench, statement.site.site, statement.id, counts.text}, 1);
    }
    for (const SiteKey& site : owners.sites()) {
      const auto rest = log.top().rest().find(site);
      const StatementCost none;
      AddCost(site, kOther, rest == log.top().rest().end() ? none : rest->second, log.tells_index(),
              sink);
    }
  }

  CollectorContext context_;
  std::map<std::string, QueryLog> logs_;  // by address of the server
  SavedState state_;
};

}  // namespace

const CollectorEntry kMariadbQueriesCollector{
    .name = "mariadb_queries",
    .summary = "which kinds of statements take most time, and read how many rows, by site",
    .access =
        "MariaDB: performance_schema=ON and SELECT on its digests; or the slow query log, on this "
        "host, ON, in a file that this process may read (Debian: the group adm); else nothing",
    .mariadb_tables = "performance_schema.events_statements_summary_by_digest",
    .interval = std::chrono::seconds(30),
    .timeout = std::chrono::seconds(15),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<MariadbQueriesCollector>(context);
    }};

}  // namespace erpnext
