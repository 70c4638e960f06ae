// SPDX-License-Identifier: Apache-2.0
// A MariaDB server with the databases of several sites, for tests of what reads them.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sources/mariadb_client.h"

namespace erpnext {

class FakeSites final : public MariadbServer {
 public:
  using Row = std::vector<std::optional<std::string>>;

  struct Database {
    std::map<std::string, std::vector<std::string>> columns;  // by table; "name int" has that type
    // The first of these whose text the statement contains gives its rows.
    std::vector<std::pair<std::string, Result<MariadbTable>>> answers;

    // Replaces what is there for the same text.
    void Answer(const std::string& text, Result<MariadbTable> rows) {
      for (auto& [known, answer] : answers) {
        if (known != text) continue;
        answer = std::move(rows);
        return;
      }
      answers.emplace_back(text, std::move(rows));
    }
    void Answer(const std::string& text, std::vector<Row> rows) {
      Answer(text, MariadbTable{{}, std::move(rows)});
    }
  };

  std::map<std::string, Database> databases;  // by schema
  std::vector<std::string> statements;

  Result<MariadbTable> Query(std::string_view statement, Deadline) override {
    statements.emplace_back(statement);
    for (const auto& [schema, database] : databases) {
      const bool of_schema =
          statement.find("TABLE_SCHEMA = '" + schema + "'") != std::string_view::npos;
      if (of_schema && statement.find("information_schema.COLUMNS") != std::string_view::npos) {
        return Columns(database);
      }
      if (!of_schema && statement.find("`" + schema + "`.") == std::string_view::npos) continue;
      for (const auto& [text, answer] : database.answers) {
        if (statement.find(text) != std::string_view::npos) return answer;
      }
      return Fail(ErrorKind::kUnsupported, "no answer to this statement");
    }
    return MariadbTable{};
  }

 private:
  static MariadbTable Columns(const Database& database) {
    MariadbTable table;
    for (const auto& [name, columns] : database.columns) {
      for (const std::string& column : columns) {
        const std::size_t blank = column.find(' ');
        const std::string type = blank == std::string::npos ? "varchar" : column.substr(blank + 1);
        table.rows.push_back({name, column.substr(0, blank), type});
      }
    }
    return table;
  }
};

}  // namespace erpnext
