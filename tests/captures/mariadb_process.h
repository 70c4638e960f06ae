// SPDX-License-Identifier: Apache-2.0
// A mariadbd that lives as long as a test.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/testing/temp_folder.h"
#include "sources/mariadb_client.h"

namespace erpnext {

// Listens on a unix socket in a folder of its own; who runs the test may do all.
class MariadbProcess {
 public:
  MariadbProcess();
  ~MariadbProcess();
  MariadbProcess(const MariadbProcess&) = delete;
  MariadbProcess& operator=(const MariadbProcess&) = delete;

  // A login that may do all, as collectors get one.
  Address address() const { return {socket_, "", 0}; }

  // Runs statements, as mysqldump writes them, in a new schema or the one that is there. Throws
  // when one fails.
  void Run(const std::string& schema, std::string_view sql);

 private:
  void Spawn(const std::vector<std::string>& words, const std::string& input, pid_t& pid);
  void RunToEnd(const std::vector<std::string>& words, const std::string& input = "/dev/null");

  TempFolder folder_;
  std::string socket_;
  pid_t pid_ = -1;
};

}  // namespace erpnext
