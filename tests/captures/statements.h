// SPDX-License-Identifier: Apache-2.0
// The statements that collectors send, and how MariaDB would carry them out.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "mariadb_process.h"
#include "sources/mariadb_client.h"

namespace erpnext {

// Passes all on, and remembers it.
class Recorder final : public MariadbServer {
 public:
  explicit Recorder(std::shared_ptr<MariadbServer> server) : server_(std::move(server)) {}

  Result<MariadbTable> Query(std::string_view statement, Deadline deadline) override {
    statements.emplace_back(statement);
    return server_->Query(statement, deadline);
  }

  std::vector<std::string> statements;

 private:
  std::shared_ptr<MariadbServer> server_;
};

// Explains each statement so far that reads a site's table, as if each table had a million rows.
// The test fails for one that reads a whole table or index, unless its table is one of `small` and
// it asks for no time; and for such a one that does not. Returns how many tables were looked at.
std::size_t ExplainAll(MariadbProcess& process, Recorder& server,
                       const std::set<std::string>& small);

}  // namespace erpnext
