// SPDX-License-Identifier: Apache-2.0
// What kind of statement a text of SQL is.
#pragma once

#include <string>
#include <string_view>

namespace erpnext {

// "update", "alter", ...: its first word, behind comments of its sender, where that is one of those
// that wait for locks; else "other". Nothing else of the text.
std::string StatementKindOf(std::string_view text);

}  // namespace erpnext
