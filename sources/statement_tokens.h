// SPDX-License-Identifier: Apache-2.0
// The words of a statement's text without values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace erpnext {

struct StatementToken {
  std::string text;
  bool is_quoted = false;  // it stood in backticks: a name, whatever it is

  // Whether it is this word, in any case, or this sign.
  bool Is(std::string_view word) const;
  // Whether it can name a column or a table.
  bool IsName() const;
};

// Words, names in backticks, "?", signs. "(?)" and "(...)", which stand for lists of values, are
// one token each, and so is "...", which ends a text that was cut; a list "?, ..." is one "?".
// Nothing when a name does not end.
std::optional<std::vector<StatementToken>> TokensOf(std::string_view text);

}  // namespace erpnext
