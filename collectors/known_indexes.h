// SPDX-License-Identifier: Apache-2.0
// Indexes that later versions of ERPNext brought because a table without them was slow.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "collectors/index_advice.h"

namespace erpnext {

struct KnownIndex {
  std::string_view doctype;
  std::string_view first;
  std::string_view second;   // empty: an index on one column
  std::string_view version;  // the first that has it from its beginning; others by a backport
  std::string_view source;   // the pull request, which says why
};

std::span<const KnownIndex> KnownIndexes();

// Those of this table that it lacks. An index that begins with one of their columns will do.
std::vector<IndexAdvice> KnownMissing(const IndexedTable& table);

}  // namespace erpnext
