// SPDX-License-Identifier: Apache-2.0
// The files in which InnoDB keeps tables.
#pragma once

#include <cstddef>
#include <cstdint>
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

// An SQL expression, whose text in the charset of file names, "tabDoc@0020Type", becomes text
// again.
std::string DecodedFileName(std::string_view expression);

enum class FileChoice : std::uint8_t { kAll, kCompressed };

// Opens no table and waits for no lock. Empty for who lacks the privilege PROCESS.
Result<FilesOfTables> ReadTableFiles(MariadbServer& server, std::string_view subject,
                                     FileChoice choice, Deadline deadline);

// What part of a page of the server, `page_bytes`, a page of this table is: 1 where nothing is
// known.
double PartOfPage(const FilesOfTables& files, std::string_view schema, std::string_view table,
                  double page_bytes);

}  // namespace erpnext
