// SPDX-License-Identifier: Apache-2.0
// How InnoDB keeps the tables of schemas, from its own dictionary.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "core/deadline.h"
#include "core/result.h"
#include "sources/mariadb_client.h"

namespace erpnext {

// Of one table, all its partitions together.
struct InnodbTable {
  bool dynamic = true;           // its ROW_FORMAT
  bool other_collation = false;  // a column of text has none of those that were asked for

  friend bool operator==(const InnodbTable&, const InnodbTable&) = default;
};

// By schema and table.
using InnodbTables =
    std::map<std::string, std::map<std::string, InnodbTable, std::less<>>, std::less<>>;

// Those of these schemas; `collations` by their numbers, ID of information_schema.COLLATIONS. Opens
// no table and waits for no lock. Nothing for who lacks the privilege PROCESS.
Result<std::optional<InnodbTables>> ReadInnodbTables(
    MariadbServer& server, std::string_view subject,
    const std::set<std::string, std::less<>>& schemas, std::span<const unsigned> collations,
    Deadline deadline);

}  // namespace erpnext
