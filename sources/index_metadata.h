// SPDX-License-Identifier: Apache-2.0
// Which indexes the InnoDB tables of a MariaDB server have, from InnoDB's own dictionary.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/deadline.h"
#include "core/result.h"
#include "sources/mariadb_client.h"

namespace erpnext {

enum class IndexType : std::uint8_t {
  kPlain,
  kUnique,
  kPrimary,  // also the hidden one of a table that has no primary key: it has no columns
  kOther     // full text, spatial, on a column that is not stored: nothing is said of these
};

struct IndexMetadata {
  std::string_view name;
  IndexType type = IndexType::kPlain;
  // As they were declared: InnoDB appends those of the primary key. Whether a key takes only the
  // beginning of a column is not told.
  std::vector<std::string_view> columns;
  std::uint64_t id = 0;  // greater than those of all that were made before it, on this server
};

struct IndexedTable {
  std::string_view name;
  std::uint64_t id = 0;                // changes when the table is rebuilt
  std::vector<IndexMetadata> indexes;  // in the order in which they were made
};

// The indexes of many schemas: 10 000 tables take about 2 MiB. What it gives points into it.
class IndexCatalogue {
 public:
  IndexCatalogue() = default;
  IndexCatalogue(IndexCatalogue&&) = default;
  IndexCatalogue& operator=(IndexCatalogue&&) = default;

  // First tables, then indexes, then the columns of these in their order: each a list whose pieces
  // end with a NUL. False when it is no such list.
  bool AddTables(std::string_view list, std::span<const std::string_view> schemas);
  bool AddIndexes(std::string_view list);
  bool AddFields(std::string_view list);

  // Tables that have a name and an index that can be used now.
  std::vector<IndexedTable> TablesOf(std::string_view schema);

  std::uint64_t NewestIndex() const;  // its id; 0: there is none

  std::size_t table_count() const { return tables_.size(); }

 private:
  using Word = std::uint32_t;  // number of a word; most names occur in each site
  struct Index {
    std::uint64_t id = 0;
    Word name = 0;
    Word first = 0;  // of its columns, in columns_
    std::uint16_t columns = 0;
    IndexType type = IndexType::kPlain;
  };
  struct Table {
    Word name = 0;
    std::vector<std::uint64_t> indexes;
  };

  Word Number(std::string_view word);
  std::string_view Text(Word word) const { return *texts_[word]; }
  Index* Find(std::uint64_t id);
  IndexMetadata Metadata(const Index& index) const;

  std::map<std::string, Word, std::less<>> words_;
  std::vector<const std::string*> texts_;  // of words_
  std::map<Word, std::vector<std::uint64_t>> schemas_;
  std::map<std::uint64_t, Table> tables_;
  std::vector<Index> indexes_;  // by id when sorted_
  bool sorted_ = false;
  std::vector<Word> columns_;
};

// Those of these schemas. `subject` stands in each statement as a comment. Needs the privilege
// PROCESS.
Result<IndexCatalogue> ReadIndexes(MariadbServer& server, std::string_view subject,
                                   std::span<const std::string_view> schemas, Deadline deadline);

struct ColumnMetadata {
  bool is_text = false;  // TEXT or BLOB: a key on it takes only its beginning

  friend bool operator==(const ColumnMetadata&, const ColumnMetadata&) = default;
};
using ColumnsByName = std::map<std::string, ColumnMetadata, std::less<>>;

// Columns of tables, kept as long as a table has the same id. InnoDB walks over the columns of all
// tables for this (10 000 tables: 0.4 s), so they are asked for only when some are not known.
class ColumnCache {
 public:
  Status Learn(MariadbServer& server, std::string_view subject, std::vector<std::uint64_t> tables,
               Deadline deadline);

  // Nothing when they are not known.
  const ColumnsByName* Find(std::uint64_t table) const;

 private:
  std::map<std::uint64_t, ColumnsByName> tables_;
};

}  // namespace erpnext
