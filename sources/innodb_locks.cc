// SPDX-License-Identifier: Apache-2.0
// A walk from each root over those who wait.
#include "sources/innodb_locks.h"

namespace erpnext {

std::optional<std::string> TakeQuotedName(std::string_view& text) {
  if (!text.starts_with('`')) return std::nullopt;
  std::string name;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] != '`') {
      name += text[i];
    } else if (i + 1 < text.size() && text[i + 1] == '`') {
      name += text[i++];
    } else {
      text.remove_prefix(i + 1);
      return name;
    }
  }
  return std::nullopt;
}

std::map<std::string, std::size_t> RootBlockers(const std::vector<LockWait>& waits,
                                                std::set<std::string_view> waiting) {
  std::map<std::string_view, std::vector<std::string_view>> waiters_of;
  for (const LockWait& wait : waits) {
    waiters_of[wait.blocker].push_back(wait.waiter);
    waiting.insert(wait.waiter);
  }
  std::map<std::string, std::size_t> roots;
  for (const auto& [blocker, unused] : waiters_of) {
    if (waiting.contains(blocker)) continue;
    std::set<std::string_view> seen;
    std::vector<std::string_view> next = {blocker};
    while (!next.empty()) {
      const auto found = waiters_of.find(next.back());
      next.pop_back();
      if (found == waiters_of.end()) continue;
      for (const std::string_view waiter : found->second) {
        if (seen.insert(waiter).second) next.push_back(waiter);
      }
    }
    roots.emplace(blocker, seen.size());
  }
  return roots;
}

std::optional<TableName> ParseTableName(std::string_view text) {
  auto schema = TakeQuotedName(text);
  if (!schema || !text.starts_with('.')) return std::nullopt;
  text.remove_prefix(1);
  auto table = TakeQuotedName(text);
  if (!table || schema->empty() || table->empty()) return std::nullopt;
  return TableName{std::move(*schema), std::move(*table)};
}

std::string_view DocTypeOf(std::string_view table) {
  constexpr std::string_view kPrefix = "tab";
  if (table.starts_with(kPrefix) && table.size() > kPrefix.size()) {
    table.remove_prefix(kPrefix.size());
  }
  return table;
}

}  // namespace erpnext
