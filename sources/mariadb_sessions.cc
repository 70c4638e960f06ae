// SPDX-License-Identifier: Apache-2.0
// Shares the few sessions of one MariaDB server among all who ask it.
#include "sources/mariadb_client.h"

namespace erpnext {

Result<std::unique_ptr<MariadbClient>> MariadbSessions::Take(Deadline deadline) {
  std::unique_lock lock(mutex_);
  if (!freed_.wait_until(lock, deadline.at(), [&] { return out_ < kMaxSessions; })) {
    return Fail(ErrorKind::kTimeout, "MariaDB at {}: both sessions are busy",
                options_.address.Text());
  }
  ++out_;
  if (idle_.empty()) return std::make_unique<MariadbClient>(options_);
  auto client = std::move(idle_.back());
  idle_.pop_back();
  return client;
}

void MariadbSessions::PutBack(std::unique_ptr<MariadbClient> client) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(client));
  --out_;
  freed_.notify_one();
}

Result<MariadbTable> MariadbSessions::Query(std::string_view statement, Deadline deadline) {
  auto client = Take(deadline);
  if (!client) return Fail(client.error());
  auto table = (*client)->Query(statement, deadline);
  PutBack(std::move(*client));
  return table;
}

void MariadbSessions::CloseIdle() {
  const std::lock_guard lock(mutex_);
  // Not the clients themselves: they know when to try again after a failure.
  for (auto& client : idle_) client->Close();
}

}  // namespace erpnext
