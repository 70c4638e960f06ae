// SPDX-License-Identifier: Apache-2.0
// One row for each table, with a list of its indexes in it: a tenth of the memory of a row for each
// index. All of these tables are kept by the server itself; reading them opens no table of a site.
#include "sources/index_usage.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/text.h"
#include "sources/mariadb_error.h"
#include "sources/site_database.h"

namespace erpnext {
namespace {

constexpr std::size_t kMostTables = 50'000;
constexpr std::size_t kMostIndexes = 20'000;  // whose statistics are asked for at once

using Row = std::vector<std::optional<std::string>>;

double Number(const std::optional<std::string>& text) {
  const double number = ParseNumber<double>(text.value_or("")).value_or(0);
  return std::isfinite(number) ? std::max(0.0, number) : 0;
}

std::string Quoted(std::span<const std::string_view> texts) {
  std::string out;
  for (const std::string_view text : texts) {
    if (!out.empty()) out += ", ";
    out += QuoteText(text);
  }
  return out.empty() ? "NULL" : out;
}

// Rows of schema, table, a list of index and count that end each with a NUL, and rows written.
void AddUsage(const MariadbTable& table, UsageOfSchemas& schemas) {
  for (const Row& row : table.rows) {
    if (row.size() != 4 || !row[0] || !row[1]) continue;
    TableUsage& usage = schemas[*row[0]][*row[1]];
    const std::vector<std::string_view> pieces = Split(row[2] ? *row[2] : std::string_view(), '\0');
    for (std::size_t i = 0; i + 1 < pieces.size(); i += 2) {
      usage.reads[std::string(pieces[i])] = Number(std::string(pieces[i + 1]));
    }
    if (row[3]) usage.writes = Number(row[3]);
  }
}

std::string UserstatReads(std::string_view subject, std::span<const std::string_view> schemas) {
  return fmt::format(
      "/* {} */ SELECT TABLE_SCHEMA, TABLE_NAME, GROUP_CONCAT(INDEX_NAME, X'00', ROWS_READ, X'00' "
      "SEPARATOR '') AS LIST, NULL AS WRITES FROM information_schema.INDEX_STATISTICS WHERE "
      "TABLE_SCHEMA IN ({}) GROUP BY TABLE_SCHEMA, TABLE_NAME LIMIT {}",
      subject, Quoted(schemas), kMostTables);
}

std::string UserstatWrites(std::string_view subject, std::span<const std::string_view> schemas) {
  return fmt::format(
      "/* {} */ SELECT TABLE_SCHEMA, TABLE_NAME, NULL AS LIST, ROWS_CHANGED AS WRITES FROM "
      "information_schema.TABLE_STATISTICS WHERE TABLE_SCHEMA IN ({}) AND ROWS_CHANGED > 0 "
      "LIMIT {}",
      subject, Quoted(schemas), kMostTables);
}

std::string PerformanceSchemaStatement(std::string_view subject,
                                       std::span<const std::string_view> schemas) {
  // A row without an index is of what used none: rows inserted, and tables read as a whole. To look
  // at all takes the server most of the time (10 000 tables: 0.1 s), to group them as much again.
  return fmt::format(
      "/* {} */ SELECT OBJECT_SCHEMA, OBJECT_NAME, GROUP_CONCAT(INDEX_NAME, X'00', COUNT_STAR, "
      "X'00' SEPARATOR '') AS LIST, SUM(COUNT_WRITE) AS WRITES FROM "
      "performance_schema.table_io_waits_summary_by_index_usage WHERE OBJECT_TYPE = 'TABLE' AND "
      "COUNT_STAR > 0 AND OBJECT_SCHEMA IN ({}) GROUP BY OBJECT_SCHEMA, OBJECT_NAME LIMIT {}",
      subject, Quoted(schemas), kMostTables);
}

Result<std::optional<UsageOfSchemas>> ReadUsage(MariadbServer& server,
                                                std::initializer_list<std::string> statements,
                                                Deadline deadline) {
  UsageOfSchemas usage;
  std::size_t left = statements.size();
  for (const std::string& statement : statements) {
    const auto rows = server.Query(statement, deadline.Share(left--));
    if (!rows && IsAbsent(rows.error())) return std::nullopt;
    if (!rows) return Fail(rows.error());
    AddUsage(*rows, usage);
  }
  return usage;
}

void AddIndexes(const MariadbTable& table, StatisticsOfTables& statistics) {
  constexpr std::string_view kPrefix = "n_diff_pfx";  // "n_diff_pfx02": of the first two columns
  for (const Row& row : table.rows) {
    if (row.size() != 5 || !row[0] || !row[1] || !row[2]) continue;
    const auto known = statistics.find(*row[0]);
    if (known == statistics.end()) continue;
    IndexStatistics& index = known->second.indexes[*row[1]];
    const std::string_view name = *row[2];
    if (name == "size") index.bytes = Number(row[3]) * Number(row[4]);
    if (!name.starts_with(kPrefix)) continue;
    if (const auto count = ParseNumber<std::size_t>(name.substr(kPrefix.size()))) {
      index.distinct[*count] = Number(row[3]);
    }
  }
}

}  // namespace

Result<IndexUsage> ReadIndexUsage(MariadbServer& server, std::string_view subject,
                                  std::span<const std::string_view> schemas, Deadline deadline) {
  IndexUsage usage;
  const auto settings =
      server.Query(fmt::format("/* {} */ SELECT @@userstat, @@performance_schema LIMIT 1", subject),
                   deadline.Share(4));
  if (!settings) return Fail(settings.error());
  if (settings->rows.size() != 1 || settings->rows[0].size() != 2) return usage;
  const auto status =
      server.Query(fmt::format("/* {} */ SHOW GLOBAL STATUS WHERE Variable_name IN ('Uptime', "
                               "'Performance_schema_index_stat_lost')",
                               subject),
                   deadline.Share(3));
  if (!status) return Fail(status.error());
  double lost = 0;
  for (const Row& row : status->rows) {
    if (row.size() != 2 || !row[0]) continue;
    (ToLower(*row[0]) == "uptime" ? usage.uptime_seconds : lost) = Number(row[1]);
  }
  if (settings->rows[0][0] == "1") {
    auto found =
        ReadUsage(server, {UserstatReads(subject, schemas), UserstatWrites(subject, schemas)},
                  deadline.Share(2));
    if (!found) return Fail(found.error());
    usage.userstat = std::move(*found);
  }
  // What had no place in its table was not counted.
  if (settings->rows[0][1] == "1" && lost == 0) {
    auto found = ReadUsage(server, {PerformanceSchemaStatement(subject, schemas)}, deadline);
    if (!found) return Fail(found.error());
    usage.performance_schema = std::move(*found);
  }
  return usage;
}

Result<std::optional<StatisticsOfTables>> ReadTableStatistics(
    MariadbServer& server, std::string_view subject, std::string_view schema,
    std::span<const std::string_view> tables, double rows, Deadline deadline) {
  const auto statement = [&](std::string_view columns, std::string_view table,
                             std::span<const std::string_view> names, std::string_view which,
                             std::size_t limit) {
    return fmt::format(
        "/* {} */ SELECT table_name, {} FROM mysql.{} WHERE database_name = {} AND table_name IN "
        "({}){} LIMIT {}",
        subject, columns, table, QuoteText(schema), Quoted(names), which, limit);
  };
  const auto found = server.Query(
      statement("n_rows", "innodb_table_stats", tables, "", kMostTables), deadline.Share(2));
  if (!found && IsAbsent(found.error())) return std::nullopt;
  if (!found) return Fail(found.error());
  StatisticsOfTables statistics;
  for (const Row& row : found->rows) {
    if (row.size() == 2 && row[0]) statistics[*row[0]].rows = Number(row[1]);
  }
  std::vector<std::string_view> large;
  for (const auto& [name, table] : statistics) {
    if (table.rows >= rows) large.push_back(name);
  }
  if (large.empty()) return statistics;
  const auto indexes = server.Query(
      statement("index_name, stat_name, stat_value, @@innodb_page_size", "innodb_index_stats",
                large, " AND (stat_name LIKE 'n_diff%' OR stat_name = 'size')", kMostIndexes),
      deadline);
  if (indexes) AddIndexes(*indexes, statistics);
  if (!indexes && !IsAbsent(indexes.error())) return Fail(indexes.error());
  return statistics;
}

}  // namespace erpnext
