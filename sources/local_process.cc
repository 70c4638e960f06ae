// SPDX-License-Identifier: Apache-2.0
// Looks below /proc.
#include "sources/local_process.h"

#include <fmt/core.h>
#include <unistd.h>

#include <array>

namespace erpnext {
namespace {

// The kernel counts in ticks since boot, and its time of boot moves when the clock is set.
constexpr double kSlackSeconds = 60;

std::string OwnHostName() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

}  // namespace

LocalProcesses::LocalProcesses(const std::string& proc_path, const std::string& host_name)
    : proc_(proc_path), host_name_(host_name.empty() ? OwnHostName() : host_name) {}

// Under systemd itself, and in a container, process 1 is a proper parent. So the control group must
// be that of supervisor, which the process keeps when supervisor has ended.
bool LocalProcesses::IsOrphan(std::int64_t pid, double parent) const {
  if (parent != 1) return false;
  const auto groups = proc_.Read(fmt::format("{}/cgroup", pid));
  return groups && groups->find("/supervisor") != std::string::npos;
}

ProcessSight LocalProcesses::Look(std::int64_t pid, std::optional<double> born_unix) const {
  using Fate = ProcessSight::Fate;
  const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto text = proc_.Read(fmt::format("{}/stat", pid));
  if (!text) {
    // The first process is always there: who does not see it does not see those of others.
    const bool sees_others = proc_.Read("1/stat").has_value();
    const bool gone = text.error().kind == ErrorKind::kUnavailable && sees_others;
    return {gone ? Fate::kGone : Fate::kUnknown, std::nullopt};
  }
  const auto stat = ParseProcessStat(*text, ticks);
  const auto kernel_text = proc_.Read("stat");
  if (!stat || !kernel_text) return {Fate::kThere, std::nullopt};
  const auto kernel = ParseKernelStat(*kernel_text, ticks);
  if (!kernel || !kernel->boot_time_unix) return {Fate::kThere, std::nullopt};
  const double started = *kernel->boot_time_unix + stat->start_ticks / ticks;
  if (born_unix && started > *born_unix + kSlackSeconds) return {Fate::kGone, std::nullopt};
  return {Fate::kThere, LocalProcess{started, IsOrphan(pid, stat->parent)}};
}

}  // namespace erpnext
