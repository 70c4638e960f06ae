// SPDX-License-Identifier: Apache-2.0
// Columns that must have one value come first in an index, then one that lies in a range or by
// which the rows are sorted: what stands behind that finds nothing more. An index is advised only
// where the rows that it would lead to are known from those that were found: all conditions are in
// it, or rows are read in the order in which they are wanted.
#include "collectors/missing_indexes.h"

#include <algorithm>
#include <map>
#include <optional>

namespace erpnext {
namespace {

constexpr std::size_t kMostColumns = 4;
// Of the rows that are read now; an index that leads to more spares little and may not be used.
constexpr double kFew = 0.1;
// Of the table, by each execution: nobody calls less a whole table.
constexpr double kMostOfTable = 0.5;

using Columns = std::vector<std::string>;

bool Contains(const Columns& columns, std::string_view column) {
  return std::find(columns.begin(), columns.end(), column) != columns.end();
}

// Has a column of that name a value that is in an index as a whole?
bool IsIndexable(const ColumnsByName& columns, std::string_view name) {
  const auto column = columns.find(name);
  return column != columns.end() && !column->second.is_text;
}

// Whether this column alone is the primary key.
bool IsPrimary(const IndexedTable& table, std::string_view column) {
  return std::any_of(table.indexes.begin(), table.indexes.end(), [&](const IndexMetadata& index) {
    return index.type == IndexType::kPrimary && index.columns.size() == 1 &&
           index.columns[0] == column;
  });
}

// How many of the index's first columns have one value in this statement.
std::size_t UsablePrefix(const IndexMetadata& index, const Columns& equal) {
  std::size_t length = 0;
  while (length < index.columns.size() && Contains(equal, index.columns[length])) ++length;
  return length;
}

// Whether the index is the wanted one, maybe with columns of one value in another order.
bool IsWanted(const IndexMetadata& index, const Columns& equal, const Columns& wanted) {
  if (index.columns.size() < wanted.size() || UsablePrefix(index, equal) < equal.size())
    return false;
  return wanted.size() == equal.size() || index.columns[equal.size()] == wanted.back();
}

// Whether there is an index that leads to few rows, as far as is known. An index is given the
// benefit of the doubt: if it is not used, another one may not be either.
bool IsCovered(const IndexedTable& table, const TableStatistics& statistics, const Columns& equal,
               const Columns& wanted) {
  for (const IndexMetadata& index : table.indexes) {
    if (index.type == IndexType::kOther || index.columns.empty()) continue;
    if (IsWanted(index, equal, wanted)) return true;
    const std::size_t length = UsablePrefix(index, equal);
    if (length == 0) continue;
    const auto known = statistics.indexes.find(index.name);
    if (known == statistics.indexes.end()) return true;
    const auto distinct = known->second.distinct.find(length);
    if (distinct == known->second.distinct.end() || distinct->second <= 0) return true;
    if (statistics.rows / distinct->second <= kFew * statistics.rows) return true;
  }
  return false;
}

// The columns of an index for it. Nothing when it is not certain what that would spare.
struct Wanted {
  Columns columns;
  std::size_t equal = 0;  // so many of the first have one value
};

std::optional<Wanted> WantedColumns(const IndexedTable& table, StatementFilter filter,
                                    const ColumnsByName& columns) {
  const auto drop = [&](Columns& list) {
    const std::size_t before = list.size();
    std::erase_if(list, [&](const std::string& name) { return !IsIndexable(columns, name); });
    if (list.size() != before) filter.is_whole = false;
  };
  drop(filter.equal);
  drop(filter.range);
  std::erase_if(filter.range,
                [&](const std::string& name) { return Contains(filter.equal, name); });
  Wanted wanted{filter.equal, filter.equal.size()};
  // Sorted within one value of each: what is sorted by a column of one value is not sorted.
  const bool sorts = filter.range.empty() && !filter.has_lists && !filter.order.empty() &&
                     IsIndexable(columns, filter.order) && !Contains(filter.equal, filter.order);
  if (!filter.range.empty()) wanted.columns.push_back(filter.range.front());
  // Without a condition an order is worth an index only if it ends early. InnoDB appends the
  // primary key by itself.
  const bool appended = IsPrimary(table, filter.order) && !wanted.columns.empty();
  if (sorts && !appended && (filter.is_limited || !wanted.columns.empty())) {
    wanted.columns.push_back(filter.order);
  }
  // The rows that were found tell how many the index leads to.
  const bool ends_early = !filter.is_limited || !filter.is_sorted || sorts;
  const bool certain =
      filter.is_whole && filter.range.size() <= 1 && !filter.is_summed && ends_early;
  if (!certain || wanted.columns.empty() || wanted.columns.size() > kMostColumns) {
    return std::nullopt;
  }
  return wanted;
}

double Found(const StatementCost& cost) { return cost.rows_sent + cost.rows_affected; }

struct Candidate {
  Columns columns;
  std::size_t equal = 0;  // so many of the first have one value: any order does
  std::size_t kept = 0;   // but so many of these must stay where they are
  StatementEvidence evidence;
};

std::optional<Candidate> CandidateOf(const IndexedTable& table, const TableStatistics& statistics,
                                     const ColumnsByName& columns, const Lookup& lookup) {
  const StatementCost& cost = lookup.cost;
  const auto wanted = WantedColumns(table, lookup.filter, columns);
  if (!wanted) return std::nullopt;
  const Columns equal(wanted->columns.begin(),
                      wanted->columns.begin() + static_cast<std::ptrdiff_t>(wanted->equal));
  if (IsCovered(table, statistics, equal, wanted->columns)) return std::nullopt;
  const double left = std::min(1.0, Found(cost) / cost.rows_examined);
  if (left > kFew) return std::nullopt;
  const double saved = cost.seconds * (1 - left);
  return Candidate{wanted->columns,
                   wanted->equal,
                   0,
                   {1, cost.executions, cost.seconds, cost.rows_examined, Found(cost), saved}};
}

void Add(StatementEvidence& sum, const StatementEvidence& one) {
  sum.kinds += one.kinds;
  sum.executions += one.executions;
  sum.seconds += one.seconds;
  sum.rows_examined += one.rows_examined;
  sum.rows_found += one.rows_found;
  sum.saved_seconds += one.saved_seconds;
}

// Whether `larger` does the work of `smaller` too, maybe after columns that have one value are put
// in another order, which is then done; what was taken in before keeps its beginning.
bool Absorbs(Candidate& larger, const Candidate& smaller) {
  const Columns& begin = smaller.columns;
  Columns columns = begin;
  for (const std::string& column : larger.columns) {
    if (!Contains(columns, column)) columns.push_back(column);
  }
  if (columns.size() != larger.columns.size()) return false;
  // Columns that move stand among those of one value in both orders.
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const bool moved = columns[i] != larger.columns[i];
    if (moved && (i < larger.kept || i >= larger.equal)) return false;
  }
  larger.columns = std::move(columns);
  larger.kept = std::max(larger.kept, begin.size());
  return true;
}

}  // namespace

std::vector<Lookup> LookupsOf(std::span<const StatementDigest> digests,
                              const AdviceLimits& limits) {
  std::vector<Lookup> lookups;
  for (const StatementDigest& digest : digests) {
    const StatementCost& cost = digest.cost;
    if (cost.executions < limits.executions || cost.rows_examined <= 0) continue;
    const double found = std::max(Found(cost), 1.0);
    const bool wasteful = cost.rows_examined / found >= limits.examined_per_found;
    if (!wasteful && cost.seconds < limits.seconds) continue;
    auto filter = FilterOf(digest.text);
    if (!filter) continue;
    std::string schema = filter->schema.empty() ? digest.schema : filter->schema;
    lookups.push_back({std::move(schema), std::move(*filter), cost});
  }
  return lookups;
}

bool ReadsTable(const Lookup& lookup, double rows, const AdviceLimits& limits) {
  return rows >= limits.rows &&
         lookup.cost.rows_examined >= kMostOfTable * rows * lookup.cost.executions;
}

std::vector<IndexAdvice> MissingIndexes(const IndexedTable& table,
                                        const TableStatistics& statistics,
                                        const ColumnsByName& columns,
                                        std::span<const Lookup* const> lookups) {
  std::vector<Candidate> candidates;
  for (const Lookup* lookup : lookups) {
    auto candidate = CandidateOf(table, statistics, columns, *lookup);
    if (candidate) candidates.push_back(std::move(*candidate));
  }
  // Each is taken in by a longer one if there is one; the shortest first, which say more of the
  // order.
  std::stable_sort(candidates.begin(), candidates.end(), [](const auto& a, const auto& b) {
    return a.columns.size() < b.columns.size();
  });
  std::vector<IndexAdvice> advice;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const auto longer =
        std::find_if(candidates.begin() + static_cast<std::ptrdiff_t>(i) + 1, candidates.end(),
                     [&](Candidate& other) { return Absorbs(other, candidates[i]); });
    if (longer != candidates.end()) {
      Add(longer->evidence, candidates[i].evidence);
      continue;
    }
    IndexAdvice& each = advice.emplace_back();
    each.kind = AdviceKind::kMissing;
    each.table = table.name;
    each.columns = candidates[i].columns;
    each.rows = statistics.rows;
    each.evidence = candidates[i].evidence;
  }
  std::stable_sort(advice.begin(), advice.end(), [](const IndexAdvice& a, const IndexAdvice& b) {
    return a.evidence.saved_seconds > b.evidence.saved_seconds;
  });
  return advice;
}

}  // namespace erpnext
