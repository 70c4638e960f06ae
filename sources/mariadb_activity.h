// SPDX-License-Identifier: Apache-2.0
// What the sessions of a MariaDB server do at this moment. Of a statement no more than its kind is
// kept.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/deadline.h"
#include "sources/innodb_locks.h"
#include "sources/mariadb_client.h"

namespace erpnext {

struct MariadbSession {
  std::string id;
  std::string user;
  std::string client_host;  // without the port
  std::string schema;       // empty: none chosen
  std::string command;      // "Query", "Sleep", ...
  std::string state;
  double seconds = 0;  // in this state; whole ones
};

struct WantedLock {
  TableName table;
  std::string index;  // may be empty
  std::string mode;   // "X", "S,GAP"; may be empty
};

struct InnodbTransaction {
  std::string id;
  std::string session;  // its id
  double age_seconds = 0;
  std::optional<double> waiting_seconds;  // for a row lock
  std::optional<WantedLock> wants;        // that lock, where it was told
};

struct DefinitionLock {
  std::string session;  // its id
  TableName table;      // whose definition it holds
};

struct MariadbActivity {
  std::vector<MariadbSession> sessions;  // all that this login may see, but our own
  bool sees_all = true;                  // sessions; not without PROCESS: then those of its user
  // Nothing where this server or login does not tell.
  std::optional<std::vector<InnodbTransaction>> transactions;
  // Of transactions: each that waits, with each that stands before it in the line. Where they are
  // too many a part of them, and all that wait for a head of a line: then only `transactions` tells
  // who waits.
  std::optional<std::vector<LockWait>> waits;
  bool waits_are_whole = true;
  // Locks of definitions that are granted. Asked for only while somebody waits for one; empty where
  // the plugin metadata_lock_info is not installed.
  std::vector<DefinitionLock> definitions;
};

// Whether it waits to read or change the definition of a table.
bool WaitsForDefinition(const MariadbSession& session);

// What a session waits for that is no row: "metadata" or "other". Nothing when it does not wait.
std::optional<std::string> WaitOf(const MariadbSession& session);

// Those that wait for a row; of the transactions of `activity`, which must outlive them.
std::set<std::string_view> WaitingTransactions(const MariadbActivity& activity);

// Two to six statements. A server without the tables of InnoDB's transactions, or a login without
// PROCESS, gives the sessions alone; one without those of their locks (MySQL 8 has them elsewhere)
// no waits.
Result<MariadbActivity> ReadMariadbActivity(MariadbServer& server, Deadline deadline);

// The kind of the statement that each session runs now, "update" or "other", by its id.
Result<std::map<std::string, std::string>> ReadStatementKinds(MariadbServer& server,
                                                              Deadline deadline);

}  // namespace erpnext
