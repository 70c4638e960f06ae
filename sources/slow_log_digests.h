// SPDX-License-Identifier: Apache-2.0
// Kinds of statements by the slow query log, for who wants all that it still holds.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/deadline.h"
#include "core/result.h"
#include "sources/mariadb_client.h"
#include "sources/slow_log_file.h"
#include "sources/statement_digests.h"

namespace erpnext {

// Of one server, kept between runs. One thread at a time.
class SlowLogDigests {
 public:
  static constexpr std::size_t kMostKnown = 2'000;

  // Adds what is new: the first time the log from its beginning, with those that were rotated away
  // and still have their text. What cannot be read until the deadline is left for the next call.
  // The sums of all that was read, without digests; nothing when there is no such log, or none for
  // us. Statements of this program and those whose text is not sure are left out.
  Result<std::optional<std::vector<StatementDigest>>> Read(MariadbServer& server,
                                                           const MariadbOptions& options,
                                                           Deadline deadline);

 private:
  void Add(const SlowStatement& statement);

  std::unique_ptr<SlowLogFile> file_;
  std::map<std::pair<std::string, std::string>, StatementCost> known_;  // by schema and text
};

}  // namespace erpnext
