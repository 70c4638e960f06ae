// SPDX-License-Identifier: Apache-2.0
// The fullest AUTO_INCREMENT columns of the first database server under the names of
// mysqld_exporter 0.14 with collect.auto_increment.columns. That asks for all columns and all
// tables at once, which opens every table. Which columns these are stands in the tables'
// definitions; only the tables that have one are opened.
#include "collectors/mariadb/auto_increment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "collectors/context.h"
#include "collectors/mariadb_servers.h"
#include "collectors/mariadb_values.h"
#include "sources/opened_tables.h"
#include "sources/site_database.h"

namespace erpnext {
namespace {

constexpr Family kValue{
    .name = "mysql_info_schema_auto_increment_column",
    .labels = {"schema", "table", "column"},
    .help =
        "The current value of an auto_increment column from information_schema. Of the 100 columns "
        "that have used most of their range.",
    .source = "AUTO_INCREMENT of information_schema.TABLES; EXTRA of information_schema.COLUMNS"};
constexpr Family kMax{
    .name = "mysql_info_schema_auto_increment_column_max",
    .labels = {"schema", "table", "column"},
    .help = "The max value of an auto_increment column from information_schema. Of the same 100.",
    .source = "COLUMN_TYPE of information_schema.COLUMNS"};
constexpr const Family* kFamilies[] = {&kValue, &kMax};

constexpr std::size_t kFullest = 100;
constexpr std::string_view kSubject = "mariadb_auto_increment";

struct Column {
  std::string schema, table, name;
  double max = 0;
  double value = 0;
  double used() const { return value / max; }
};

struct IntegerType {
  std::string_view name;
  int bits;  // of the largest signed value
};
constexpr IntegerType kTypes[] = {
    {"tinyint", 7}, {"smallint", 15}, {"mediumint", 23}, {"int", 31}, {"bigint", 63}};

// Of "int(10) unsigned", say. Nothing for FLOAT and DOUBLE, which can be AUTO_INCREMENT as well.
std::optional<double> MaxOf(std::string_view data_type, std::string_view column_type) {
  for (const IntegerType& type : kTypes) {
    if (type.name != data_type) continue;
    // The original looks at the end of the type only, and takes "unsigned zerofill" for signed.
    const bool is_unsigned = column_type.find(" unsigned") != std::string_view::npos;
    return std::ldexp(1.0, type.bits + (is_unsigned ? 1 : 0)) - 1;
  }
  return std::nullopt;
}

class MariadbAutoIncrementCollector final : public Collector {
 public:
  explicit MariadbAutoIncrementCollector(const CollectorContext& context) : context_(context) {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    const auto server = FirstServer(context_);
    if (!server) return {};
    // Those without a table of theirs have many columns.
    const auto schemas = server->Query(
        fmt::format(
            "/* {} */ SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME "
            "NOT IN ('information_schema', 'performance_schema', 'sys') LIMIT 10000",
            kSubject),
        deadline);
    if (!schemas) return Fail(schemas.error());
    Status status;
    std::vector<Column> columns;
    std::size_t left = schemas->rows.size() + 1;
    for (const auto& row : schemas->rows) {
      const Deadline share = deadline.Share(left--);
      if (row.empty() || !row[0]) continue;
      const Status read = ReadColumns(*server, *row[0], columns, share);
      if (!read && status) status = read;
    }
    const Status read = ReadValues(*server, columns, deadline);
    AddFullest(std::move(columns), sink);
    return status ? read : status;
  }

 private:
  // A schema at a time: its definitions may have to come from a slow disk. One that is being
  // replaced at this moment is not there.
  static Status ReadColumns(MariadbServer& server, const std::string& schema,
                            std::vector<Column>& columns, Deadline deadline) {
    const auto rows = server.Query(
        fmt::format("/* {} */ SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE FROM "
                    "information_schema.COLUMNS WHERE TABLE_SCHEMA = {} AND EXTRA LIKE "
                    "'auto_increment%' LIMIT 20000",
                    kSubject, QuoteText(schema)),
        deadline);
    if (!rows) return Fail(rows.error());
    for (const auto& row : rows->rows) {
      if (row.size() != 4 || !row[0] || !row[1] || !row[2] || !row[3]) continue;
      if (const auto max = MaxOf(*row[2], *row[3])) {
        columns.push_back({schema, *row[0], *row[1], *max});
      }
    }
    return {};
  }

  // Leaves those that have one. A table has at most one such column.
  static Status ReadValues(MariadbServer& server, std::vector<Column>& columns, Deadline deadline) {
    TableNames names;
    for (const Column& column : columns) names[column.schema].push_back(column.table);
    const OpenedTables opened = OpenTables(server, kSubject, "AUTO_INCREMENT", names, deadline);
    const MariadbColumns of(opened.table);
    std::map<std::pair<std::string, std::string>, double> values;
    for (const auto& row : opened.table.rows) {
      const auto value = of.Number(row, "auto_increment");
      if (value && *value >= 0) values[{*row[0], *row[1]}] = *value;
    }
    std::erase_if(columns, [&](Column& column) {
      const auto found = values.find({column.schema, column.table});
      if (found == values.end()) return true;
      column.value = found->second;
      return false;
    });
    return opened.status;
  }

  static void AddFullest(std::vector<Column> columns, SampleSink& sink) {
    std::stable_sort(columns.begin(), columns.end(),
                     [](const Column& a, const Column& b) { return a.used() > b.used(); });
    if (columns.size() > kFullest) columns.resize(kFullest);
    for (const Column& column : columns) {
      sink.Add(kValue, {column.schema, column.table, column.name}, column.value);
      sink.Add(kMax, {column.schema, column.table, column.name}, column.max);
    }
  }

  CollectorContext context_;
};

}  // namespace

const CollectorEntry kAutoIncrementCollector{
    .name = "mariadb_auto_increment",
    .summary = "how full the fullest AUTO_INCREMENT columns of MariaDB are",
    .access =
        "MariaDB: any privilege on the tables, as REFERENCES, which shows that they are there and "
        "no row; those without are absent. Off by default, as in mysqld_exporter: it reads the "
        "definition of every table and opens those with such a column",
    .mariadb_privileges = "REFERENCES",
    .enabled_by_default = false,
    .interval = std::chrono::minutes(10),
    .timeout = std::chrono::seconds(30),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<MariadbAutoIncrementCollector>(context);
    }};

}  // namespace erpnext
