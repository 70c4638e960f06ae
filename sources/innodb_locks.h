// SPDX-License-Identifier: Apache-2.0
// Who waits for whom in InnoDB, and for which table. Facts of information_schema.INNODB_LOCKS and
// INNODB_LOCK_WAITS of MariaDB 10.3 to 11.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace erpnext {

struct LockWait {
  std::string waiter;   // number of a transaction
  std::string blocker;  // of the one that holds what it wants, or stands before it in the line
};

// Transactions that others wait for and that wait for nobody, each with the number of those that
// wait for it, directly or through others. Empty when nobody waits; those of a circle, which
// InnoDB is about to break, have no root. `waits` may be a part of them all where `waiting` has all
// who wait: then the numbers are the least there are.
std::map<std::string, std::size_t> RootBlockers(const std::vector<LockWait>& waits,
                                                std::set<std::string_view> waiting = {});

struct TableName {
  std::string schema;
  std::string table;

  friend bool operator==(const TableName&, const TableName&) = default;
};

// The name in backticks that `text` begins with, of which it is cut off; a backtick in a name is
// doubled. Nothing, and the text as it was, when it begins with none.
std::optional<std::string> TakeQuotedName(std::string_view& text);

// Of "`schema`.`table`", as InnoDB writes it; a backtick in a name is doubled, and what comes
// behind (a partition) is left out. Nothing for any other text.
std::optional<TableName> ParseTableName(std::string_view text);

// "Sales Invoice" for "tabSales Invoice"; tables that are of no DocType keep their name.
std::string_view DocTypeOf(std::string_view table);

}  // namespace erpnext
