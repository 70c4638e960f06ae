// SPDX-License-Identifier: Apache-2.0
// Words of SQL that are no names.
#pragma once

#include <string_view>

namespace erpnext {

// Whether `upper`, in capitals, is a reserved word of MariaDB, or one of the few more that begin
// statements and clauses.
bool IsSqlWord(std::string_view upper);

}  // namespace erpnext
