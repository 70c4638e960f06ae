// SPDX-License-Identifier: Apache-2.0
#include "statements.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace erpnext {
namespace {

std::size_t ColumnOf(const MariadbTable& plan, std::string_view name) {
  const auto found = std::find(plan.columns.begin(), plan.columns.end(), name);
  EXPECT_NE(plan.columns.end(), found) << name;
  return static_cast<std::size_t>(found - plan.columns.begin());
}

// Of a table with twenty rows MariaDB rather reads the whole, whatever indexes there are. Its own
// statistics, which it prefers to those of the engine, can say otherwise.
void PretendTablesAreLarge(MariadbProcess& process) {
  process.Run("mysql",
              "REPLACE INTO table_stats SELECT TABLE_SCHEMA, TABLE_NAME, 1000000 FROM "
              "information_schema.TABLES WHERE TABLE_NAME LIKE 'tab%'; FLUSH TABLES;");
}

}  // namespace

std::size_t ExplainAll(MariadbProcess& process, Recorder& server,
                       const std::set<std::string>& small) {
  PretendTablesAreLarge(process);
  std::size_t explained = 0;
  for (const std::string& statement : std::vector(server.statements)) {
    if (statement.find("information_schema") != std::string::npos) continue;
    const auto is_in = [&](const std::string& table) {
      return statement.find("`" + table + "`") != std::string::npos;
    };
    const bool exception = std::any_of(small.begin(), small.end(), is_in) &&
                           statement.find("creation >") == std::string::npos;
    const std::size_t select = statement.find("SELECT");
    if (select == std::string::npos) continue;
    const auto plan = server.Query("EXPLAIN " + statement.substr(select),
                                   Deadline::After(std::chrono::seconds(10)));
    if (!plan) {
      ADD_FAILURE() << statement << "\n" << plan.error().message;
      continue;
    }
    for (const auto& row : plan->rows) {
      const std::string table = row[ColumnOf(*plan, "table")].value_or("");
      if (table.empty() || table.starts_with("<derived")) continue;
      ++explained;
      const std::string type = row[ColumnOf(*plan, "type")].value_or("");
      EXPECT_EQ(exception, type == "ALL" || type == "index") << statement;
    }
  }
  return explained;
}

}  // namespace erpnext
