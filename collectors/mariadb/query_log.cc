// SPDX-License-Identifier: Apache-2.0
// performance_schema knows each statement, the slow query log those above long_query_time.
#include "collectors/mariadb/query_log.h"

#include <nlohmann/json.hpp>

#include "sources/log_positions.h"
#include "sources/sql_fingerprint.h"

namespace erpnext {

using nlohmann::json;

Status QueryLog::Read(MariadbServer& server, const MariadbOptions& options,
                      const SchemaOwners& owners, SteadyTime now, Deadline deadline) {
  source_ = "";
  // The sums first: a digest that is ahead of them is counted on, one that is behind is not.
  const auto schemas = ReadSchemaCosts(server, deadline.Share(3));
  if (!schemas) return Fail(schemas.error());
  Status status;
  if (*schemas) {
    const auto digests = ReadStatementDigests(server, deadline.Share(2));
    if (!digests) return Fail(digests.error());
    if (!*digests) return {};
    source_ = "performance_schema";
    tells_index_ = true;
    file_.reset();  // what it gets from now on is counted here
    for (const StatementDigest& each : deltas_.Take(**digests, **schemas)) {
      top_.Add(owners.Of(each.schema), each.digest, each.text, each.cost);
    }
  } else {
    status = ReadSlowLog(server, options, owners, deadline);
  }
  top_.Rank(now);
  return status;
}

Status QueryLog::ReadSlowLog(MariadbServer& server, const MariadbOptions& options,
                             const SchemaOwners& owners, Deadline deadline) {
  const auto path = SlowLogPath(server, options, deadline.Share(2));
  if (!path) return Fail(path.error());
  if (!*path) return {};
  if (!file_ || file_->path() != **path) {
    file_ = std::make_unique<SlowLogFile>(**path);
    tells_index_ = false;
  }
  const auto is_there = file_->Poll(deadline, [&](const SlowStatement& each) {
    if (each.ours) return;
    // Statements without a plan have none in the log either.
    if (each.tells_plan) tells_index_ = true;
    top_.Add(owners.Of(each.schema, each.user), each.text.empty() ? "" : FingerprintId(each.text),
             each.text, each.cost);
  });
  if (!is_there) return Fail(is_there.error());
  if (*is_there) source_ = "slow_log";
  return {};
}

json QueryLog::ToJson() const {
  json state = top_.ToJson();
  state["tells_index"] = tells_index_;
  if (!file_) return state;
  if (const auto positions = file_->Positions()) {
    state["path"] = file_->path();
    state["positions"] = PositionsToJson(*positions);
  }
  return state;
}

void QueryLog::Restore(const json& state, SteadyTime now) {
  TopStatements top = TopStatements::FromJson(state, now);
  tells_index_ = state.at("tells_index");
  if (state.contains("path")) {
    file_ = std::make_unique<SlowLogFile>(state.at("path").get<std::string>(),
                                          PositionsFromJson(state.at("positions")));
  }
  top_ = std::move(top);
}

}  // namespace erpnext
