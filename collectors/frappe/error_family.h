// SPDX-License-Identifier: Apache-2.0
// What kind of error a row of Error Log tells of, in one word of a fixed list.
#pragma once

#include <span>
#include <string_view>

namespace erpnext {

// All words that FamilyOfError gives, and "unread" for rows whose text nobody read.
std::span<const std::string_view> ErrorFamilies();

// By the exception at the end of a traceback, of which `tail` is the end; without one by the title,
// the column `method`. Both come from outside and may be cut anywhere.
std::string_view FamilyOfError(std::string_view title, std::string_view tail);

}  // namespace erpnext
