// SPDX-License-Identifier: Apache-2.0
// MariaDB's USER_STATISTICS count each statement when it ends, and are shown with PROCESS only.
#include "collectors/mariadb/site_use.h"

#include <algorithm>

#include "collectors/mariadb_values.h"
#include "sources/mariadb_error.h"
#include "sources/statement_digests.h"

namespace erpnext {
namespace {

// Without userstat the table is empty; MySQL has none.
constexpr std::string_view kUsers =
    "/* mariadb_share */ SELECT USER, BUSY_TIME, ROWS_READ, ROWS_INSERTED + ROWS_UPDATED + "
    "ROWS_DELETED AS ROWS_WRITTEN, TOTAL_CONNECTIONS FROM information_schema.USER_STATISTICS "
    "WHERE @@GLOBAL.userstat = 1 ORDER BY BUSY_TIME DESC LIMIT 5000";

Use UseOf(const StatementCost& cost) {
  return {cost.seconds, cost.rows_examined, cost.rows_affected, std::nullopt};
}

}  // namespace

Use& Use::operator+=(const Use& other) {
  seconds += other.seconds;
  rows_read += other.rows_read;
  rows_written += other.rows_written;
  if (other.connections) connections = connections.value_or(0) + *other.connections;
  return *this;
}

Use Use::Since(const Use& before) const {
  if (seconds < before.seconds) return *this;
  Use since = *this;
  since.seconds -= before.seconds;
  since.rows_read = std::max(0.0, rows_read - before.rows_read);
  since.rows_written = std::max(0.0, rows_written - before.rows_written);
  if (connections) since.connections = std::max(0.0, *connections - before.connections.value_or(0));
  return since;
}

void UseWindow::Add(SteadyTime now, std::map<SiteKey, Use> uses) {
  while (!parts_.empty() && now - parts_.front().first >= kLength) parts_.pop_front();
  parts_.emplace_back(now, std::move(uses));
}

std::map<SiteKey, Use> UseWindow::Sum() const {
  std::map<SiteKey, Use> sum;
  for (const auto& [time, uses] : parts_) {
    for (const auto& [site, use] : uses) sum[site] += use;
  }
  return sum;
}

Status SiteUse::Read(MariadbServer& server, const MariadbOptions& options,
                     const SchemaOwners& owners, SteadyTime now, Deadline deadline) {
  Status status = ReadSources(server, options, owners, now, deadline);
  if (status) {
    read_at_ = now;
  } else if (read_at_ && now - *read_at_ >= UseWindow::kLength) {
    // What was used meanwhile would all count as used lately.
    before_.reset();
    file_.reset();
  }
  return status;
}

Status SiteUse::ReadSources(MariadbServer& server, const MariadbOptions& options,
                            const SchemaOwners& owners, SteadyTime now, Deadline deadline) {
  added_.clear();
  logged_.clear();
  const auto users = ReadUsers(server, deadline.Share(3));
  if (!users) return Fail(users.error());
  const auto schemas = *users ? Result<bool>(false) : ReadSchemas(server, deadline.Share(2));
  if (!schemas) return Fail(schemas.error());
  if (!*users && !*schemas) {
    const auto log = ReadSlowLog(server, options, owners, deadline);
    if (!log) return Fail(log.error());
    if (!*log) Begin("");
  }
  std::map<SiteKey, Use> uses = std::move(logged_);
  for (const auto& [name, use] : added_) {
    uses[*users ? owners.OfUser(name) : owners.Of(name)] += use;
  }
  window_.Add(now, std::move(uses));
  return {};
}

Result<bool> SiteUse::ReadUsers(MariadbServer& server, Deadline deadline) {
  const auto table = server.Query(kUsers, deadline);
  if (!table) {
    if (IsAbsent(table.error())) return false;
    return Fail(table.error());
  }
  if (table->rows.empty()) return false;
  const MariadbColumns columns(*table);
  Uses sums;
  for (const auto& row : table->rows) {
    const auto number = [&](std::string_view column) {
      return std::max(0.0, columns.Number(row, column).value_or(0));
    };
    if (const auto user = columns.Text(row, "user")) {
      sums[std::string(*user)] += {number("busy_time"), number("rows_read"), number("rows_written"),
                                   number("total_connections")};
    }
  }
  Begin("userstat");
  TakeSums(std::move(sums));
  return true;
}

Result<bool> SiteUse::ReadSchemas(MariadbServer& server, Deadline deadline) {
  const auto schemas = ReadSchemaCosts(server, deadline);
  if (!schemas) return Fail(schemas.error());
  if (!*schemas) return false;
  Uses sums;
  for (const StatementDigest& each : **schemas) sums[each.schema] += UseOf(each.cost);
  Begin("performance_schema");
  TakeSums(std::move(sums));
  return true;
}

Result<bool> SiteUse::ReadSlowLog(MariadbServer& server, const MariadbOptions& options,
                                  const SchemaOwners& owners, Deadline deadline) {
  const auto path = SlowLogPath(server, options, deadline.Share(2));
  if (!path) return Fail(path.error());
  if (!*path) return false;
  if (!file_ || file_->path() != **path) file_ = std::make_unique<SlowLogFile>(**path);
  const auto is_there = file_->Poll(deadline, [&](const SlowStatement& each) {
    if (!each.ours) logged_[owners.Of(each.schema, each.user)] += UseOf(each.cost);
  });
  if (!is_there) return Fail(is_there.error());
  if (*is_there) Begin("slow_log");
  return *is_there;
}

void SiteUse::Begin(std::string_view source) {
  if (source != source_) {
    window_.Clear();
    before_.reset();
    if (source != "slow_log") file_.reset();  // what it gets from now on is of that time
  }
  source_ = source;
}

void SiteUse::TakeSums(Uses sums) {
  if (before_) {
    // Who was not there has come since.
    for (const auto& [name, use] : sums) added_[name] = use.Since((*before_)[name]);
  }
  before_ = std::move(sums);
}

}  // namespace erpnext
