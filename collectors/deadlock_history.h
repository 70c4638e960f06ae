// SPDX-License-Identifier: Apache-2.0
// The last deadlocks that the database servers of the benches still tell of.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "collectors/context.h"
#include "core/deadline.h"
#include "sources/innodb_deadlock.h"

namespace erpnext {

struct PastDeadlock {
  std::string bench;
  std::string site;  // "other": of no site
  Deadlock deadlock;
};

struct DeadlockHistory {
  std::vector<PastDeadlock> deadlocks;  // by time, the last one last
  std::vector<std::string> gaps;        // what could not be read, and what would open it
  bool asked = false;                   // whether any server answered
};

// At most `most`, the newest: those in the error logs that this process may read, and the last one
// of each server's status. Nothing of the rows and texts in them.
DeadlockHistory ReadDeadlockHistory(const CollectorContext& context, std::size_t most,
                                    Deadline deadline);

}  // namespace erpnext
