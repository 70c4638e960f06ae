// SPDX-License-Identifier: Apache-2.0
// What each user, client and table of the first database server made it do, under the names of
// mysqld_exporter. MariaDB counts it only where userstat is ON, which is not its default. A site
// has a user of its own: by users its share of the server's work is known.
#include "collectors/mariadb/userstat.h"

#include "collectors/context.h"
#include "collectors/mariadb/user_statistics.h"
#include "collectors/mariadb_servers.h"
#include "collectors/mariadb_values.h"

namespace erpnext {
namespace {

constexpr Family kTableRead{.name = "mysql_info_schema_table_statistics_rows_read_total",
                            .kind = MetricKind::kCounter,
                            .labels = {"schema", "table"},
                            .help =
                                "The number of rows read from the table. Of the 2000 busiest that "
                                "this login may read.",
                            .source = "information_schema.TABLE_STATISTICS"};
constexpr Family kTableChanged{.name = "mysql_info_schema_table_statistics_rows_changed_total",
                               .kind = MetricKind::kCounter,
                               .labels = {"schema", "table"},
                               .help = "The number of rows changed in the table.",
                               .source = "information_schema.TABLE_STATISTICS"};
constexpr Family kTableIndexed{
    .name = "mysql_info_schema_table_statistics_rows_changed_x_indexes_total",
    .kind = MetricKind::kCounter,
    .labels = {"schema", "table"},
    .help = "The number of rows changed in the table, multiplied by the number of indexes changed.",
    .source = "information_schema.TABLE_STATISTICS"};
constexpr Family kSchemaRead{.name = "mysql_info_schema_schema_statistics_rows_read_total",
                             .kind = MetricKind::kCounter,
                             .labels = {"schema"},
                             .help =
                                 "The number of rows read from the schema. Only its tables that "
                                 "this login may read count.",
                             .source = "information_schema.TABLE_STATISTICS"};
constexpr Family kSchemaChanged{.name = "mysql_info_schema_schema_statistics_rows_changed_total",
                                .kind = MetricKind::kCounter,
                                .labels = {"schema"},
                                .help = "The number of rows changed in the schema.",
                                .source = "information_schema.TABLE_STATISTICS"};
constexpr Family kSchemaIndexed{
    .name = "mysql_info_schema_schema_statistics_rows_changed_x_indexes_total",
    .kind = MetricKind::kCounter,
    .labels = {"schema"},
    .help =
        "The number of rows changed in the schema, multiplied by the number of indexes changed.",
    .source = "information_schema.TABLE_STATISTICS"};

constexpr auto kFamilies = [] {
  constexpr std::size_t kOther = 6;
  std::array<const Family*, 2 * kUserStatistics.size() + kOther> all{
      &kTableRead, &kTableChanged, &kTableIndexed, &kSchemaRead, &kSchemaChanged, &kSchemaIndexed};
  std::size_t at = kOther;
  for (const UserStatistic& each : kUserStatistics) all[at++] = &each.of_user;
  for (const UserStatistic& each : kUserStatistics) all[at++] = &each.of_client;
  return all;
}();

// What was counted since the server started decides which are shown: those that are shown once
// are shown ever after, almost.
constexpr std::string_view kEnabled =
    "/* mariadb_userstat */ SHOW GLOBAL VARIABLES LIKE 'userstat'";
constexpr std::string_view kUsers =
    "/* mariadb_userstat */ SELECT * FROM information_schema.USER_STATISTICS "
    "ORDER BY BUSY_TIME DESC LIMIT 300";
constexpr std::string_view kClients =
    "/* mariadb_userstat */ SELECT * FROM information_schema.CLIENT_STATISTICS "
    "ORDER BY BUSY_TIME DESC LIMIT 100";
constexpr std::string_view kTables =
    "/* mariadb_userstat */ SELECT TABLE_SCHEMA, TABLE_NAME, ROWS_READ, ROWS_CHANGED, "
    "ROWS_CHANGED_X_INDEXES FROM information_schema.TABLE_STATISTICS "
    "ORDER BY ROWS_READ + ROWS_CHANGED DESC LIMIT 2000";
constexpr std::string_view kSchemas =
    "/* mariadb_userstat */ SELECT TABLE_SCHEMA, SUM(ROWS_READ) AS ROWS_READ, SUM(ROWS_CHANGED) "
    "AS ROWS_CHANGED, SUM(ROWS_CHANGED_X_INDEXES) AS ROWS_CHANGED_X_INDEXES FROM "
    "information_schema.TABLE_STATISTICS GROUP BY TABLE_SCHEMA LIMIT 1000";

void AddUsers(const MariadbTable& table, std::string_view label,
              const Family UserStatistic::*family, SampleSink& sink) {
  const MariadbColumns columns(table);
  for (const auto& row : table.rows) {
    const auto name = columns.Text(row, label);
    if (!name) continue;
    for (const UserStatistic& each : kUserStatistics) {
      const auto value = columns.Number(row, each.column);
      if (value && *value >= 0) sink.Add(each.*family, {*name}, *value);
    }
  }
}

void AddTables(const MariadbTable& table, SampleSink& sink) {
  const MariadbColumns columns(table);
  const bool by_table = columns.Has("table_name");
  const auto add = [&](const Family& of_table, const Family& of_schema, const auto& row,
                       std::string_view column) {
    const auto schema = columns.Text(row, "table_schema");
    const auto value = columns.Number(row, column);
    if (!schema || !value || *value < 0) return;
    if (!by_table) return sink.Add(of_schema, {*schema}, *value);
    if (const auto name = columns.Text(row, "table_name")) {
      sink.Add(of_table, {*schema, *name}, *value);
    }
  };
  for (const auto& row : table.rows) {
    add(kTableRead, kSchemaRead, row, "rows_read");
    add(kTableChanged, kSchemaChanged, row, "rows_changed");
    add(kTableIndexed, kSchemaIndexed, row, "rows_changed_x_indexes");
  }
}

class MariadbUserstatCollector final : public Collector {
 public:
  explicit MariadbUserstatCollector(const CollectorContext& context) : context_(context) {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    const auto server = FirstServer(context_);
    if (!server) return {};
    const auto enabled = server->Query(kEnabled, deadline.Share(5));
    if (!enabled) return Fail(enabled.error());
    const auto variables = PairsOf(*enabled);
    const auto userstat = variables.find("userstat");
    if (userstat == variables.end() || ParseStatusValue(userstat->second) != 1) return {};
    Status status;
    const auto ask = [&](std::string_view statement, std::size_t left, const auto& add) {
      const auto rows = server->Query(statement, deadline.Share(left));
      if (rows) add(*rows);
      if (!rows && status) status = Fail(rows.error());
    };
    ask(kUsers, 4,
        [&](const MariadbTable& rows) { AddUsers(rows, "user", &UserStatistic::of_user, sink); });
    ask(kClients, 3, [&](const MariadbTable& rows) {
      AddUsers(rows, "client", &UserStatistic::of_client, sink);
    });
    ask(kTables, 2, [&](const MariadbTable& rows) { AddTables(rows, sink); });
    ask(kSchemas, 1, [&](const MariadbTable& rows) { AddTables(rows, sink); });
    return status;
  }

 private:
  CollectorContext context_;
};

}  // namespace

const CollectorEntry kMariadbUserstatCollector{
    .name = "mariadb_userstat",
    .summary = "what each user, client and table made MariaDB do, where userstat is ON",
    .access =
        "MariaDB: PROCESS for users and clients; SELECT on a table, or on a column of it, for the "
        "table",
    .mariadb_privileges = "PROCESS",
    .interval = std::chrono::minutes(1),
    .timeout = std::chrono::seconds(5),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<MariadbUserstatCollector>(context);
    }};

}  // namespace erpnext
