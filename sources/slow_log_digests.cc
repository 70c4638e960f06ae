// SPDX-License-Identifier: Apache-2.0
#include "sources/slow_log_digests.h"

namespace erpnext {

Result<std::optional<std::vector<StatementDigest>>> SlowLogDigests::Read(
    MariadbServer& server, const MariadbOptions& options, Deadline deadline) {
  const auto path = SlowLogPath(server, options, deadline);
  if (!path) return Fail(path.error());
  if (!*path) return std::nullopt;
  if (!file_ || file_->path() != **path) {
    file_ = std::make_unique<SlowLogFile>(**path, std::vector<LogPosition>());
    known_.clear();
  }
  const auto is_there =
      file_->Poll(deadline, [this](const SlowStatement& statement) { Add(statement); });
  if (!is_there && is_there.error().kind != ErrorKind::kTimeout) return Fail(is_there.error());
  if (is_there && !*is_there) return std::nullopt;
  std::vector<StatementDigest> digests;
  digests.reserve(known_.size());
  for (const auto& [key, cost] : known_) digests.push_back({key.first, "", key.second, cost});
  return digests;
}

void SlowLogDigests::Add(const SlowStatement& statement) {
  if (statement.ours || statement.text.empty()) return;
  // What takes digests asks nothing of those whose end may be cut off.
  if (statement.text.size() >= StatementDigest::kMaxText) return;
  // Frappe logs in as a user of the schema's name.
  const std::string_view schema = statement.schema.empty() ? statement.user : statement.schema;
  if (known_.size() >= kMostKnown) {
    std::erase_if(known_, [](const auto& each) { return each.second.executions <= 1; });
  }
  const std::pair key(std::string(schema), std::string(statement.text));
  if (known_.size() < kMostKnown || known_.contains(key)) known_[key] += statement.cost;
}

}  // namespace erpnext
