// SPDX-License-Identifier: Apache-2.0
#include "sources/table_setting.h"

#include <algorithm>
#include <vector>

#include "core/text.h"
#include "sources/site_database.h"

namespace erpnext {

std::optional<std::string> TableSetting::Quoted() const {
  const auto quoted_database = QuoteIdentifier(database), quoted_table = QuoteIdentifier(table);
  if (!quoted_database || !quoted_table) return std::nullopt;
  return *quoted_database + "." + *quoted_table;
}

std::optional<TableSetting> ParseTableSetting(std::string_view text) {
  const bool plain =
      std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7F; });
  const auto names = Split(text, '.');
  if (!plain || names.size() != 2) return std::nullopt;
  TableSetting name{std::string(names[0]), std::string(names[1])};
  if (!name.Quoted()) return std::nullopt;
  return name;
}

}  // namespace erpnext
