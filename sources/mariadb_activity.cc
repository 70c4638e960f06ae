// SPDX-License-Identifier: Apache-2.0
// Facts of information_schema of MariaDB 10.3 to 11: PROCESSLIST and the INNODB_ tables.
#include "sources/mariadb_activity.h"

#include <algorithm>

#include "core/text.h"
#include "sources/mariadb_error.h"
#include "sources/statement_kind.h"

namespace erpnext {
namespace {

constexpr std::string_view kSessions =
    "/* mariadb_activity */ SELECT ID, USER, SUBSTRING_INDEX(HOST, ':', 1), DB, COMMAND, STATE, "
    "TIME FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() LIMIT 20000";
// InnoDB writes times in the zone of the operating system, NOW() is in that of the session.
constexpr std::string_view kTransactions =
    "/* mariadb_activity */ SELECT trx_id, trx_mysql_thread_id, "
    "TIMESTAMPDIFF(SECOND, trx_started, CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', 'SYSTEM')), "
    "TIMESTAMPDIFF(SECOND, trx_wait_started, CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', 'SYSTEM')), "
    "trx_requested_lock_id FROM information_schema.INNODB_TRX LIMIT 20000";
// A hundred that wait for one row are 5050 pairs, and 446 all of these. Not joined with the locks,
// as neither table has a key.
constexpr std::size_t kMostWaits = 100'000;
constexpr std::string_view kWaits =
    "/* mariadb_activity */ SELECT requesting_trx_id, blocking_trx_id FROM "
    "information_schema.INNODB_LOCK_WAITS LIMIT 100000";
// Of the heads of the lines alone: one pair for each that waits for one.
constexpr std::string_view kWaitsForHeads =
    "/* mariadb_activity */ SELECT requesting_trx_id, blocking_trx_id FROM "
    "information_schema.INNODB_LOCK_WAITS WHERE blocking_trx_id IN (SELECT trx_id FROM "
    "information_schema.INNODB_TRX WHERE trx_wait_started IS NULL) LIMIT 100000";
constexpr std::string_view kLocks =
    "/* mariadb_activity */ SELECT lock_id, lock_table, lock_index, lock_mode FROM "
    "information_schema.INNODB_LOCKS LIMIT 20000";

// Their beginnings, for comments may stand before the first word.
constexpr std::string_view kStatements =
    "/* locks */ SELECT ID, LEFT(INFO, 200) FROM information_schema.PROCESSLIST WHERE ID <> "
    "CONNECTION_ID() AND INFO IS NOT NULL LIMIT 20000";

// Needs no privilege, but the plugin. What is wanted is not in it: who wants to change a definition
// holds a lock on it already, of a kind that lets others read.
constexpr std::string_view kDefinitions =
    "/* mariadb_activity */ SELECT THREAD_ID, TABLE_SCHEMA, TABLE_NAME FROM "
    "information_schema.METADATA_LOCK_INFO WHERE LOCK_TYPE = 'Table metadata lock' LIMIT 20000";

std::string TextAt(const std::vector<std::optional<std::string>>& row, std::size_t column) {
  return column < row.size() ? row[column].value_or("") : "";
}

double SecondsAt(const std::vector<std::optional<std::string>>& row, std::size_t column) {
  return std::max(0.0, ParseNumber<double>(TextAt(row, column)).value_or(0));
}

std::vector<InnodbTransaction> TransactionsOf(const MariadbTable& table) {
  std::vector<InnodbTransaction> transactions;
  for (const auto& row : table.rows) {
    if (row.size() != 5 || !row[0] || !row[1]) continue;
    transactions.push_back({*row[0], *row[1], SecondsAt(row, 2),
                            row[3] ? std::optional<double>(SecondsAt(row, 3)) : std::nullopt,
                            std::nullopt});
  }
  return transactions;
}

// `rows` are those that the transactions were made of.
void AddWanted(const MariadbTable& rows, const MariadbTable& locks,
               std::vector<InnodbTransaction>& transactions) {
  std::map<std::string, WantedLock> known;  // by lock
  for (const auto& row : locks.rows) {
    if (row.size() != 4 || !row[0] || !row[1]) continue;
    auto table = ParseTableName(*row[1]);
    if (table)
      known.emplace(*row[0], WantedLock{std::move(*table), TextAt(row, 2), TextAt(row, 3)});
  }
  std::map<std::string, const WantedLock*> wanted;  // by transaction
  for (const auto& row : rows.rows) {
    const auto lock = known.find(TextAt(row, 4));
    if (lock != known.end()) wanted.emplace(TextAt(row, 0), &lock->second);
  }
  for (InnodbTransaction& each : transactions) {
    const auto lock = wanted.find(each.id);
    if (each.waiting_seconds && lock != wanted.end()) each.wants = *lock->second;
  }
}

void AddWaits(const MariadbTable& table, std::vector<LockWait>& waits) {
  for (const auto& row : table.rows) {
    if (row.size() == 2 && row[0] && row[1]) waits.push_back({*row[0], *row[1]});
  }
}

std::vector<DefinitionLock> DefinitionsOf(const MariadbTable& table) {
  std::vector<DefinitionLock> locks;
  for (const auto& row : table.rows) {
    if (row.size() == 3 && row[0] && row[1] && row[2]) {
      locks.push_back({*row[0], {*row[1], *row[2]}});
    }
  }
  return locks;
}

Status ReadDefinitions(MariadbServer& server, Deadline deadline, MariadbActivity& activity) {
  const auto& sessions = activity.sessions;
  if (std::none_of(sessions.begin(), sessions.end(), WaitsForDefinition)) return {};
  const auto locks = server.QueryMemory(kDefinitions, deadline);
  if (!locks) return IsAbsent(locks.error()) ? Status() : Fail(locks.error());
  activity.definitions = DefinitionsOf(*locks);
  return {};
}

// MySQL 8 has the transactions here, but not their locks.
Status ReadWaits(MariadbServer& server, const MariadbTable& transactions, Deadline deadline,
                 MariadbActivity& activity) {
  activity.waits.reset();
  const auto locks = server.QueryMemory(kLocks, deadline);
  if (!locks) return IsAbsent(locks.error()) ? Status() : Fail(locks.error());
  AddWanted(transactions, *locks, *activity.transactions);
  const auto waits = server.QueryMemory(kWaits, deadline);
  if (!waits) return IsAbsent(waits.error()) ? Status() : Fail(waits.error());
  AddWaits(*waits, activity.waits.emplace());
  activity.waits_are_whole = waits->rows.size() < kMostWaits;
  if (activity.waits_are_whole) return {};
  const auto heads = server.QueryMemory(kWaitsForHeads, deadline);
  if (!heads) return IsAbsent(heads.error()) ? Status() : Fail(heads.error());
  AddWaits(*heads, *activity.waits);
  return {};
}

}  // namespace

bool WaitsForDefinition(const MariadbSession& session) {
  return session.state.starts_with("Waiting for") && session.state.ends_with("metadata lock");
}

std::optional<std::string> WaitOf(const MariadbSession& session) {
  if (!session.state.starts_with("Waiting for")) return std::nullopt;
  if (WaitsForDefinition(session)) return "metadata";
  if (session.state.ends_with("lock") || session.state.ends_with("table flush")) return "other";
  return std::nullopt;
}

std::set<std::string_view> WaitingTransactions(const MariadbActivity& activity) {
  std::set<std::string_view> waiting;
  if (!activity.transactions) return waiting;
  for (const InnodbTransaction& each : *activity.transactions) {
    if (each.waiting_seconds) waiting.insert(each.id);
  }
  return waiting;
}

Result<std::map<std::string, std::string>> ReadStatementKinds(MariadbServer& server,
                                                              Deadline deadline) {
  const auto statements = server.QueryMemory(kStatements, deadline);
  if (!statements) return Fail(statements.error());
  std::map<std::string, std::string> kinds;
  for (const auto& row : statements->rows) {
    if (row.size() == 2 && row[0] && row[1]) kinds.emplace(*row[0], StatementKindOf(*row[1]));
  }
  return kinds;
}

Result<MariadbActivity> ReadMariadbActivity(MariadbServer& server, Deadline deadline) {
  MariadbActivity activity;
  const auto sessions = server.QueryMemory(kSessions, deadline);
  if (!sessions) return Fail(sessions.error());
  for (const auto& row : sessions->rows) {
    activity.sessions.push_back({TextAt(row, 0), TextAt(row, 1), TextAt(row, 2), TextAt(row, 3),
                                 TextAt(row, 4), TextAt(row, 5), SecondsAt(row, 6)});
  }
  if (const Status status = ReadDefinitions(server, deadline, activity); !status) {
    return Fail(status.error());
  }
  const auto transactions = server.QueryMemory(kTransactions, deadline);
  if (!transactions) {
    if (!IsAbsent(transactions.error())) return Fail(transactions.error());
    activity.sees_all = transactions.error().kind != ErrorKind::kPermission;
    return activity;
  }
  activity.transactions = TransactionsOf(*transactions);
  activity.waits.emplace();
  const auto waits_for_row = [](const auto& each) { return each.waiting_seconds.has_value(); };
  if (std::none_of(activity.transactions->begin(), activity.transactions->end(), waits_for_row)) {
    return activity;
  }
  if (const Status status = ReadWaits(server, *transactions, deadline, activity); !status) {
    return Fail(status.error());
  }
  return activity;
}

}  // namespace erpnext
