// SPDX-License-Identifier: Apache-2.0
// What kinds of statements cost one database server, from whatever source it has.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "collectors/mariadb/digest_deltas.h"
#include "collectors/mariadb/top_statements.h"
#include "collectors/mariadb_servers.h"
#include "core/clock.h"
#include "sources/slow_log_file.h"

namespace erpnext {

// One thread at a time.
class QueryLog {
 public:
  // Takes what is new from performance_schema, else from the slow query log, if there is either.
  Status Read(MariadbServer& server, const MariadbOptions& options, const SchemaOwners& owners,
              SteadyTime now, Deadline deadline);

  // "performance_schema" or "slow_log"; empty when there is none.
  std::string_view source() const { return source_; }
  const TopStatements& top() const { return top_; }
  // Whether the source tells which statements used no index.
  bool tells_index() const { return tells_index_; }

  nlohmann::json ToJson() const;
  // Throws json::exception when it is not what ToJson wrote.
  void Restore(const nlohmann::json& state, SteadyTime now);

 private:
  Status ReadSlowLog(MariadbServer& server, const MariadbOptions& options,
                     const SchemaOwners& owners, Deadline deadline);

  std::string_view source_;
  TopStatements top_;
  DigestDeltas deltas_;
  std::unique_ptr<SlowLogFile> file_;
  bool tells_index_ = false;
};

}  // namespace erpnext
