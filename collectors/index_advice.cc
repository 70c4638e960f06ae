// SPDX-License-Identifier: Apache-2.0
// InnoDB appends the columns of the primary key to each other index, and MariaDB uses them there
// (extended keys), so an index on (parent, name) does nothing that one on (parent) does not.
#include "collectors/index_advice.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>

namespace erpnext {
namespace {

using Columns = std::vector<std::string_view>;

// An index as InnoDB keeps it: its columns, then those of the primary key that are not among them.
Columns Extended(const IndexMetadata& index, const Columns& primary) {
  Columns columns = index.columns;
  for (const std::string_view column : primary) {
    if (std::find(columns.begin(), columns.end(), column) == columns.end()) {
      columns.push_back(column);
    }
  }
  return columns;
}

bool BeginsWith(const Columns& columns, const Columns& begin) {
  return begin.size() <= columns.size() && std::equal(begin.begin(), begin.end(), columns.begin());
}

// Frappe 13 to 16 declare these when they create a table, and look for an index on the column
// alone when they change one (frappe/database/mariadb/schema.py).
bool IsFrappesOwn(const IndexMetadata& index) {
  constexpr std::array<std::string_view, 3> kOwn = {"parent", "creation", "modified"};
  return index.columns.size() == 1 &&
         std::find(kOwn.begin(), kOwn.end(), index.columns[0]) != kOwn.end();
}

bool IsUsable(const IndexMetadata& index) {
  return index.type != IndexType::kOther && !index.columns.empty();
}

// Of two that are alike, whether `index` is the one to keep. One that keeps a rule stays. Frappe's
// add_index asks by name, so one that it made, "<columns>_index", would come again; a field's own
// index, which has the name of the column, is asked for by column. Else the older one stays.
bool Outranks(const IndexMetadata& index, const IndexMetadata& other, bool is_older) {
  if (index.type != other.type) return index.type > other.type;
  const bool by_name = index.name.ends_with("_index");
  if (by_name != other.name.ends_with("_index")) return by_name;
  return is_older;
}

struct Cover {
  const IndexMetadata* index = nullptr;
  AdviceKind kind = AdviceKind::kRedundant;
};

// The index that does the work of the one at `at`, the longest that is still there.
Cover CoverOf(const IndexedTable& table, std::size_t at, const std::vector<bool>& gone,
              const Columns& primary) {
  const IndexMetadata& index = table.indexes[at];
  const Columns extended = Extended(index, primary);
  Cover cover;
  for (std::size_t i = 0; i < table.indexes.size(); ++i) {
    const IndexMetadata& other = table.indexes[i];
    if (i == at || gone[i] || !IsUsable(other)) continue;
    if (index.columns == other.columns) {
      if (!Outranks(index, other, at < i)) return {&other, AdviceKind::kDuplicate};
      continue;
    }
    if (index.type != IndexType::kPlain) continue;
    const Columns of_other =
        other.type == IndexType::kPrimary ? other.columns : Extended(other, primary);
    if (!BeginsWith(of_other, index.columns)) continue;
    // Both do the same with what InnoDB appends: the longer one goes, which says more than it does.
    const bool mutual = BeginsWith(extended, other.columns) && other.type == IndexType::kPlain;
    if (mutual && index.columns.size() < other.columns.size()) continue;
    if (cover.index == nullptr || other.columns.size() > cover.index->columns.size()) {
      cover = {&other, AdviceKind::kRedundant};
    }
  }
  return cover;
}

// Which could all go together, with what is still there for each. A cover that goes itself may
// leave one without: (a, primary key) does what (a) does, but not what (a, b) does.
std::map<std::size_t, Cover> CoversOf(const IndexedTable& table) {
  Columns primary;
  for (const IndexMetadata& index : table.indexes) {
    if (index.type == IndexType::kPrimary) primary = index.columns;
  }
  std::vector<bool> gone(table.indexes.size());
  for (std::size_t i = 0; i < table.indexes.size(); ++i) {
    const IndexMetadata& index = table.indexes[i];
    if (!IsUsable(index) || index.type == IndexType::kPrimary) continue;
    const Cover cover = CoverOf(table, i, gone, primary);
    // Frappe creates it again with the table, and some of its own tables come with such a pair.
    const bool stays = cover.kind == AdviceKind::kRedundant && IsFrappesOwn(index);
    gone[i] = cover.index != nullptr && !stays;
  }
  std::map<std::size_t, Cover> covers;
  for (std::size_t i = 0; i < table.indexes.size(); ++i) {
    if (!gone[i]) continue;
    const Cover cover = CoverOf(table, i, gone, primary);
    if (cover.index != nullptr) covers.emplace(i, cover);
  }
  return covers;
}

std::vector<std::string> Texts(const Columns& columns) {
  return std::vector<std::string>(columns.begin(), columns.end());
}

const TableUsage* Find(const std::optional<UsageOfSchemas>& usage, std::string_view schema,
                       std::string_view table) {
  if (!usage) return nullptr;
  const auto tables = usage->find(schema);
  if (tables == usage->end()) return nullptr;
  const auto found = tables->second.find(table);
  return found == tables->second.end() ? nullptr : &found->second;
}

// Nothing: this source cannot tell, as too little was read through other indexes of the table.
std::optional<bool> WasUsed(const TableUsage* usage, std::string_view index, double enough) {
  if (usage == nullptr) return std::nullopt;
  const auto reads = usage->reads.find(index);
  if (reads != usage->reads.end() && reads->second > 0) return true;
  return usage->AllReads() < enough ? std::nullopt : std::optional(false);
}

}  // namespace

std::string_view AdviceKindName(AdviceKind kind) {
  constexpr std::array<std::string_view, 5> kNames = {"missing", "known", "duplicate", "redundant",
                                                      "unused"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::vector<IndexAdvice> NeedlessIndexes(const IndexedTable& table) {
  std::vector<IndexAdvice> advice;
  for (const auto& [at, cover] : CoversOf(table)) {
    const IndexMetadata& index = table.indexes[at];
    IndexAdvice& each = advice.emplace_back();
    each.kind = cover.kind;
    each.table = table.name;
    each.index = index.name;
    each.columns = Texts(index.columns);
    each.other = cover.index->name;
  }
  return advice;
}

std::vector<IndexAdvice> UnusedIndexes(const IndexedTable& table, std::string_view schema,
                                       const IndexUsage& usage, const AdviceLimits& limits) {
  std::vector<IndexAdvice> advice;
  // Who has counted for a short time knows what was used, not what is not.
  const auto enough = [&](double seconds) {
    return seconds < limits.unused_seconds ? std::numeric_limits<double>::infinity()
                                           : limits.unused_reads;
  };
  const TableUsage* by_user = Find(usage.userstat, schema, table.name);
  const TableUsage* by_wait = Find(usage.performance_schema, schema, table.name);
  for (const IndexMetadata& index : table.indexes) {
    if (index.type != IndexType::kPlain || index.columns.empty() || IsFrappesOwn(index)) continue;
    if (index.id > usage.newest_index) continue;
    const auto first = WasUsed(by_user, index.name, enough(usage.userstat_seconds));
    const auto second = WasUsed(by_wait, index.name, enough(usage.uptime_seconds));
    // Each that counts must say so, and one must know enough.
    if ((!first && !second) || first.value_or(false) || second.value_or(false)) continue;
    IndexAdvice& each = advice.emplace_back();
    each.kind = AdviceKind::kUnused;
    each.table = table.name;
    each.index = index.name;
    each.columns = Texts(index.columns);
  }
  return advice;
}

bool HasUnknownPrefix(const IndexAdvice& advice, const ColumnsByName* columns) {
  if (columns == nullptr) return true;
  return std::any_of(advice.columns.begin(), advice.columns.end(), [&](const std::string& name) {
    const auto column = columns->find(name);
    return column == columns->end() || column->second.is_text;
  });
}

}  // namespace erpnext
