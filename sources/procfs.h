// SPDX-License-Identifier: Apache-2.0
// Reads the kernel's figures below /proc. Parsers are pure and take the text of the file.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"

namespace erpnext {

// One line "MemTotal:  16384 kB" of /proc/meminfo.
struct MemInfoField {
  std::string name;  // as the kernel has it, e.g. "Active(anon)"
  double value = 0;  // bytes where the line has a unit, else the plain number
  bool is_bytes = false;
};
Result<std::vector<MemInfoField>> ParseMemInfo(std::string_view text);

// Names and numbers, as in /proc/vmstat; lines of another form are left out.
std::vector<std::pair<std::string, double>> ParseNameValueLines(std::string_view text);

// Seconds since boot that one processor spent in each mode. Guest time is contained in user and
// nice, as in the kernel's own file.
struct CpuTimes {
  std::string cpu;  // "0"
  double user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0;
  double guest = 0, guest_nice = 0;
};
struct KernelStat {
  std::vector<CpuTimes> cpus;
  std::optional<double> boot_time_unix;
  std::optional<double> interrupts, context_switches, forks;
  std::optional<double> processes_running, processes_blocked;
};
// `ticks_per_second` is sysconf(_SC_CLK_TCK).
Result<KernelStat> ParseKernelStat(std::string_view text, double ticks_per_second);

struct LoadAverage {
  double one = 0, five = 0, fifteen = 0;
};
Result<LoadAverage> ParseLoadAverage(std::string_view text);

// Stall time of one resource since boot, in seconds; "full" is absent for cpu on older kernels.
struct Pressure {
  std::optional<double> some, full;
};
Result<Pressure> ParsePressure(std::string_view text);

// One mounted file system of /proc/<pid>/mountinfo.
struct Mount {
  std::string device;      // the source column, e.g. "/dev/sda1"
  std::string mountpoint;  // blanks and the like unescaped
  std::string fstype;
  bool read_only = false;
};
// Only what can be read of it: a line of an unknown form is left out.
std::vector<Mount> ParseMountInfo(std::string_view text);

// What the process metrics need of /proc/self/stat.
struct ProcessStat {
  double parent = 0;  // process id
  double cpu_seconds = 0;
  double threads = 0;
  double start_ticks = 0;  // since boot
  double virtual_bytes = 0;
  double resident_pages = 0;
};
Result<ProcessStat> ParseProcessStat(std::string_view text, double ticks_per_second);

// Reads and parses below a proc folder, "/proc" but in tests and containers. Thread-safe.
class ProcFs {
 public:
  explicit ProcFs(std::string root) : root_(std::move(root)) {}

  // `name` is relative, e.g. "meminfo" or "pressure/io".
  Result<std::string> Read(std::string_view name) const;

 private:
  std::string root_;
};

}  // namespace erpnext
