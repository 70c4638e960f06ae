// SPDX-License-Identifier: Apache-2.0
#include "sources/mariadb_server_log.h"

#include "sources/file.h"

namespace erpnext {

Result<bool> ServerLog::Poll(MariadbServer& server, const Address& address, Deadline deadline,
                             const LineSink& sink) {
  const auto path = ErrorLogPath(server, address, deadline.Share(2));
  if (!path && !folder_) return Fail(path.error());
  if (path && path->value_or("") != path_) {
    path_ = path->value_or("");
    folder_.reset();
    if (!path_.empty()) {
      const std::string_view name = BaseName(path_);
      folder_.emplace(path_.substr(0, path_.size() - name.size()), std::string(name));
    }
  }
  if (!folder_) return false;
  const Status status = folder_->Poll(
      deadline, [&](std::string_view, std::string_view line) { sink(ParseErrorLogLine(line)); });
  // Of a server in a container the path means nothing here; the group that may read it is told by
  // `discover`.
  const bool not_ours = !status && (status.error().kind == ErrorKind::kUnavailable ||
                                    status.error().kind == ErrorKind::kPermission);
  if (not_ours) return false;
  if (!status) return Fail(status.error());
  return !folder_->logs().empty();
}

}  // namespace erpnext
