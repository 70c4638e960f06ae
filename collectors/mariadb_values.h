// SPDX-License-Identifier: Apache-2.0
// Status and system variables of MariaDB as names and numbers.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sources/mariadb_client.h"

namespace erpnext {

// A finite number; words in any case become 1 (on, yes, primary) or 0 (off, no, disabled,
// connecting, non-primary, disconnected), the time "Jan  1 00:00:00 2030 GMT" of a certificate the
// seconds since 1970. Nothing for any other text, which has no sample. The same as mysqld_exporter
// 0.14 takes.
std::optional<double> ParseStatusValue(std::string_view text);

// Rows of two columns, names in lower case; others are left out.
std::map<std::string, std::string> PairsOf(const MariadbTable& table);

// Reads rows by the names of their columns, in any case: versions add columns and move them.
class MariadbColumns {
 public:
  explicit MariadbColumns(const MariadbTable& table);

  bool Has(std::string_view column) const;  // in lower case
  // Nothing for a column that is not there, and for NULL.
  std::optional<std::string_view> Text(const std::vector<std::optional<std::string>>& row,
                                       std::string_view column) const;
  // As ParseStatusValue.
  std::optional<double> Number(const std::vector<std::optional<std::string>>& row,
                               std::string_view column) const;

 private:
  std::map<std::string, std::size_t, std::less<>> at_;
};

}  // namespace erpnext
