// SPDX-License-Identifier: Apache-2.0
// Whether the database server of each bench answers and why not, and the global status of the
// first one under the names of mysqld_exporter.
#include "collectors/mariadb/status.h"

#include <algorithm>
#include <map>

#include "collectors/connect_reason.h"
#include "collectors/context.h"
#include "collectors/mariadb/status_values.h"
#include "collectors/mariadb_servers.h"
#include "collectors/mariadb_values.h"
#include "core/text.h"

namespace erpnext {
namespace {

constexpr Family kUp{
    .name = "erpnext_mariadb_up",
    .labels = {"bench"},
    .help =
        "1 when the database server of the bench is there, 0 when it is not. A server that "
        "refuses our login is there.",
    .source = "connection and SHOW GLOBAL STATUS"};
constexpr Family kConnectError{
    .name = "erpnext_mariadb_connect_error_info",
    .labels = {"bench", "reason"},
    .help =
        "Why the database server did not answer our question, with value 1: down (nothing there), "
        "refused (nobody listens), denied (our login), timeout, too_many_connections, user_limit "
        "(our login alone has all that it may have), host_blocked (nobody may connect from this "
        "host until FLUSH HOSTS), protocol. Absent when it did.",
    .source = "error of connection, login or statement"};
constexpr Family kMysqlUp{.name = "mysql_up",
                          .help = "Whether the MySQL server is up.",
                          .source = "SHOW GLOBAL STATUS was answered"};
constexpr Family kCommands{.name = "mysql_global_status_commands_total",
                           .kind = MetricKind::kCounter,
                           .labels = {"command"},
                           .help = "Total number of executed MySQL commands.",
                           .source = "SHOW GLOBAL STATUS Com_*"};
constexpr Family kHandlers{.name = "mysql_global_status_handlers_total",
                           .kind = MetricKind::kCounter,
                           .labels = {"handler"},
                           .help = "Total number of executed MySQL handlers.",
                           .source = "SHOW GLOBAL STATUS Handler_*"};
constexpr Family kConnectionErrors{.name = "mysql_global_status_connection_errors_total",
                                   .kind = MetricKind::kCounter,
                                   .labels = {"error"},
                                   .help = "Total number of MySQL connection errors.",
                                   .source = "SHOW GLOBAL STATUS Connection_errors_*"};
constexpr Family kPoolPages{.name = "mysql_global_status_buffer_pool_pages",
                            .labels = {"state"},
                            .help = "Innodb buffer pool pages by state.",
                            .source = "SHOW GLOBAL STATUS Innodb_buffer_pool_pages_*"};
constexpr Family kPoolDirty{.name = "mysql_global_status_buffer_pool_dirty_pages",
                            .help = "Innodb buffer pool dirty pages.",
                            .source = "SHOW GLOBAL STATUS Innodb_buffer_pool_pages_dirty"};
constexpr Family kPoolChanges{.name = "mysql_global_status_buffer_pool_page_changes_total",
                              .kind = MetricKind::kCounter,
                              .labels = {"operation"},
                              .help = "Innodb buffer pool page state changes.",
                              .source = "SHOW GLOBAL STATUS Innodb_buffer_pool_pages_*"};
constexpr Family kRowOps{.name = "mysql_global_status_innodb_row_ops_total",
                         .kind = MetricKind::kCounter,
                         .labels = {"operation"},
                         .help = "Total number of MySQL InnoDB row operations.",
                         .source = "SHOW GLOBAL STATUS Innodb_rows_*"};
constexpr Family kPerformanceLost{
    .name = "mysql_global_status_performance_schema_lost_total",
    .kind = MetricKind::kCounter,
    .labels = {"instrumentation"},
    .help =
        "Total number of MySQL instrumentations that could not be loaded or created due to "
        "memory constraints.",
    .source = "SHOW GLOBAL STATUS Performance_schema_*"};
constexpr Family kStatus{.name = "mysql_global_status_*",
                         .kind = MetricKind::kUntyped,
                         .help = "Generic metric from SHOW GLOBAL STATUS.",
                         .source = "SHOW GLOBAL STATUS, the variable of the same name"};
constexpr const Family* kFamilies[] = {
    &kUp,        &kConnectError, &kMysqlUp,     &kCommands, &kHandlers,        &kConnectionErrors,
    &kPoolPages, &kPoolDirty,    &kPoolChanges, &kRowOps,   &kPerformanceLost, &kStatus};

const Family* FamilyOf(StatusGroup group) {
  switch (group) {
    case StatusGroup::kCommands: return &kCommands;
    case StatusGroup::kHandlers: return &kHandlers;
    case StatusGroup::kConnectionErrors: return &kConnectionErrors;
    case StatusGroup::kBufferPoolPages: return &kPoolPages;
    case StatusGroup::kBufferPoolChanges: return &kPoolChanges;
    case StatusGroup::kRowOperations: return &kRowOps;
    case StatusGroup::kPerformanceLost: return &kPerformanceLost;
    default: return nullptr;
  }
}

void AddStatus(const std::string& name, double value, SampleSink& sink) {
  const GroupedStatus grouped = GroupOf(name);
  if (grouped.group == StatusGroup::kNone) {
    sink.AddOpen(kStatus, name, StatusKind(name), value);
  } else if (grouped.group == StatusGroup::kBufferPoolDirty) {
    sink.Add(kPoolDirty, value);
  } else if (const Family* family = FamilyOf(grouped.group)) {
    sink.Add(*family, {grouped.label}, value);
  }
}

class MariadbStatusCollector final : public Collector {
 public:
  explicit MariadbStatusCollector(const CollectorContext& context) : context_(context) {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    const auto inventory = context_.inventory->Current();
    const auto servers = BenchServersOf(*inventory, context_.settings.mariadb);
    Status status;
    for (std::size_t i = 0; i < servers.size(); ++i) {
      const Deadline share = deadline.Share(servers.size() - i);
      const bool is_first = i == 0;  // the names of mysqld_exporter know one server only
      const auto server = context_.mariadb_server(servers[i].options);
      const auto answer = server->QueryMemory(is_first ? "SHOW GLOBAL STATUS" : "SELECT 1", share);
      for (const Bench* bench : servers[i].benches) AddReachability(bench->name, answer, sink);
      const Status asked = answer ? Status() : Fail(answer.error());
      if (is_first) {
        sink.Add(kMysqlUp, answer ? 1 : 0);
        if (answer) AddGlobals(*answer, sink);
      }
      if (!asked && status) status = asked;
    }
    return status;
  }

 private:
  static void AddReachability(const std::string& bench, const Result<MariadbTable>& answer,
                              SampleSink& sink) {
    const bool up = answer || IsUpThough(answer.error().kind);
    sink.Add(kUp, {bench}, up ? 1 : 0);
    if (!answer) sink.Add(kConnectError, {bench, ConnectReason(answer.error().kind)}, 1);
  }

  static void AddGlobals(const MariadbTable& rows, SampleSink& sink) {
    for (const auto& [name, text] : PairsOf(rows)) {
      if (const auto value = ParseStatusValue(text)) AddStatus(name, *value, sink);
    }
  }

  CollectorContext context_;
};

}  // namespace

const CollectorEntry kMariadbStatusCollector{
    .name = "mariadb_status",
    .summary = "whether MariaDB answers and why not; its global status",
    .access = "MariaDB: a login; SHOW GLOBAL STATUS needs no privilege",
    .timeout = std::chrono::seconds(2),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<MariadbStatusCollector>(context);
    }};

}  // namespace erpnext
