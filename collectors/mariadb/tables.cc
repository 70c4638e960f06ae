// SPDX-License-Identifier: Apache-2.0
// The largest tables of the first database server under the names of mysqld_exporter, which asks
// information_schema.TABLES for them: that opens each table, and waits for who changes one. InnoDB
// keeps the same figures in a table of its own. What it does not keep is asked for where somebody
// wants that these tables are opened.
#include "collectors/mariadb/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "collectors/context.h"
#include "collectors/mariadb_servers.h"
#include "collectors/mariadb_values.h"
#include "sources/innodb_files.h"
#include "sources/opened_tables.h"

namespace erpnext {
namespace {

constexpr Family kSize{
    .name = "mysql_info_schema_table_size",
    .labels = {"schema", "table", "component"},
    .help =
        "The size of the table components. Of the 100 largest InnoDB tables of the server, as "
        "InnoDB counted pages last; data_free only with mariadb.open-tables. Without the privilege "
        "PROCESS "
        "compressed tables look larger than they are.",
    .source =
        "clustered_index_size and sum_of_other_index_sizes of mysql.innodb_table_stats; with "
        "innodb_page_size and PAGE_SIZE of INNODB_SYS_TABLESPACES; DATA_FREE of "
        "information_schema.TABLES"};
constexpr Family kRows{.name = "mysql_info_schema_table_rows",
                       .labels = {"schema", "table"},
                       .help = "The estimated number of rows in the table.",
                       .source = "n_rows of mysql.innodb_table_stats"};
constexpr Family kVersion{
    .name = "mysql_info_schema_table_version",
    .labels = {"schema", "table", "type", "engine", "row_format", "create_options"},
    .help =
        "The version number of the table's .frm file. Of the same 100 tables, with "
        "mariadb.open-tables.",
    .source = "VERSION of information_schema.TABLES"};
constexpr const Family* kFamilies[] = {&kSize, &kRows, &kVersion};

constexpr std::string_view kSubject = "mariadb_tables";
constexpr std::size_t kLargest = 100;

// A partition has a row of its own: "table#P#p0". What ALTER TABLE is making begins with "#sql".
// Twice as many as are shown: pages of compressed tables are smaller, half the size as a rule.
constexpr std::string_view kQuery =
    "/* mariadb_tables */ SELECT database_name, SUBSTRING_INDEX(SUBSTRING_INDEX(table_name, "
    "'#P#', 1), '#p#', 1) AS whole_table, SUM(n_rows) AS table_rows, SUM(clustered_index_size) * "
    "@@innodb_page_size AS data_length, SUM(sum_of_other_index_sizes) * @@innodb_page_size AS "
    "index_length, @@innodb_page_size AS page_size FROM mysql.innodb_table_stats WHERE "
    "database_name <> 'mysql' AND table_name NOT LIKE '#sql%' GROUP BY 1, 2 ORDER BY "
    "SUM(clustered_index_size + sum_of_other_index_sizes) DESC, 1, 2 LIMIT 200";

struct Table {
  std::string schema, name;
  std::optional<double> rows, data, index;
  double page_bytes = 0;
  double bytes() const { return data.value_or(0) + index.value_or(0); }
};

std::vector<Table> TablesOf(const MariadbTable& answer) {
  const MariadbColumns columns(answer);
  std::vector<Table> tables;
  for (const auto& row : answer.rows) {
    const auto schema = columns.Text(row, "database_name"), name = columns.Text(row, "whole_table");
    if (!schema || !name) continue;
    tables.push_back({std::string(*schema), std::string(*name), columns.Number(row, "table_rows"),
                      columns.Number(row, "data_length"), columns.Number(row, "index_length"),
                      columns.Number(row, "page_size").value_or(0)});
  }
  return tables;
}

// Leaves the largest, with their true sizes.
Status Correct(MariadbServer& server, std::vector<Table>& tables, Deadline deadline) {
  std::set<std::pair<std::string, std::string>> names;
  for (const Table& table : tables) names.emplace(table.schema, table.name);
  const auto compressed = ReadTableFiles(
      server, kSubject, FileChoice::kCompressed,
      [&](const std::string& schema, const std::string& table) {
        return names.contains({schema, table});
      },
      deadline);
  if (!compressed) return Fail(compressed.error());
  for (Table& table : tables) {
    const double part = PartOfPage(*compressed, table.schema, table.name, table.page_bytes);
    if (table.data) *table.data *= part;
    if (table.index) *table.index *= part;
  }
  std::stable_sort(tables.begin(), tables.end(),
                   [](const Table& a, const Table& b) { return a.bytes() > b.bytes(); });
  if (tables.size() > kLargest) tables.resize(kLargest);
  return {};
}

void AddSizes(const std::vector<Table>& tables, SampleSink& sink) {
  for (const Table& table : tables) {
    if (table.data) sink.Add(kSize, {table.schema, table.name, "data_length"}, *table.data);
    if (table.index) sink.Add(kSize, {table.schema, table.name, "index_length"}, *table.index);
    if (table.rows) sink.Add(kRows, {table.schema, table.name}, *table.rows);
  }
}

Status AddOpened(MariadbServer& server, const std::vector<Table>& tables, Deadline deadline,
                 SampleSink& sink) {
  TableNames names;
  for (const Table& table : tables) names[table.schema].push_back(table.name);
  const OpenedTables opened = OpenTables(
      server, kSubject, "TABLE_TYPE, ENGINE, VERSION, ROW_FORMAT, DATA_FREE, CREATE_OPTIONS", names,
      deadline);
  const MariadbColumns columns(opened.table);
  for (const auto& row : opened.table.rows) {
    const auto engine = columns.Text(row, "engine");
    if (!engine) continue;  // somebody has it locked
    const std::string_view schema = *row[0], name = *row[1];
    const auto text = [&](std::string_view column) {
      return columns.Text(row, column).value_or("NONE");  // as in the original
    };
    sink.Add(
        kVersion,
        {schema, name, text("table_type"), *engine, text("row_format"), text("create_options")},
        columns.Number(row, "version").value_or(0));
    sink.Add(kSize, {schema, name, "data_free"}, columns.Number(row, "data_free").value_or(0));
  }
  return opened.status;
}

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
    std::vector<Table> tables = TablesOf(*rows);
    if (Status status = Correct(*server, tables, deadline); !status) return status;
    AddSizes(tables, sink);
    return context_.settings.open_tables ? AddOpened(*server, tables, deadline, sink) : Status();
  }

 private:
  CollectorContext context_;
};

}  // namespace

const CollectorEntry kMariadbTablesCollector{
    .name = "mariadb_tables",
    .summary = "size and rows of the largest tables of MariaDB",
    .access =
        "MariaDB: SELECT on mysql.innodb_table_stats; without it nothing. PROCESS for sizes of "
        "compressed tables. With mariadb.open-tables any privilege on each table, as REFERENCES",
    .mariadb_privileges = "PROCESS",
    .mariadb_tables = "mysql.innodb_table_stats",
    .interval = std::chrono::minutes(5),
    .timeout = std::chrono::seconds(5),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<MariadbTablesCollector>(context);
    }};

}  // namespace erpnext
