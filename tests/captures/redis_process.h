// SPDX-License-Identifier: Apache-2.0
// A redis-server that lives as long as a test.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "core/testing/temp_folder.h"

namespace erpnext {

// Listens on a unix socket in a folder of its own, and keeps nothing.
class RedisProcess {
 public:
  RedisProcess();
  ~RedisProcess();
  RedisProcess(const RedisProcess&) = delete;
  RedisProcess& operator=(const RedisProcess&) = delete;

  std::string url() const { return "unix://" + socket_; }

  // Sends commands as they are and waits until all have been answered. Throws when one failed.
  void Load(std::string_view resp);

 private:
  TempFolder folder_;
  std::string socket_;
  pid_t pid_ = -1;
};

}  // namespace erpnext
