// SPDX-License-Identifier: Apache-2.0
// Which files somebody holds a flock on, without trying the lock: who tries it takes it away from
// the one who wants it at that moment.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "sources/bench.h"

namespace erpnext {

// The kernel's list at one moment. It shows only the locks of processes in our process namespace
// and those below: a lock that is not in it may be held by another container.
class FileLocks {
 public:
  FileLocks() = default;  // none
  static Result<FileLocks> Read(const std::string& proc_path);
  static FileLocks Parse(std::string_view text);  // of /proc/locks

  // False when it is not known to be held, or when there is no such file.
  bool Holds(const std::string& path) const;

 private:
  struct Lock {
    std::uint64_t major = 0, minor = 0, inode = 0;
  };
  std::vector<Lock> locks_;
};

// True while `bench migrate` works on the site: since Frappe 15 it holds this lock. Whoever reads
// its tables then can hold up the change of a table.
bool IsMigrating(const FileLocks& locks, const Site& site);

}  // namespace erpnext
