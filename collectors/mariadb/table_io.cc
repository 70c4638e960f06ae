// SPDX-License-Identifier: Apache-2.0
// What reading and writing of rows took, by table and by index of the first database server, under
// the names of mysqld_exporter 0.14 with collect.perf_schema.tableiowaits and .indexiowaits, which
// publishes eight series of each table and six of each index that there are. The order here is that
// of the time since the server started, so who is among the first rarely changes; a counter that
// was away for some time goes on where it would be, which rate() takes as it is.
#include "collectors/mariadb/table_io.h"

#include <fmt/format.h>

#include <vector>

#include "collectors/context.h"
#include "collectors/mariadb_servers.h"
#include "collectors/mariadb_values.h"
#include "sources/mariadb_error.h"

namespace erpnext {
namespace {

constexpr std::string_view kTable = "performance_schema.table_io_waits_summary_by_table";
constexpr std::string_view kIndexTable = "performance_schema.table_io_waits_summary_by_index_usage";

constexpr Family kTableWaits{
    .name = "mysql_perf_schema_table_io_waits_total",
    .kind = MetricKind::kCounter,
    .labels = {"schema", "name", "operation"},
    .help =
        "The total number of table I/O wait events for each table and operation. Of the 100 "
        "tables that took most time since the server started.",
    .source = kTable};
constexpr Family kTableSeconds{
    .name = "mysql_perf_schema_table_io_waits_seconds_total",
    .kind = MetricKind::kCounter,
    .labels = {"schema", "name", "operation"},
    .help =
        "The total time of table I/O wait events for each table and operation. Of the 100 "
        "tables that took most time since the server started.",
    .source = kTable};
constexpr Family kIndexWaits{
    .name = "mysql_perf_schema_index_io_waits_total",
    .kind = MetricKind::kCounter,
    .labels = {"schema", "name", "index", "operation"},
    .help =
        "The total number of index I/O wait events for each index and operation. Of the 250 "
        "indexes that took most time since the server started; NONE is what used none, and "
        "has all that was inserted.",
    .source = kIndexTable};
constexpr Family kIndexSeconds{
    .name = "mysql_perf_schema_index_io_waits_seconds_total",
    .kind = MetricKind::kCounter,
    .labels = {"schema", "name", "index", "operation"},
    .help =
        "The total time of index I/O wait events for each index and operation. Of the 250 "
        "indexes that took most time since the server started.",
    .source = kIndexTable};
constexpr const Family* kFamilies[] = {&kTableWaits, &kTableSeconds, &kIndexWaits, &kIndexSeconds};

struct Operation {
  std::string_view name;
  std::string_view waits;    // columns
  std::string_view seconds;  // of picoseconds
};
constexpr std::string_view kInsert = "insert";
constexpr Operation kOperations[] = {{"fetch", "count_fetch", "sum_timer_fetch"},
                                     {kInsert, "count_insert", "sum_timer_insert"},
                                     {"update", "count_update", "sum_timer_update"},
                                     {"delete", "count_delete", "sum_timer_delete"}};
constexpr double kPicoseconds = 1e12;

// The server looks at each table, or index, whatever is asked for (see docs/decisions.md); the
// order costs nothing beside that. Where the server does not time them, the numbers decide.
std::string Statement(std::string_view names, std::string_view table, int most) {
  std::string columns;
  for (const Operation& each : kOperations) {
    columns += fmt::format(", {}, {}", each.waits, each.seconds);
  }
  return fmt::format(
      "/* mariadb_table_io */ SELECT {}{} FROM {} WHERE OBJECT_SCHEMA NOT IN ('mysql', "
      "'performance_schema') ORDER BY SUM_TIMER_WAIT DESC, COUNT_STAR DESC, {} LIMIT {}",
      names, columns, table, names, most);
}

using Row = std::vector<std::optional<std::string>>;

class MariadbTableIoCollector final : public Collector {
 public:
  explicit MariadbTableIoCollector(const CollectorContext& context) : context_(context) {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    const auto server = FirstServer(context_);
    if (!server) return {};
    const auto tables =
        Read(*server, Statement("OBJECT_SCHEMA, OBJECT_NAME", kTable, 100), deadline.Share(2));
    if (tables) AddTables(*tables, sink);
    const auto indexes = Read(
        *server, Statement("OBJECT_SCHEMA, OBJECT_NAME, INDEX_NAME", kIndexTable, 250), deadline);
    if (indexes) AddIndexes(*indexes, sink);
    if (!tables) return Fail(tables.error());
    if (!indexes) return Fail(indexes.error());
    return {};
  }

 private:
  // What this login may not see, or this server does not have, is an empty table.
  static Result<MariadbTable> Read(MariadbServer& server, const std::string& statement,
                                   Deadline deadline) {
    auto table = server.Query(statement, deadline);
    if (!table && IsAbsent(table.error())) return MariadbTable{};
    return table;
  }

  static void Add(const MariadbColumns& columns, const Row& row, std::string_view column,
                  double unit, const Family& family, SampleSink::Labels labels, SampleSink& sink) {
    const auto value = columns.Number(row, column);
    if (value && *value >= 0) sink.Add(family, labels, *value / unit);
  }

  static void AddTables(const MariadbTable& table, SampleSink& sink) {
    const MariadbColumns columns(table);
    for (const Row& row : table.rows) {
      const auto schema = columns.Text(row, "object_schema");
      const auto name = columns.Text(row, "object_name");
      if (!schema || !name) continue;
      for (const Operation& each : kOperations) {
        const std::string_view labels[] = {*schema, *name, each.name};
        Add(columns, row, each.waits, 1, kTableWaits, labels, sink);
        Add(columns, row, each.seconds, kPicoseconds, kTableSeconds, labels, sink);
      }
    }
  }

  // Rows are inserted without an index, so only NONE has that operation, as in mysqld_exporter.
  static void AddIndexes(const MariadbTable& table, SampleSink& sink) {
    const MariadbColumns columns(table);
    for (const Row& row : table.rows) {
      const auto schema = columns.Text(row, "object_schema");
      const auto name = columns.Text(row, "object_name");
      const auto index = columns.Text(row, "index_name");
      if (!schema || !name) continue;
      for (const Operation& each : kOperations) {
        if (index && each.name == kInsert) continue;
        const std::string_view labels[] = {*schema, *name, index.value_or("NONE"), each.name};
        Add(columns, row, each.waits, 1, kIndexWaits, labels, sink);
        Add(columns, row, each.seconds, kPicoseconds, kIndexSeconds, labels, sink);
      }
    }
  }

  CollectorContext context_;
};

}  // namespace

const CollectorEntry kMariadbTableIoCollector{
    .name = "mariadb_table_io",
    .summary =
        "reads and writes of rows by table and index under the names of mysqld_exporter: up to "
        "2800 series",
    .access =
        "MariaDB: performance_schema=ON and SELECT on its waits for tables; a run takes MariaDB "
        "0.2 s where 2000 tables are open",
    .mariadb_tables =
        "performance_schema.table_io_waits_summary_by_table, "
        "performance_schema.table_io_waits_summary_by_index_usage",
    .enabled_by_default = false,
    .interval = std::chrono::minutes(1),
    .timeout = std::chrono::seconds(10),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<MariadbTableIoCollector>(context);
    }};

}  // namespace erpnext
