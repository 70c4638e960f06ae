// SPDX-License-Identifier: Apache-2.0
// Figures of a site that are one count of rows each.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "core/deadline.h"
#include "core/result.h"
#include "sources/site_database.h"

namespace erpnext {

inline constexpr double kDay = 86400;

struct SiteCount {
  std::string_view label;  // of the sample, where its family has one more label
  std::string_view table;
  std::array<std::string_view, 2>
      columns;                 // besides the two times; at least one, if `seconds` is 0
  std::string_view condition;  // of the rows, besides their age; may be empty
  double seconds = 0;          // back from now; 0: whatever the age
};

// Rows created and last changed in that time; not more than 100 001 are counted. Both times are
// asked for, because Frappe 13 to 15 have an index on `modified` and 16 on `creation`. Nothing when
// the table or the column cannot be seen.
Result<std::optional<double>> ReadCount(SiteDatabase& database, const SiteCount& count,
                                        const SiteZone& zone, double now, Deadline deadline);

// The one number, or nothing, of a statement that gives one row.
std::optional<double> NumberAt(const MariadbTable& table, std::size_t column);

}  // namespace erpnext
