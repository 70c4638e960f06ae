// SPDX-License-Identifier: Apache-2.0
// The word is looked up, so that nothing that somebody wrote comes through.
#include "sources/statement_kind.h"

#include <array>

#include "core/text.h"

namespace erpnext {

std::string StatementKindOf(std::string_view text) {
  constexpr std::array<std::string_view, 17> kKinds = {
      "select",   "insert",   "update",  "delete", "replace", "alter", "load",  "create", "drop",
      "truncate", "optimize", "analyze", "rename", "repair",  "lock",  "flush", "call"};
  text = Trim(text);
  while (text.starts_with("/*")) {
    const std::size_t end = text.find("*/");
    if (end == std::string_view::npos) return "other";
    text = Trim(text.substr(end + 2));
  }
  const std::string lower = ToLower(text.substr(0, 8));
  for (const std::string_view kind : kKinds) {
    if (lower.starts_with(kind)) return std::string(kind);
  }
  return "other";
}

}  // namespace erpnext
