// SPDX-License-Identifier: Apache-2.0
// Who waits for whom in a MariaDB server at this moment, session by session.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "collectors/context.h"
#include "collectors/mariadb_servers.h"
#include "core/deadline.h"
#include "sources/mariadb_activity.h"

namespace erpnext {

struct SessionWait {
  std::string kind;  // "row", "metadata", "other"
  double seconds = 0;
  std::string state;                // as the server says it; of a row empty
  std::optional<WantedLock> wants;  // of metadata the table alone; nothing where it is not known
  std::string site;                 // whose table that is; may be "other"
};

struct TreeSession {
  std::string session;      // its id; empty: a transaction without one, prepared by XA
  std::string transaction;  // may be empty
  SiteKey site;
  std::string command, statement;  // "Sleep", ""; "Query", "update"
  double seconds = 0;              // in its state
  std::optional<double> transaction_seconds;
  std::optional<SessionWait> wait;
  // Where it stands: below the last one before it whose depth is one less, which it waits for. 0:
  // it waits for nobody, or it is not known for whom.
  std::size_t depth = 0;
  std::vector<std::string> also;  // ids of others that wait for nothing and that it waits for
  std::size_t holds_up = 0;       // sessions below it
  std::string server;
};

// A tree for each session that others wait for and that waits for nobody, who holds up most first.
// Who waits behind several stands below one of them, the nearest to a root. Those of whom it is not
// known for whom they wait are roots themselves.
std::vector<TreeSession> LockTree(const MariadbActivity& activity, const SchemaOwners& owners);

struct LockTrees {
  std::vector<TreeSession> sessions;
  std::vector<std::string> gaps;  // what could not be read, and what would open it
  bool asked = false;             // whether any server answered
};

// Of all servers of the benches. With `site` only trees that have a session or a table of it.
LockTrees ReadLockTrees(const CollectorContext& context, const std::string& site,
                        Deadline deadline);

}  // namespace erpnext
