// SPDX-License-Identifier: Apache-2.0
// A MariaDB server that answers what a test told it to, for tests of what asks it.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "sources/mariadb_client.h"

namespace erpnext {

// As a PackedStatement is answered.
inline MariadbTable PackedEntries(const std::vector<std::vector<std::string>>& entries) {
  std::string list;
  for (const auto& entry : entries) {
    for (const std::string& piece : entry) list.append(piece).push_back('\0');
  }
  MariadbTable table{{"LIST", "ENTRIES"}, {}};
  if (!entries.empty()) table.rows.push_back({std::move(list), std::to_string(entries.size())});
  return table;
}

class FakeMariadb final : public MariadbServer {
 public:
  using Answer = std::function<Result<MariadbTable>()>;

  // The first of these answers whose text the statement begins with.
  std::vector<std::pair<std::string, Answer>> answers;
  std::vector<std::string> statements;  // that were asked

  Result<MariadbTable> Query(std::string_view statement, Deadline) override {
    statements.emplace_back(statement);
    for (const auto& [beginning, answer] : answers) {
      if (statement.starts_with(beginning)) return answer();
    }
    return Fail(ErrorKind::kUnsupported, "no answer to this statement");
  }

  // A table of two columns, as SHOW STATUS and SHOW VARIABLES give it.
  static MariadbTable Pairs(std::vector<std::pair<std::string, std::string>> pairs) {
    MariadbTable table{{"Variable_name", "Value"}, {}};
    table.rows.reserve(pairs.size());
    for (auto& [name, value] : pairs) {
      table.rows.push_back({std::move(name), std::move(value)});
    }
    return table;
  }
};

}  // namespace erpnext
