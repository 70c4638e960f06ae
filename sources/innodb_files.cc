// SPDX-License-Identifier: Apache-2.0
// INNODB_SYS_TABLESPACES is what InnoDB has in memory, and the size of each file by stat(2).
#include "sources/innodb_files.h"

#include <fmt/format.h>

#include "core/text.h"

namespace erpnext {
namespace {

constexpr std::size_t kMostFiles = 100'000;

std::string Statement(std::string_view subject, FileChoice choice) {
  // "_schema/tabDoc@0020Type", or "_schema/tabParts#P#p0": a # of a name itself is written @0023.
  return fmt::format(
      "/* {} */ SELECT {} AS TABLE_SCHEMA, {} AS TABLE_NAME, files.* FROM "
      "information_schema.INNODB_SYS_TABLESPACES AS files WHERE {} LIMIT {}",
      subject, DecodedFileName("SUBSTRING_INDEX(NAME, '/', 1)"),
      DecodedFileName("SUBSTRING_INDEX(SUBSTRING_INDEX(NAME, '/', -1), '#', 1)"),
      choice == FileChoice::kAll ? "NAME LIKE '%/%'" : "ROW_FORMAT = 'Compressed'", kMostFiles);
}

}  // namespace

std::string DecodedFileName(std::string_view expression) {
  return fmt::format("CONVERT(CONVERT(CAST({} AS BINARY) USING filename) USING utf8mb4)",
                     expression);
}

Result<FilesOfTables> ReadTableFiles(MariadbServer& server, std::string_view subject,
                                     FileChoice choice, Deadline deadline) {
  FilesOfTables files;
  const auto rows = server.Query(Statement(subject, choice), deadline);
  if (!rows) {
    const ErrorKind kind = rows.error().kind;
    if (kind == ErrorKind::kPermission || kind == ErrorKind::kUnsupported) return files;
    return Fail(rows.error());
  }
  std::map<std::string, std::size_t, std::less<>> at;
  for (std::size_t i = 0; i < rows->columns.size(); ++i) at.emplace(rows->columns[i], i);
  // Before MariaDB 10.6 PAGE_SIZE is that of the server.
  const auto page = at.contains("ZIP_PAGE_SIZE") ? at.find("ZIP_PAGE_SIZE") : at.find("PAGE_SIZE");
  const auto size = at.find("FILE_SIZE");
  if (page == at.end() || size == at.end()) return files;
  for (const auto& row : rows->rows) {
    if (row.size() != rows->columns.size() || !row[0] || !row[1] || row[1]->empty()) continue;
    const auto page_bytes = ParseNumber<double>(row[page->second].value_or(""));
    const auto bytes = ParseNumber<double>(row[size->second].value_or(""));
    if (!page_bytes || !bytes || *page_bytes <= 0 || *bytes < 0) continue;
    TableFiles& table = files[*row[0]][*row[1]];
    ++table.count;
    table.bytes += *bytes;
    table.page_bytes = *page_bytes;
  }
  return files;
}

double PartOfPage(const FilesOfTables& files, std::string_view schema, std::string_view table,
                  double page_bytes) {
  const auto tables = files.find(schema);
  if (tables == files.end() || page_bytes <= 0) return 1;
  const auto found = tables->second.find(table);
  return found == tables->second.end() ? 1 : found->second.page_bytes / page_bytes;
}

}  // namespace erpnext
