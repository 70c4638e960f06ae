// SPDX-License-Identifier: Apache-2.0
// The largest tables of the first database server under the names of mysqld_exporter, which asks
// information_schema.TABLES for them: that opens each table, and waits for who changes one. InnoDB
// keeps the same figures in a table of its own.
#include "collectors/mariadb/tables.h"

#include "collectors/context.h"
#include "collectors/mariadb_servers.h"
#include "collectors/mariadb_values.h"

namespace erpnext {
namespace {

constexpr Family kSize{
    .name = "mysql_info_schema_table_size",
    .labels = {"schema", "table", "component"},
    .help =
        "The size of the table components. Of the 100 largest InnoDB tables of the server, as "
        "InnoDB counted pages last; without data_free, which only the opened table tells.",
    .source =
        "clustered_index_size and sum_of_other_index_sizes of mysql.innodb_table_stats; with "
        "innodb_page_size"};
constexpr Family kRows{.name = "mysql_info_schema_table_rows",
                       .labels = {"schema", "table"},
                       .help = "The estimated number of rows in the table.",
                       .source = "n_rows of mysql.innodb_table_stats"};
constexpr const Family* kFamilies[] = {&kSize, &kRows};

// A partition has a row of its own: "table#P#p0". What ALTER TABLE is making begins with "#sql".
constexpr std::string_view kQuery =
    "/* mariadb_tables */ SELECT database_name, SUBSTRING_INDEX(SUBSTRING_INDEX(table_name, "
    "'#P#', 1), '#p#', 1) AS whole_table, SUM(n_rows) AS table_rows, SUM(clustered_index_size) * "
    "@@innodb_page_size AS data_length, SUM(sum_of_other_index_sizes) * @@innodb_page_size AS "
    "index_length FROM mysql.innodb_table_stats WHERE database_name <> 'mysql' AND table_name NOT "
    "LIKE '#sql%' GROUP BY 1, 2 ORDER BY SUM(clustered_index_size + sum_of_other_index_sizes) "
    "DESC, "
    "1, 2 LIMIT 100";

class MariadbTablesCollector final : public Collector {
 public:
  explicit MariadbTablesCollector(const CollectorContext& context) : context_(context) {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    const auto server = FirstServer(context_);
    if (!server) return {};
    const auto rows = server->Query(kQuery, deadline);
    // What a login may not see is not there.
    if (!rows && rows.error().kind == ErrorKind::kPermission) return {};
    if (!rows) return Fail(rows.error());
    AddTables(*rows, sink);
    return {};
  }

 private:
  static void AddTables(const MariadbTable& table, SampleSink& sink) {
    const MariadbColumns columns(table);
    for (const auto& row : table.rows) {
      const auto schema = columns.Text(row, "database_name");
      const auto name = columns.Text(row, "whole_table");
      if (!schema || !name) continue;
      for (const std::string_view component : {"data_length", "index_length"}) {
        const auto bytes = columns.Number(row, component);
        if (bytes) sink.Add(kSize, {*schema, *name, component}, *bytes);
      }
      if (const auto count = columns.Number(row, "table_rows")) {
        sink.Add(kRows, {*schema, *name}, *count);
      }
    }
  }

  CollectorContext context_;
};

}  // namespace

const CollectorEntry kMariadbTablesCollector{
    .name = "mariadb_tables",
    .summary = "size and rows of the largest tables of MariaDB",
    .access = "MariaDB: SELECT on mysql.innodb_table_stats; without it nothing",
    .mariadb_tables = "mysql.innodb_table_stats",
    .interval = std::chrono::minutes(5),
    .timeout = std::chrono::seconds(5),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<MariadbTablesCollector>(context);
    }};

}  // namespace erpnext
