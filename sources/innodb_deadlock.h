// SPDX-License-Identifier: Apache-2.0
// What InnoDB tells of a deadlock, without the rows and texts in it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sources/innodb_locks.h"

namespace erpnext {

struct DeadlockLock {
  TableName table;
  std::string index;  // empty: the table as a whole
  std::string mode;   // "X", "S gap", "X record", "X gap insert intention", "AUTO-INC"

  friend bool operator==(const DeadlockLock&, const DeadlockLock&) = default;
};

struct DeadlockSide {
  std::string transaction;  // its number
  std::string statement;    // "update", "insert", ... or "other"
  std::optional<DeadlockLock> wants;
};

struct Deadlock {
  std::string at;  // as the server writes it, in its time
  std::vector<DeadlockSide> sides;
  std::optional<std::size_t> victim;  // of the sides; nothing when the text does not tell
};

// The same for the same deadlock, whether the server's status or its log tells of it: the numbers
// of its transactions, and where one is not known its time.
std::string IdentityOf(const Deadlock& deadlock);

// Puts a deadlock together from the lines that InnoDB writes of it, beginning with "*** (1)
// TRANSACTION:". At most 16 sides; of no line more is kept than a Deadlock holds.
class DeadlockReader {
 public:
  explicit DeadlockReader(std::string at = "") { deadlock_.at = std::move(at); }

  void Take(std::string_view line);

  // True behind the line that names the victim, which is the last one.
  bool complete() const { return complete_; }

  // Nothing when no side was seen.
  std::optional<Deadlock> Done() &&;

 private:
  enum class Part { kNone, kTransaction, kStatement, kWaiting };

  void TakeMark(std::string_view line);

  Deadlock deadlock_;
  Part part_ = Part::kNone;
  bool complete_ = false;
};

// Of the text of SHOW ENGINE INNODB STATUS, MariaDB 10.3 to 11 and MySQL 8. Nothing when there was
// no deadlock since the server started. A text that was cut off gives the sides that are complete
// enough. At most 16 sides. Statements in the text may hold lines that look like InnoDB's own: what
// comes of them is as bounded as everything else.
std::optional<Deadlock> LatestDeadlock(std::string_view status);

}  // namespace erpnext
