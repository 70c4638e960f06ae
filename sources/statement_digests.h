// SPDX-License-Identifier: Apache-2.0
// Kinds of statements, without the values in them, and what each has cost a MariaDB server.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/deadline.h"
#include "core/result.h"
#include "sources/mariadb_client.h"

namespace erpnext {

// What statements of one kind have cost. Sums, which begin again when the server starts.
struct StatementCost {
  double executions = 0;
  double seconds = 0;
  double lock_seconds = 0;
  double rows_sent = 0;
  double rows_examined = 0;
  double rows_affected = 0;
  double without_index = 0;    // executions that joined or read a table without any index
  double full_scans = 0;       // executions that read a first table from its beginning to its end
  double tmp_disk_tables = 0;  // temporary tables that were written to the disk

  StatementCost& operator+=(const StatementCost& other);
  // What was added to `before`; all of this when the sums have begun again since.
  StatementCost Since(const StatementCost& before) const;

  friend bool operator==(const StatementCost&, const StatementCost&) = default;
};

inline constexpr double StatementCost::*kStatementFigures[] = {
    &StatementCost::executions,    &StatementCost::seconds,       &StatementCost::lock_seconds,
    &StatementCost::rows_sent,     &StatementCost::rows_examined, &StatementCost::rows_affected,
    &StatementCost::without_index, &StatementCost::full_scans,    &StatementCost::tmp_disk_tables};

struct StatementDigest {
  // As digest texts are written: each literal is ?, one blank between two tokens, and names in
  // backticks: "SELECT `name` FROM `tabToDo` WHERE `owner` = ? LIMIT ?". At most this long.
  static constexpr std::size_t kMaxText = 1024;

  std::string schema;  // the one that was chosen when it ran; empty: none
  std::string digest;  // in hexadecimal digits; the same for the same text
  std::string text;
  StatementCost cost;
};

// So many are read.
inline constexpr std::size_t kMaxStatementDigests = 500;

// The kinds of statements that have taken most time, the first 500, from performance_schema.
// Nothing when that is off, which is MariaDB's default, keeps no digests, or may not be read by
// this login. An empty digest stands for all that had no place in the server's table.
Result<std::optional<std::vector<StatementDigest>>> ReadStatementDigests(MariadbServer& server,
                                                                         Deadline deadline);

// What all statements of a schema have cost together, those beyond the first 500 too; without a
// digest and a text. Nothing as above.
Result<std::optional<std::vector<StatementDigest>>> ReadSchemaCosts(MariadbServer& server,
                                                                    Deadline deadline);

}  // namespace erpnext
