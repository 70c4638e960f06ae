// SPDX-License-Identifier: Apache-2.0
// INNODB_SYS_TABLESPACES is what InnoDB has in memory, and the size of each file by stat(2).
#include "sources/innodb_files.h"

#include <fmt/format.h>

#include "core/text.h"
#include "sources/mariadb_error.h"
#include "sources/packed_lists.h"

namespace erpnext {
namespace {

constexpr std::size_t kPieces = 4;

std::string Statement(std::string_view subject, FileChoice choice) {
  // "_schema/tabDoc@0020Type", or "_schema/tabParts#P#p0": a # of a name itself is written @0023.
  // Before MariaDB 10.6 PAGE_SIZE is that of the server; FLAG has that of the table: FSP_FLAGS in
  // fsp0types.h of InnoDB.
  return PackedStatement(
      {.subject = subject,
       .pieces = fmt::format(
           "IFNULL({}, ''), X'00', IFNULL({}, ''), X'00', IF(ROW_FORMAT = 'Compressed', 512 << "
           "((FLAG >> 1) & 15), PAGE_SIZE), X'00', IFNULL(FILE_SIZE, 0), X'00'",
           DecodedFileName("SUBSTRING_INDEX(NAME, '/', 1)"),
           DecodedFileName("SUBSTRING_INDEX(SUBSTRING_INDEX(NAME, '/', -1), '#', 1)")),
       .table = choice == FileChoice::kAll
                    ? "INNODB_SYS_TABLESPACES WHERE NAME LIKE '%/%'"
                    : "INNODB_SYS_TABLESPACES WHERE ROW_FORMAT = 'Compressed'",
       .group = "SPACE"});
}

}  // namespace

Result<FilesOfTables> ReadTableFiles(MariadbServer& server, std::string_view subject,
                                     FileChoice choice, const WantedTable& wanted,
                                     Deadline deadline) {
  FilesOfTables files;
  const auto add = [&](const auto& pieces) {
    const auto page_bytes = ParseNumber<double>(pieces[2]), bytes = ParseNumber<double>(pieces[3]);
    if (!page_bytes || !bytes || *page_bytes <= 0 || *bytes < 0) return false;
    const std::string schema(pieces[0]), name(pieces[1]);
    // What ALTER TABLE is making begins with a #.
    if (schema.empty() || name.empty() || !wanted(schema, name)) return true;
    TableFiles& table = files[schema][name];
    ++table.count;
    table.bytes += *bytes;
    table.page_bytes = *page_bytes;
    return true;
  };
  const Status status =
      ReadLists(server, Statement(subject, choice), kPieces, deadline,
                [&](std::string_view list) { return ForEachEntry<kPieces>(list, add); });
  if (status) return files;
  if (IsAbsent(status.error())) return FilesOfTables();
  return Fail(status.error());
}

double PartOfPage(const FilesOfTables& files, std::string_view schema, std::string_view table,
                  double page_bytes) {
  const auto tables = files.find(schema);
  if (tables == files.end() || page_bytes <= 0) return 1;
  const auto found = tables->second.find(table);
  return found == tables->second.end() ? 1 : found->second.page_bytes / page_bytes;
}

}  // namespace erpnext
