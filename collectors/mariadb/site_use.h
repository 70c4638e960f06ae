// SPDX-License-Identifier: Apache-2.0
// How much of a database server each site used lately, from whatever source the server has.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "collectors/mariadb_servers.h"
#include "core/clock.h"
#include "sources/slow_log_file.h"

namespace erpnext {

struct Use {
  double seconds = 0;  // in which its statements ran or waited
  double rows_read = 0;
  double rows_written = 0;
  std::optional<double> connections;  // that were made; nothing where the source does not tell

  Use& operator+=(const Use& other);
  // What was added to `before`; all of this when the sums have begun again since.
  Use Since(const Use& before) const;
};

// The sums of the last five minutes. One thread at a time.
class UseWindow {
 public:
  static constexpr std::chrono::minutes kLength{5};

  void Add(SteadyTime now, std::map<SiteKey, Use> uses);
  void Clear() { parts_.clear(); }

  std::map<SiteKey, Use> Sum() const;

 private:
  std::deque<std::pair<SteadyTime, std::map<SiteKey, Use>>> parts_;
};

// Of one server. One thread at a time.
class SiteUse {
 public:
  // Asks what the server knows: statistics of users (userstat), else digests by schema, else the
  // slow query log. Another source than the last time begins anew.
  Status Read(MariadbServer& server, const MariadbOptions& options, const SchemaOwners& owners,
              SteadyTime now, Deadline deadline);

  // "userstat", "performance_schema" or "slow_log"; empty when there is none.
  std::string_view source() const { return source_; }
  const UseWindow& window() const { return window_; }

 private:
  using Uses = std::map<std::string, Use>;  // by user or schema

  Status ReadSources(MariadbServer& server, const MariadbOptions& options,
                     const SchemaOwners& owners, SteadyTime now, Deadline deadline);
  Result<bool> ReadUsers(MariadbServer& server, Deadline deadline);
  Result<bool> ReadSchemas(MariadbServer& server, Deadline deadline);
  Result<bool> ReadSlowLog(MariadbServer& server, const MariadbOptions& options,
                           const SchemaOwners& owners, Deadline deadline);
  void Begin(std::string_view source);
  // What each has used since the last call. Nothing the first time.
  void TakeSums(Uses sums);

  std::string_view source_;
  std::optional<SteadyTime> read_at_;
  UseWindow window_;
  std::optional<Uses> before_;
  Uses added_;
  std::map<SiteKey, Use> logged_;
  std::unique_ptr<SlowLogFile> file_;
};

}  // namespace erpnext
