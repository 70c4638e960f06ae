// SPDX-License-Identifier: Apache-2.0
// performance_schema.events_statements_summary_by_digest, whose columns of these names are in all
// versions since MariaDB 10.0 and MySQL 5.6. Later ones that hold a sample of a statement with its
// values are not asked for.
#include "sources/statement_digests.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "sources/mariadb_error.h"

namespace erpnext {
namespace {

constexpr std::size_t kMaxSchemas = 5'000;
constexpr double kTimersPerSecond = 1e12;  // times are picoseconds

struct Figure {
  std::string_view column;
  double StatementCost::*field;
  double unit = 1;
};
constexpr Figure kFigures[] = {
    {"COUNT_STAR", &StatementCost::executions},
    {"SUM_TIMER_WAIT", &StatementCost::seconds, kTimersPerSecond},
    {"SUM_LOCK_TIME", &StatementCost::lock_seconds, kTimersPerSecond},
    {"SUM_ROWS_SENT", &StatementCost::rows_sent},
    {"SUM_ROWS_EXAMINED", &StatementCost::rows_examined},
    {"SUM_ROWS_AFFECTED", &StatementCost::rows_affected},
    {"SUM_NO_INDEX_USED", &StatementCost::without_index},
    {"SUM_SELECT_SCAN", &StatementCost::full_scans},
    {"SUM_CREATED_TMP_DISK_TABLES", &StatementCost::tmp_disk_tables},
};

std::string FigureColumns(std::string_view format) {
  std::string columns;
  for (const Figure& figure : kFigures) {
    columns += fmt::format(fmt::runtime(format), fmt::arg("column", figure.column));
  }
  return columns;
}

std::string DigestsStatement() {
  return fmt::format(
      "/* statement_digests */ SELECT SCHEMA_NAME, DIGEST, LEFT(DIGEST_TEXT, {}) AS "
      "DIGEST_TEXT{} FROM performance_schema.events_statements_summary_by_digest ORDER BY "
      "SUM_TIMER_WAIT DESC LIMIT {}",
      StatementDigest::kMaxText, FigureColumns(", {column}"), kMaxStatementDigests);
}

std::string SchemasStatement() {
  return fmt::format(
      "/* statement_digests */ SELECT SCHEMA_NAME{} FROM "
      "performance_schema.events_statements_summary_by_digest GROUP BY SCHEMA_NAME LIMIT {}",
      FigureColumns(", SUM({column}) AS {column}"), kMaxSchemas);
}

// One row by the names of its columns.
class NamedRow {
 public:
  NamedRow(const MariadbTable& table, const std::vector<std::optional<std::string>>& row)
      : table_(table), row_(row) {}

  std::string Text(std::string_view column) const {
    const auto found = std::find(table_.columns.begin(), table_.columns.end(), column);
    const auto at = static_cast<std::size_t>(found - table_.columns.begin());
    return at < row_.size() ? row_[at].value_or("") : "";
  }

  double Number(std::string_view column) const {
    const double number = ParseNumber<double>(Text(column)).value_or(0);
    return std::isfinite(number) ? std::max(0.0, number) : 0;
  }

 private:
  const MariadbTable& table_;
  const std::vector<std::optional<std::string>>& row_;
};

StatementDigest DigestOf(const NamedRow& row) {
  StatementDigest digest;
  digest.schema = row.Text("SCHEMA_NAME");
  digest.digest = row.Text("DIGEST");
  const std::string text = RepairUtf8(row.Text("DIGEST_TEXT"));
  digest.text = Trim(CutUtf8(text, StatementDigest::kMaxText));
  for (const Figure& figure : kFigures) {
    digest.cost.*figure.field = row.Number(figure.column) / figure.unit;
  }
  return digest;
}

Result<std::optional<std::vector<StatementDigest>>> Read(MariadbServer& server,
                                                         const std::string& statement,
                                                         Deadline deadline) {
  const auto table = server.Query(statement, deadline);
  if (!table) {
    if (IsAbsent(table.error())) return std::nullopt;
    return Fail(table.error());
  }
  // Where digests are kept, our own statements are among them.
  if (table->rows.empty()) return std::nullopt;
  std::vector<StatementDigest> digests;
  for (const auto& row : table->rows) digests.push_back(DigestOf(NamedRow(*table, row)));
  return digests;
}

}  // namespace

StatementCost& StatementCost::operator+=(const StatementCost& other) {
  for (const auto figure : kStatementFigures) this->*figure += other.*figure;
  return *this;
}

StatementCost StatementCost::Since(const StatementCost& before) const {
  StatementCost since = *this;
  if (executions < before.executions) return since;
  for (const auto figure : kStatementFigures) {
    since.*figure = std::max(0.0, this->*figure - before.*figure);
  }
  return since;
}

Result<std::optional<std::vector<StatementDigest>>> ReadStatementDigests(MariadbServer& server,
                                                                         Deadline deadline) {
  return Read(server, DigestsStatement(), deadline);
}

Result<std::optional<std::vector<StatementDigest>>> ReadSchemaCosts(MariadbServer& server,
                                                                    Deadline deadline) {
  return Read(server, SchemasStatement(), deadline);
}

}  // namespace erpnext
