// SPDX-License-Identifier: Apache-2.0
// Which programs of a bench run, by their command lines.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/deadline.h"
#include "core/result.h"

namespace erpnext {

// The processes that we can see at one moment: those of our process namespace and, under the
// mount option hidepid, only our own.
class ProcessList {
 public:
  // Of processes whose command line says nothing of Frappe only that is kept.
  static Result<ProcessList> Read(const std::string& proc_path, Deadline deadline);

  // `cmdline` as the kernel gives it, words ended by NUL; `folder` is where it works, empty when
  // that cannot be seen.
  void Add(std::string_view cmdline, std::string_view folder);

  // Any program of the bench's Python environment.
  bool Any(std::string_view bench_path) const;
  // `bench schedule`, as supervisor, systemd and honcho start it.
  bool Scheduler(std::string_view bench_path) const;

 private:
  struct Process {
    std::vector<std::string> words;
    std::string folder;
  };
  static bool BelongsTo(const Process& process, std::string_view bench_path);

  std::vector<Process> processes_;
};

}  // namespace erpnext
