// SPDX-License-Identifier: Apache-2.0
// Keeps small states over a reload, and, where there is a folder for it, over a restart.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "core/result.h"

namespace erpnext {

// One for the process. Thread-safe.
class StateStore {
 public:
  // `folder` may be empty: then states live as long as the process.
  explicit StateStore(std::string folder) : folder_(std::move(folder)) {}

  // The state last saved under `name`, or nothing. A file that cannot be read is an error, so
  // that the caller does not take it for a first start.
  Result<std::optional<std::string>> Load(const std::string& name);

  // Takes over what another store holds, which saves nothing from then on: for the collectors of a
  // new configuration, when those of the old one have ended, or hang and may still return.
  void TakeOver(StateStore& old);

  // Replaces the file in one step: whatever ends the process leaves the old or the new state. That
  // it is on the disk, too, is made sure of every half a minute: each time would cost the servers
  // that share the disk more than it is worth, for a crash of the whole host.
  Status Save(const std::string& name, std::string state);

 private:
  std::string folder_;
  std::mutex mutex_;
  bool closed_ = false;
  std::map<std::string, std::string> states_;
  std::map<std::string, std::chrono::steady_clock::time_point> synced_;  // last time, by name
};

}  // namespace erpnext
