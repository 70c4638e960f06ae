// SPDX-License-Identifier: Apache-2.0
// What the sessions of a MariaDB server do at this moment. No text of a statement is read.
#pragma once

#include <map>
#include <optional>
#include <string>
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

struct InnodbTransaction {
  std::string id;
  std::string session;  // its id
  double age_seconds = 0;
  std::optional<double> waiting_seconds;  // for a row lock
  std::optional<TableName> wants;         // the table of that lock, where it was told
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
  // Of transactions: each that waits, with each that stands before it in the line. Nothing also
  // where they are too many: parts of a line would show a transaction at its head that is in it.
  std::optional<std::vector<LockWait>> waits;
  // Locks of definitions that are granted. Asked for only while somebody waits for one; empty where
  // the plugin metadata_lock_info is not installed.
  std::vector<DefinitionLock> definitions;
};

// Whether it waits to read or change the definition of a table.
bool WaitsForDefinition(const MariadbSession& session);

// Two to five statements. A server without the tables of InnoDB's transactions, or a login without
// PROCESS, gives the sessions alone; one without those of their locks (MySQL 8 has them elsewhere)
// no waits.
Result<MariadbActivity> ReadMariadbActivity(MariadbServer& server, Deadline deadline);

}  // namespace erpnext
