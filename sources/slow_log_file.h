// SPDX-License-Identifier: Apache-2.0
// The file of a server's slow query log: where it is, and what is new in it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/deadline.h"
#include "core/result.h"
#include "sources/log_folder.h"
#include "sources/mariadb_client.h"
#include "sources/slow_log.h"

namespace erpnext {

// Where a server on this host writes its slow query log. Nothing when it writes none, writes it
// into a table, or runs on another host; neither when its name does not end with ".log": rotated
// files could not be told from others.
Result<std::optional<std::string>> SlowLogPath(MariadbServer& server, const MariadbOptions& options,
                                               Deadline deadline);

// Follows one such file through rotation. One thread at a time.
class SlowLogFile {
 public:
  // Read from its end.
  explicit SlowLogFile(const std::string& path);
  // Goes on where an earlier object stopped.
  SlowLogFile(const std::string& path, const std::vector<LogPosition>& positions);
  SlowLogFile(const SlowLogFile&) = delete;
  SlowLogFile& operator=(const SlowLogFile&) = delete;

  // Gives each new entry to `sink`. False when there is no such file here, or none for us.
  Result<bool> Poll(Deadline deadline, const SlowLogParser::Sink& sink);

  const std::string& path() const { return path_; }
  // Of what was given. Nothing before the first Poll.
  std::optional<std::vector<LogPosition>> Positions() const;

 private:
  std::string path_;
  LogFolder folder_;
  const SlowLogParser::Sink* sink_ = nullptr;  // while Poll runs
  SlowLogParser parser_;
};

}  // namespace erpnext
