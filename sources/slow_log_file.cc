// SPDX-License-Identifier: Apache-2.0
// Debian's MariaDB keeps it as /var/log/mysql/mariadb-slow.log, which the group adm may read.
#include "sources/slow_log_file.h"

#include "sources/file.h"
#include "sources/mariadb_error.h"
#include "sources/mariadb_target.h"

namespace erpnext {
namespace {

constexpr std::string_view kVariables =
    "/* slow_log */ SELECT @@GLOBAL.slow_query_log, @@GLOBAL.log_output, "
    "@@GLOBAL.slow_query_log_file, @@GLOBAL.datadir LIMIT 1";

// With its last slash.
std::string Folder(const std::string& path) {
  return path.substr(0, path.size() - BaseName(path).size());
}

std::string Name(const std::string& path) { return std::string(BaseName(path)); }

}  // namespace

Result<std::optional<std::string>> SlowLogPath(MariadbServer& server, const MariadbOptions& options,
                                               Deadline deadline) {
  if (!IsOnThisHost(options.address)) return std::nullopt;
  const auto table = server.Query(kVariables, deadline);
  if (!table) {
    if (IsAbsent(table.error())) return std::nullopt;
    return Fail(table.error());
  }
  if (table->rows.size() != 1 || table->rows[0].size() != 4) return std::nullopt;
  const auto& row = table->rows[0];
  if (row[0] != "1" || row[1].value_or("").find("FILE") == std::string::npos) return std::nullopt;
  auto path = ServerFilePath(row[2].value_or(""), row[3].value_or(""));
  const auto name = path ? ParseLogName(BaseName(*path)) : std::nullopt;
  if (!name || name->rotation != 0) return std::nullopt;
  return path;
}

SlowLogFile::SlowLogFile(const std::string& path)
    : path_(path),
      folder_(Folder(path), Name(path)),
      parser_([this](const SlowStatement& statement) { (*sink_)(statement); }) {}

SlowLogFile::SlowLogFile(const std::string& path, const std::vector<LogPosition>& positions)
    : path_(path),
      folder_(Folder(path), positions, Name(path)),
      parser_([this](const SlowStatement& statement) { (*sink_)(statement); }) {}

Result<bool> SlowLogFile::Poll(Deadline deadline, const SlowLogParser::Sink& sink) {
  sink_ = &sink;
  const Status status = folder_.Poll(deadline, [&](std::string_view, std::string_view line) {
    parser_.Line(line, line.size() < LogFolder::kMaxLine);
  });
  // Without time to the end there are more lines.
  if (status && !deadline.Expired()) parser_.Pause();
  sink_ = nullptr;
  if (status) return !folder_.logs().empty();
  const ErrorKind kind = status.error().kind;
  if (kind == ErrorKind::kPermission || kind == ErrorKind::kUnavailable) return false;
  return Fail(status.error());
}

std::optional<std::vector<LogPosition>> SlowLogFile::Positions() const {
  if (!folder_.started()) return std::nullopt;
  return folder_.Positions();
}

}  // namespace erpnext
