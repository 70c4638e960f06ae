// SPDX-License-Identifier: Apache-2.0
// By what a statement on one table picks its rows, from its text without values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace erpnext {

struct StatementFilter {
  std::string schema;  // empty: the one that was chosen
  std::string table;
  std::vector<std::string> equal;  // columns that are compared with values, each once
  std::vector<std::string> range;  // columns that lie above, below or between values, each once
  std::string order;               // the one column its rows are sorted by, if it is one
  bool is_sorted = false;          // by `order` or by more than that
  bool is_limited = false;
  bool has_lists = false;  // IN with several values: rows of several places, each sorted by itself
  bool is_whole = true;    // no row is left out for another reason
  bool is_summed = false;  // rows sent are not the rows found: COUNT, DISTINCT, GROUP BY

  friend bool operator==(const StatementFilter&, const StatementFilter&) = default;
};

// Of a SELECT, UPDATE or DELETE on one table, as performance_schema writes digest texts. Nothing
// for a join, a subselect, an index hint, a text that was cut, and for all that is not understood:
// it is better to say nothing than to guess. Columns that are MariaDB's words (STATUS) are given
// in lower case; whether there are such columns is not known here.
std::optional<StatementFilter> FilterOf(std::string_view text);

}  // namespace erpnext
