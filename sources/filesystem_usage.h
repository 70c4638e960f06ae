// SPDX-License-Identifier: Apache-2.0
// Asks file systems how full they are, without ever being held by one that hangs.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/deadline.h"
#include "core/result.h"

namespace erpnext {

struct FilesystemUsage {
  double size_bytes = 0;
  double free_bytes = 0;
  double avail_bytes = 0;  // for users other than root
  double files = 0;
  double files_free = 0;
  bool read_only = false;
};

// statvfs on a dead network mount sleeps in the kernel and cannot be interrupted. Each call is made
// by a thread that nobody waits for beyond the deadline; a mount whose call has not returned is not
// asked again until it has. At most 16 such threads are left behind: with all of them stuck,
// mounts that were not asked yet answer limit.
// One caller at a time.
class FilesystemStat {
 public:
  using StatFunction = std::function<Result<FilesystemUsage>(const std::string& mountpoint)>;

  // Asks the kernel.
  FilesystemStat();
  explicit FilesystemStat(StatFunction stat);
  ~FilesystemStat();

  // One result for each mountpoint, in their order. Timeout for those that did not answer in time
  // or still hold a thread of an earlier call.
  std::vector<Result<FilesystemUsage>> Ask(const std::vector<std::string>& mountpoints,
                                           Deadline deadline);

 private:
  struct Call;

  StatFunction stat_;
  std::map<std::string, std::shared_ptr<Call>> stuck_;
};

}  // namespace erpnext
