// SPDX-License-Identifier: Apache-2.0
// Lines of MariaDB's error log, and the deadlocks in it. Facts of the server's log.cc and of
// captured logs, MariaDB 10.3 to 11.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/deadline.h"
#include "core/result.h"
#include "sources/innodb_deadlock.h"
#include "sources/mariadb_client.h"

namespace erpnext {

struct ErrorLogLine {
  std::string at;           // "2026-11-24 00:21:56", in the server's time; empty: it continues
  std::string_view thread;  // its number
  std::string_view level;   // "Note", "Warning" or "ERROR"
  std::string_view text;    // all of a line that continues the one before
};

ErrorLogLine ParseErrorLogLine(std::string_view line);

// Finds the deadlocks among lines that are given to it in their order. innodb_print_all_deadlocks
// has them written there.
class DeadlockFinder {
 public:
  // The deadlock that this line completes. One that breaks off is dropped with the beginning of
  // the next one, or after 20 000 lines.
  std::optional<Deadlock> Take(const ErrorLogLine& line);

 private:
  std::optional<DeadlockReader> reader_;
  std::string thread_;
  bool foreign_ = false;  // lines of another thread stand between
  std::size_t lines_ = 0;
};

// Those in the log at `path` and in the one that was rotated away before it ("<path>.1"), the
// oldest first; of each file its last 32 MiB are read. Errors of the log itself only.
Result<std::vector<Deadlock>> DeadlocksInLog(const std::string& path);

// Where the server writes its error log. Nothing when that is no file (the journal, by default on
// Debian), and when the server is on another host.
Result<std::optional<std::string>> ErrorLogPath(MariadbServer& server, const Address& address,
                                                Deadline deadline);

}  // namespace erpnext
