// SPDX-License-Identifier: Apache-2.0
// The files in which InnoDB keeps tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "core/deadline.h"
#include "core/result.h"
#include "sources/mariadb_client.h"

namespace erpnext {

// Of one table, all its partitions together.
struct TableFiles {
  std::size_t count = 0;
  double bytes = 0;
  double page_bytes = 0;  // less than innodb_page_size where ROW_FORMAT=COMPRESSED
};

// By schema and table. Tables that lie in a file with others have none.
using FilesOfTables =
    std::map<std::string, std::map<std::string, TableFiles, std::less<>>, std::less<>>;

enum class FileChoice : std::uint8_t { kAll, kCompressed };

// Whether to keep those of a table.
using WantedTable = std::function<bool(const std::string& schema, const std::string& table)>;

// Opens no table and waits for no lock. Empty for who lacks the privilege PROCESS.
Result<FilesOfTables> ReadTableFiles(MariadbServer& server, std::string_view subject,
                                     FileChoice choice, const WantedTable& wanted,
                                     Deadline deadline);

// What part of a page of the server, `page_bytes`, a page of this table is: 1 where nothing is
// known.
double PartOfPage(const FilesOfTables& files, std::string_view schema, std::string_view table,
                  double page_bytes);

}  // namespace erpnext
