// SPDX-License-Identifier: Apache-2.0
// What information_schema.TABLES tells of tables that it must open for it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/deadline.h"
#include "core/result.h"
#include "sources/mariadb_client.h"

namespace erpnext {

using TableNames = std::map<std::string, std::vector<std::string>, std::less<>>;  // by schema

struct OpenedTables {
  MariadbTable table;  // TABLE_SCHEMA, TABLE_NAME and the columns that were asked for
  Status status;       // of the first schema that could not be asked; the others are there
};

// Opens the named tables and no others. Waits for nobody who changes one: of a table that somebody
// has locked all but its name is NULL. What this login has no privilege on is not there.
OpenedTables OpenTables(MariadbServer& server, std::string_view subject, std::string_view columns,
                        const TableNames& names, Deadline deadline);

}  // namespace erpnext
