// SPDX-License-Identifier: Apache-2.0
// information_schema.TABLES tells ROW_FORMAT too, but opens each table for it; COLUMNS and TABLES
// tell collations, but read the definition of each. INNODB_SYS_TABLES and INNODB_SYS_COLUMNS are
// what InnoDB has itself. They have no keys: each is read by itself and put together here.
#include "sources/innodb_tables.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdint>
#include <utility>

#include "core/text.h"
#include "sources/mariadb_error.h"
#include "sources/packed_lists.h"

namespace erpnext {
namespace {

using Ids = std::set<std::uint64_t>;

// DATA_VARCHAR, DATA_CHAR, DATA_BLOB (TEXT as well), DATA_VARMYSQL and DATA_MYSQL of data0type.h of
// InnoDB. The number of a column's collation is 15 bits of its PRTYPE; 63 is that of bytes.
std::string OtherColumns(std::string_view subject, std::span<const unsigned> collations) {
  const std::string table = fmt::format(
      "INNODB_SYS_COLUMNS WHERE MTYPE IN (1, 2, 5, 12, 13) AND (PRTYPE >> 16) & 32767 NOT IN (63, "
      "{})",
      fmt::join(collations, ", "));
  return PackedStatement({.subject = subject,
                          .pieces = "TABLE_ID, X'00'",
                          .order = "",
                          .table = table,
                          .group = "TABLE_ID"});
}

// "_schema/tabDoc@0020Type", or "_schema/tabParts#P#p0": a # of a name itself is written @0023.
// What ALTER TABLE is making begins with a #; what belongs to a full-text index is no table of
// anybody's.
std::string Tables(std::string_view subject) {
  return PackedStatement(
      {.subject = subject,
       .pieces =
           fmt::format("TABLE_ID, X'00', IFNULL({}, ''), X'00', IFNULL({}, ''), X'00', "
                       "IFNULL(ROW_FORMAT, '') = 'Dynamic', X'00'",
                       DecodedFileName("SUBSTRING_INDEX(NAME, '/', 1)"),
                       DecodedFileName("SUBSTRING_INDEX(SUBSTRING_INDEX(NAME, '/', -1), '#', 1)")),
       .order = "",
       .table = "INNODB_SYS_TABLES WHERE NAME LIKE '%/%' AND NAME NOT LIKE '%/#%' AND "
                "LEFT(SUBSTRING_INDEX(NAME, '/', -1), 4) <> 'FTS_'",
       .group = "TABLE_ID"});
}

Result<Ids> ReadOthers(MariadbServer& server, const std::string& statement, Deadline deadline) {
  Ids ids;
  const auto add = [&](const auto& pieces) {
    const auto id = ParseNumber<std::uint64_t>(pieces[0]);
    if (id) ids.insert(*id);
    return id.has_value();
  };
  const Status status = ReadLists(server, statement, 1, deadline, [&](std::string_view list) {
    return ForEachEntry<1>(list, add);
  });
  if (!status) return Fail(status.error());
  return ids;
}

}  // namespace

Result<std::optional<InnodbTables>> ReadInnodbTables(
    MariadbServer& server, std::string_view subject,
    const std::set<std::string, std::less<>>& schemas, std::span<const unsigned> collations,
    Deadline deadline) {
  const auto others = ReadOthers(server, OtherColumns(subject, collations), deadline.Share(2));
  if (!others && IsAbsent(others.error())) return std::nullopt;
  if (!others) return Fail(others.error());
  InnodbTables tables;
  const auto add = [&](const auto& pieces) {
    const auto id = ParseNumber<std::uint64_t>(pieces[0]);
    if (!id) return false;
    const std::string schema(pieces[1]), name(pieces[2]);
    if (name.empty() || !schemas.contains(schema)) return true;
    InnodbTable& table = tables[schema][name];
    table.dynamic = table.dynamic && pieces[3] == "1";
    table.other_collation = table.other_collation || others->contains(*id);
    return true;
  };
  const Status status = ReadLists(server, Tables(subject), 4, deadline, [&](std::string_view list) {
    return ForEachEntry<4>(list, add);
  });
  if (!status) return Fail(status.error());
  return tables;
}

}  // namespace erpnext
