// SPDX-License-Identifier: Apache-2.0
// Which indexes a MariaDB server has used since it started, how large tables are, and how often
// they are written.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/deadline.h"
#include "core/result.h"
#include "sources/mariadb_client.h"

namespace erpnext {

struct TableUsage {
  // Reads by index. Those that were never used are missing.
  std::map<std::string, double, std::less<>> reads;
  std::optional<double> writes;  // rows that were changed

  double AllReads() const {
    double all = 0;
    for (const auto& [index, count] : reads) all += count;
    return all;
  }
};
using UsageOfTables = std::map<std::string, TableUsage, std::less<>>;      // by table
using UsageOfSchemas = std::map<std::string, UsageOfTables, std::less<>>;  // by schema

struct IndexUsage {
  double uptime_seconds = 0;
  // For which userstat is known to count: it may have been switched on, or emptied, since the
  // server started. What is read does not tell; who looks again and again knows.
  double userstat_seconds = 0;
  // Of indexes with a greater id it is known that they are too young for a judgement.
  std::uint64_t newest_index = std::numeric_limits<std::uint64_t>::max();
  // Nothing when it is off or may not be read. Userstat shows only tables that this login may
  // read: a table that is missing says nothing. The other counts since the server started.
  std::optional<UsageOfSchemas> userstat;            // information_schema.INDEX_STATISTICS
  std::optional<UsageOfSchemas> performance_schema;  // table_io_waits_summary_by_index_usage
};

Result<IndexUsage> ReadIndexUsage(MariadbServer& server, std::string_view subject,
                                  std::span<const std::string_view> schemas, Deadline deadline);

struct IndexStatistics {
  double bytes = 0;
  std::map<std::size_t, double> distinct;  // values of its first 1, 2, ... columns
};
struct TableStatistics {
  double rows = 0;  // about: InnoDB counts again when a tenth of the table has changed
  std::map<std::string, IndexStatistics, std::less<>> indexes;
};
using StatisticsOfTables = std::map<std::string, TableStatistics, std::less<>>;  // by table

// What InnoDB counted of some tables of a schema, and of the indexes of those that have `rows`
// rows. Nothing when mysql.innodb_table_stats may not be read; without indexes when
// mysql.innodb_index_stats may not be.
Result<std::optional<StatisticsOfTables>> ReadTableStatistics(
    MariadbServer& server, std::string_view subject, std::string_view schema,
    std::span<const std::string_view> tables, double rows, Deadline deadline);

}  // namespace erpnext
