// SPDX-License-Identifier: Apache-2.0
// Shares the two sessions of one MariaDB server among all who ask it.
#include "sources/mariadb_client.h"

namespace erpnext {

Status MariadbSessions::Take(Line& line, Deadline deadline) {
  std::unique_lock lock(mutex_);
  const std::uint64_t number = line.next_number++;
  line.waiting.insert(number);
  const bool taken = changed_.wait_until(
      lock, deadline.at(), [&] { return !line.at_work && *line.waiting.begin() == number; });
  line.waiting.erase(number);
  if (!taken) {
    changed_.notify_all();  // who comes after may be the first now
    return Fail(ErrorKind::kTimeout, "MariaDB at {}: busy with other statements of ours",
                line.client.options().address.Text());
  }
  line.at_work = true;
  return {};
}

void MariadbSessions::PutBack(Line& line) {
  const std::lock_guard lock(mutex_);
  line.at_work = false;
  changed_.notify_all();
}

Result<MariadbTable> MariadbSessions::Run(Line& line, std::string_view statement,
                                          Deadline deadline) {
  if (const Status taken = Take(line, deadline); !taken) return Fail(taken.error());
  auto table = line.client.Query(statement, deadline);
  PutBack(line);
  return table;
}

Result<MariadbTable> MariadbSessions::Query(std::string_view statement, Deadline deadline) {
  return Run(tables_, statement, deadline);
}

Result<MariadbTable> MariadbSessions::QueryMemory(std::string_view statement, Deadline deadline) {
  return Run(memory_, statement, deadline);
}

void MariadbSessions::CloseIdle() {
  const std::lock_guard lock(mutex_);
  // Not the clients themselves: they know when to try again after a failure.
  for (Line* line : {&memory_, &tables_}) {
    if (!line->at_work) line->client.Close();
  }
}

}  // namespace erpnext
