// SPDX-License-Identifier: Apache-2.0
// Counts in a sub-select, so that a table that grew without bound costs a bounded time.
#include "collectors/frappe/site_counts.h"

#include <vector>

#include "core/text.h"

namespace erpnext {

std::optional<double> NumberAt(const MariadbTable& table, std::size_t column) {
  if (table.rows.size() != 1 || table.rows[0].size() <= column || !table.rows[0][column]) {
    return std::nullopt;
  }
  return ParseNumber<double>(*table.rows[0][column]);
}

Result<std::optional<double>> ReadCount(SiteDatabase& database, const SiteCount& count,
                                        const SiteZone& zone, double now, Deadline deadline) {
  std::vector<std::string_view> columns;
  for (std::string_view column : count.columns) {
    if (!column.empty()) columns.push_back(column);
  }
  std::string where(count.condition);
  if (count.seconds > 0) {
    columns.insert(columns.end(), {"creation", "modified"});
    where = fmt::format("creation > '{0}' AND modified > '{0}'{1}{2}",
                        zone.FromUnix(now - count.seconds).value_or(""),
                        count.condition.empty() ? "" : " AND ", count.condition);
  }
  if (!database.Has(count.table, columns)) return std::optional<double>();
  const auto rows = database.Read(
      count.table, {},
      fmt::format("SELECT COUNT(*) FROM (SELECT 1 FROM {{table}}{}{} LIMIT 100001) counted",
                  where.empty() ? "" : " WHERE ", where),
      deadline);
  if (!rows) return Fail(rows.error());
  if (!*rows) return std::optional<double>();
  return NumberAt(**rows, 0);
}

}  // namespace erpnext
