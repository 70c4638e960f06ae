// SPDX-License-Identifier: Apache-2.0
// A table of a database server, as a setting names it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace erpnext {

struct TableSetting {
  std::string database;
  std::string table;

  std::string Text() const { return database + "." + table; }
  // For a statement. Nothing when MariaDB has no such names.
  std::optional<std::string> Quoted() const;

  friend bool operator==(const TableSetting&, const TableSetting&) = default;
};

// Of "DATABASE.TABLE". Nothing when it is not two names that MariaDB can have, without dots and
// control characters in them.
std::optional<TableSetting> ParseTableSetting(std::string_view text);

}  // namespace erpnext
