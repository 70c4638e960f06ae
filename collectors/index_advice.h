// SPDX-License-Identifier: Apache-2.0
// Which indexes of sites' tables could go. Pure: what is known of a table goes in, advice comes
// out.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sources/index_metadata.h"
#include "sources/index_usage.h"

namespace erpnext {

enum class AdviceKind : std::uint8_t {
  kMissing,    // statements read the table as a whole for few of its rows
  kKnown,      // a later version of ERPNext has it
  kDuplicate,  // another index has the same columns
  kRedundant,  // another index begins with its columns
  kUnused      // it was not used as long as that is known
};

inline constexpr std::array kAdviceKinds = {AdviceKind::kMissing, AdviceKind::kKnown,
                                            AdviceKind::kDuplicate, AdviceKind::kRedundant,
                                            AdviceKind::kUnused};

std::string_view AdviceKindName(AdviceKind kind);  // "missing", ...

// Of the statements that a missing index would help, since the server started.
struct StatementEvidence {
  std::size_t kinds = 0;
  double executions = 0;
  double seconds = 0;
  double rows_examined = 0;
  double rows_found = 0;     // sent or changed
  double saved_seconds = 0;  // about, if the time is spent where rows are read

  friend bool operator==(const StatementEvidence&, const StatementEvidence&) = default;
};

struct IndexAdvice {
  AdviceKind kind = AdviceKind::kDuplicate;
  std::string table;
  std::string index;                 // the one that could go; of a missing one empty
  std::vector<std::string> columns;  // its columns
  std::string other;                 // the index that does its work; empty: none is needed
  std::optional<double> rows;        // of the table, about
  std::optional<double> bytes;       // of the index
  std::optional<double> writes;      // rows of the table that changed since the server started
  StatementEvidence evidence;        // of a missing one
  std::string version;               // of a known one: the first ERPNext that has it
  std::string source;                // of a known one: the pull request that brought it

  friend bool operator==(const IndexAdvice&, const IndexAdvice&) = default;
};

struct AdviceLimits {
  // For which use was counted: what is done once a week may need an index that was not used for
  // days.
  double unused_seconds = 7 * 86400.0;
  double unused_reads = 1000;  // of the other indexes of the table, before one of it is unused
  double rows = 1000;          // in smaller tables nothing is gained
  // Of a kind of statement. Frappe Cloud looks at those with 100 rows examined for each row sent,
  // or 10 seconds in total.
  double executions = 5;
  double examined_per_found = 100;
  double seconds = 10;
};

// Indexes whose work another one does. Only plain ones, and unique ones that are there twice: a
// unique index keeps a rule.
std::vector<IndexAdvice> NeedlessIndexes(const IndexedTable& table);

// Indexes through which no row was read while some were through others of the table. Never those
// that keep a rule, nor those that Frappe gives each table.
std::vector<IndexAdvice> UnusedIndexes(const IndexedTable& table, std::string_view schema,
                                       const IndexUsage& usage, const AdviceLimits& limits);

// Whether a column of it holds text of any length: only the beginning of that is in an index, and
// how much of it is not known. Also true when its columns are not known.
bool HasUnknownPrefix(const IndexAdvice& advice, const ColumnsByName* columns);

}  // namespace erpnext
