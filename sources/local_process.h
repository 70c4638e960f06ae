// SPDX-License-Identifier: Apache-2.0
// Whether a process that somebody wrote down is still there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sources/procfs.h"

namespace erpnext {

struct LocalProcess {
  double started_unix = 0;
  // Its parent ended before it, and supervisor, which started it, does not watch it any more.
  bool orphaned = false;
};

// What became of a process that somebody wrote down.
struct ProcessSight {
  enum class Fate : std::uint8_t { kThere, kGone, kUnknown };

  Fate fate = Fate::kUnknown;
  std::optional<LocalProcess> process;  // when it is there and can be looked at
};

// Processes of this host, or of this container. Thread-safe.
class LocalProcesses {
 public:
  // `host_name` may be empty: this host's.
  LocalProcesses(const std::string& proc_path, const std::string& host_name);

  // The name by which workers of this host sign in Redis: socket.gethostname() in Python.
  const std::string& host_name() const { return host_name_; }

  // Gone when there is no process `pid`, or one that began after `born_unix` and so is another.
  // Unknown where /proc shows only one's own processes (hidepid).
  ProcessSight Look(std::int64_t pid, std::optional<double> born_unix) const;

 private:
  bool IsOrphan(std::int64_t pid, double parent) const;

  ProcFs proc_;
  std::string host_name_;
};

}  // namespace erpnext
