// SPDX-License-Identifier: Apache-2.0
// What of a site's database is read, as constant data: grants are made from it.
#pragma once

#include <span>
#include <string_view>

namespace erpnext {

struct SiteTable {
  std::string_view name;                      // "tabError Log"
  std::span<const std::string_view> columns;  // all that any statement names
  // In each database of Frappe 13 to 16, with all these columns. Otherwise its grant can fail, and
  // nobody misses it.
  bool everywhere = true;
};

}  // namespace erpnext
