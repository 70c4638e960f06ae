// SPDX-License-Identifier: Apache-2.0
// How MariaDB should be set for Frappe, and why. docs/mariadb-settings.md is written from here.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace erpnext {

// What is known of one server.
struct ServerConfig {
  std::map<std::string, std::string> variables;  // names in lower case
  std::optional<double> data_bytes;              // of all InnoDB tables with their indexes
};

struct ConfigRule {
  std::string_view setting;  // as MariaDB calls it
  std::string_view
      severity;             // "critical": it does harm; "warning": it will; "info": it hides things
  std::string_view wanted;  // in words
  std::string_view reason;
  // Nothing when the server does not have the setting, or it does not matter there.
  std::optional<bool> (*is_as_wanted)(const ServerConfig&);
};

std::span<const ConfigRule> ConfigRules();

// Of each site's database. The first is the collation of tables that are made without one, the
// second the row format of its tables; what they are called is not a variable.
struct SchemaRule {
  std::string_view setting;
  std::string_view severity;
  std::string_view wanted;
  std::string_view reason;
};
inline constexpr SchemaRule kSchemaCollation{
    "schema_collation", "warning", "utf8mb4_unicode_ci",
    "Frappe creates each site's database so. What is compared with a column of another collation "
    "fails with \"Illegal mix of collations\", or finds its index useless."};
inline constexpr SchemaRule kTableRowFormat{
    "table_row_format", "info", "Dynamic, for each InnoDB table",
    "Frappe creates its tables so. Those that old versions made are compressed, which costs time "
    "with each change, or compact, which holds fewer columns and shorter indexes: \"Row size too "
    "large\" when a field is added."};

// The page that says all this to people.
std::string ConfigRulesPage();

}  // namespace erpnext
