// SPDX-License-Identifier: Apache-2.0
// One statement for each schema: its condition is on the two names alone, which the server compares
// before it opens a table. A condition that is true of more opens more.
#include "sources/opened_tables.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <span>
#include <utility>

#include "sources/site_database.h"

namespace erpnext {
namespace {

constexpr std::size_t kMostNames = 500;  // of one statement

using Names = std::span<const std::string>;

std::string Statement(std::string_view subject, std::string_view columns, const std::string& schema,
                      Names names) {
  std::vector<std::string> quoted;
  for (const std::string& name : names) quoted.push_back(QuoteText(name));
  return fmt::format(
      "/* {} */ SELECT TABLE_SCHEMA, TABLE_NAME, {} FROM information_schema.TABLES WHERE "
      "TABLE_SCHEMA = {} AND TABLE_NAME IN ({})",
      subject, columns, QuoteText(schema), fmt::join(quoted, ", "));
}

// The server compares names without regard to case and accents.
void Append(MariadbTable& to, MariadbTable from, const std::string& schema, Names names) {
  const std::set<std::string_view> wanted(names.begin(), names.end());
  to.columns = std::move(from.columns);
  for (auto& row : from.rows) {
    if (row.size() < 2 || row[0] != schema || !row[1] || !wanted.contains(*row[1])) continue;
    to.rows.push_back(std::move(row));
  }
}

}  // namespace

OpenedTables OpenTables(MariadbServer& server, std::string_view subject, std::string_view columns,
                        const TableNames& names, Deadline deadline) {
  OpenedTables opened;
  std::size_t left = 0;
  for (const auto& [schema, tables] : names) left += (tables.size() + kMostNames - 1) / kMostNames;
  for (const auto& [schema, tables] : names) {
    for (Names rest(tables); !rest.empty();) {
      const Names piece = rest.first(std::min(rest.size(), kMostNames));
      rest = rest.subspan(piece.size());
      auto rows = server.Query(Statement(subject, columns, schema, piece), deadline.Share(left--));
      if (rows) {
        Append(opened.table, std::move(*rows), schema, piece);
      } else if (opened.status) {
        opened.status = Fail(rows.error());
      }
    }
  }
  return opened;
}

}  // namespace erpnext
