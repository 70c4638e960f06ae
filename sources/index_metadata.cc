// SPDX-License-Identifier: Apache-2.0
// information_schema.STATISTICS would tell more (the length of prefixes), but it opens the
// definition of each table under a metadata lock, and shows only tables that the login may read.
// INNODB_SYS_TABLES, _INDEXES and _FIELDS are InnoDB's dictionary itself: with PROCESS all of it,
// without a lock on any table. They have no keys: a join of the three took 42 s for 10 000 tables.
// Each by itself, put together here, took 0.13 s, and a list for each 64 numbers costs a tenth of
// the memory of a row for each.
#include "sources/index_metadata.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>

#include "core/text.h"
#include "sources/packed_lists.h"

namespace erpnext {
namespace {

constexpr std::size_t kMostTables = 500;  // whose columns are asked for at once
constexpr std::size_t kMostKnownTables = 2'000;
constexpr std::size_t kMostColumns = 150'000;  // of so many tables; a row may have 1017

// INNODB_SYS_INDEXES.TYPE is a set of bits: fil0fil and dict0mem.h of InnoDB.
constexpr unsigned kClustered = 1;
constexpr unsigned kUnique = 2;
constexpr unsigned kNotUnderstood = ~(kClustered | kUnique);

// INNODB_SYS_COLUMNS.MTYPE of BLOB and TEXT.
constexpr std::string_view kBlob = "5";

IndexType TypeOf(unsigned bits) {
  if ((bits & kNotUnderstood) != 0) return IndexType::kOther;
  if ((bits & kClustered) != 0) return IndexType::kPrimary;
  return (bits & kUnique) != 0 ? IndexType::kUnique : IndexType::kPlain;
}

}  // namespace

IndexCatalogue::Word IndexCatalogue::Number(std::string_view word) {
  const auto known = words_.find(word);
  if (known != words_.end()) return known->second;
  const auto added = words_.emplace(std::string(word), static_cast<Word>(texts_.size())).first;
  texts_.push_back(&added->first);
  return added->second;
}

bool IndexCatalogue::AddTables(std::string_view list, std::span<const std::string_view> schemas) {
  return ForEachEntry<3>(list, [&](const auto& pieces) {
    const auto id = ParseNumber<std::uint64_t>(pieces[0]);
    if (!id) return false;
    const bool wanted = std::find(schemas.begin(), schemas.end(), pieces[1]) != schemas.end();
    // Names that begin so are of tables that a statement is building.
    if (!wanted || pieces[2].empty() || pieces[2].starts_with("#sql")) return true;
    if (tables_.emplace(*id, Table{Number(pieces[2]), {}}).second) {
      schemas_[Number(pieces[1])].push_back(*id);
    }
    return true;
  });
}

bool IndexCatalogue::AddIndexes(std::string_view list) {
  return ForEachEntry<4>(list, [&](const auto& pieces) {
    const auto table = ParseNumber<std::uint64_t>(pieces[0]);
    const auto id = ParseNumber<std::uint64_t>(pieces[1]);
    const auto type = ParseNumber<unsigned>(pieces[2]);
    if (!table || !id || !type) return false;
    // One that is still being built is shown with a question mark before its name.
    if (pieces[3].empty() || pieces[3].starts_with('?')) return true;
    const auto known = tables_.find(*table);
    if (known == tables_.end()) return true;
    known->second.indexes.push_back(*id);
    sorted_ = false;
    indexes_.push_back({*id, Number(pieces[3]), 0, 0, TypeOf(*type)});
    return true;
  });
}

IndexCatalogue::Index* IndexCatalogue::Find(std::uint64_t id) {
  const auto found =
      std::lower_bound(indexes_.begin(), indexes_.end(), id,
                       [](const Index& index, std::uint64_t wanted) { return index.id < wanted; });
  return found == indexes_.end() || found->id != id ? nullptr : &*found;
}

bool IndexCatalogue::AddFields(std::string_view list) {
  if (!sorted_) {
    std::sort(indexes_.begin(), indexes_.end(),
              [](const Index& a, const Index& b) { return a.id < b.id; });
    sorted_ = true;
  }
  return ForEachEntry<2>(list, [&](const auto& pieces) {
    const auto id = ParseNumber<std::uint64_t>(pieces[0]);
    if (!id) return false;
    Index* index = Find(*id);
    if (index == nullptr) return true;
    if (index->columns == 0) index->first = static_cast<Word>(columns_.size());
    if (index->first + index->columns != columns_.size()) return false;
    ++index->columns;
    columns_.push_back(Number(pieces[1]));
    return true;
  });
}

IndexMetadata IndexCatalogue::Metadata(const Index& index) const {
  IndexMetadata metadata{Text(index.name), index.type, {}, index.id};
  for (std::size_t i = 0; i < index.columns; ++i) {
    metadata.columns.push_back(Text(columns_[index.first + i]));
  }
  return metadata;
}

std::uint64_t IndexCatalogue::NewestIndex() const {
  std::uint64_t newest = 0;
  for (const Index& index : indexes_) newest = std::max(newest, index.id);
  return newest;
}

std::vector<IndexedTable> IndexCatalogue::TablesOf(std::string_view schema) {
  std::vector<IndexedTable> found;
  const auto word = words_.find(schema);
  if (word == words_.end()) return found;
  for (const std::uint64_t id : schemas_[word->second]) {
    Table& table = tables_[id];
    std::sort(table.indexes.begin(), table.indexes.end());
    IndexedTable indexed{Text(table.name), id, {}};
    for (const std::uint64_t each : table.indexes) {
      if (const Index* index = Find(each)) indexed.indexes.push_back(Metadata(*index));
    }
    if (!indexed.indexes.empty()) found.push_back(std::move(indexed));
  }
  return found;
}

Result<IndexCatalogue> ReadIndexes(MariadbServer& server, std::string_view subject,
                                   std::span<const std::string_view> schemas, Deadline deadline) {
  IndexCatalogue catalogue;
  const std::string tables = fmt::format("TABLE_ID, X'00', {}, X'00', {}, X'00'",
                                         DecodedFileName("SUBSTRING_INDEX(NAME, '/', 1)"),
                                         DecodedFileName("SUBSTRING_INDEX(NAME, '/', -1)"));
  const PackedQuery of_tables{subject, tables, "", "INNODB_SYS_TABLES", "TABLE_ID"};
  Status status =
      ReadLists(server, PackedStatement(of_tables), 3, deadline.Share(3),
                [&](std::string_view list) { return catalogue.AddTables(list, schemas); });
  if (!status) return Fail(status.error());
  const PackedQuery of_indexes{subject,
                               "TABLE_ID, X'00', INDEX_ID, X'00', TYPE, X'00', NAME, X'00'", "",
                               "INNODB_SYS_INDEXES", "TABLE_ID"};
  status = ReadLists(server, PackedStatement(of_indexes), 4, deadline.Share(2),
                     [&](std::string_view list) { return catalogue.AddIndexes(list); });
  if (!status) return Fail(status.error());
  const PackedQuery of_fields{subject, "INDEX_ID, X'00', NAME, X'00'", "ORDER BY INDEX_ID, POS",
                              "INNODB_SYS_FIELDS", "INDEX_ID"};
  status = ReadLists(server, PackedStatement(of_fields), 2, deadline,
                     [&](std::string_view list) { return catalogue.AddFields(list); });
  if (!status) return Fail(status.error());
  return catalogue;
}

Status ColumnCache::Learn(MariadbServer& server, std::string_view subject,
                          std::vector<std::uint64_t> tables, Deadline deadline) {
  std::erase_if(tables, [&](std::uint64_t id) { return tables_.contains(id); });
  if (tables.empty()) return {};
  std::sort(tables.begin(), tables.end());
  tables.erase(std::unique(tables.begin(), tables.end()), tables.end());
  if (tables.size() > kMostTables) tables.resize(kMostTables);
  if (tables_.size() + tables.size() > kMostKnownTables) tables_.clear();
  const auto rows = server.Query(
      fmt::format("/* {} */ SELECT TABLE_ID, NAME, MTYPE FROM "
                  "information_schema.INNODB_SYS_COLUMNS WHERE TABLE_ID IN ({}) LIMIT {}",
                  subject, fmt::join(tables, ", "), kMostColumns),
      deadline);
  if (!rows) return Fail(rows.error());
  for (const auto& row : rows->rows) {
    const auto id =
        row.size() == 3 ? ParseNumber<std::uint64_t>(row[0].value_or("")) : std::nullopt;
    if (id && row[1]) tables_[*id][*row[1]] = {row[2].value_or("") == kBlob};
  }
  return {};
}

const ColumnsByName* ColumnCache::Find(std::uint64_t table) const {
  const auto found = tables_.find(table);
  return found == tables_.end() ? nullptr : &found->second;
}

}  // namespace erpnext
