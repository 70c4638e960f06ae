// SPDX-License-Identifier: Apache-2.0
// Which indexes would spare statements to read whole tables. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/index_advice.h"
#include "sources/statement_digests.h"
#include "sources/statement_filter.h"

namespace erpnext {

// One kind of statement that may lack an index.
struct Lookup {
  std::string schema;
  StatementFilter filter;
  StatementCost cost;
};

// Those that are understood, were executed often enough, and either examined many rows for each
// that they found or took long.
std::vector<Lookup> LookupsOf(std::span<const StatementDigest> digests, const AdviceLimits& limits);

// Whether each of its executions read most of a table of so many rows, which is not small.
bool ReadsTable(const Lookup& lookup, double rows, const AdviceLimits& limits);

// Advice for one table, from statements that read it, the most time saved first. How large an index
// would be is not known.
std::vector<IndexAdvice> MissingIndexes(const IndexedTable& table,
                                        const TableStatistics& statistics,
                                        const ColumnsByName& columns,
                                        std::span<const Lookup* const> lookups);

}  // namespace erpnext
