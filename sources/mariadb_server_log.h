// SPDX-License-Identifier: Apache-2.0
// Follows the error log of one MariaDB server.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/deadline.h"
#include "core/result.h"
#include "sources/log_folder.h"
#include "sources/mariadb_client.h"
#include "sources/mariadb_error_log.h"

namespace erpnext {

// One thread at a time.
class ServerLog {
 public:
  using LineSink = std::function<void(const ErrorLogLine&)>;

  // Gives each line written since the last call to `sink`; the first call only finds the end. True
  // when there is a log that we may read: false when the server writes none or is on another host.
  // While the server does not answer, the log that it wrote last is read: it tells why.
  Result<bool> Poll(MariadbServer& server, const Address& address, Deadline deadline,
                    const LineSink& sink);

 private:
  std::string path_;
  std::optional<LogFolder> folder_;
};

}  // namespace erpnext
