// SPDX-License-Identifier: Apache-2.0
// statvfs on threads of its own.
#include "sources/filesystem_usage.h"

#include <sys/statvfs.h>

#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "sources/file.h"

namespace erpnext {
namespace {

constexpr std::size_t kMaxStuck = 16;

Result<FilesystemUsage> AskKernel(const std::string& mountpoint) {
  struct statvfs status {};
  if (statvfs(mountpoint.c_str(), &status) != 0) {
    return Fail(FileError(errno, "statvfs", mountpoint));
  }
  const auto unit = static_cast<double>(status.f_frsize != 0 ? status.f_frsize : status.f_bsize);
  return FilesystemUsage{
      static_cast<double>(status.f_blocks) * unit, static_cast<double>(status.f_bfree) * unit,
      static_cast<double>(status.f_bavail) * unit, static_cast<double>(status.f_files),
      static_cast<double>(status.f_ffree),         (status.f_flag & ST_RDONLY) != 0};
}

}  // namespace

// Shared by the caller and the thread that works through its mountpoints; whoever is last frees it.
struct FilesystemStat::Call {
  explicit Call(std::vector<std::string> points)
      : mountpoints(std::move(points)), results(mountpoints.size()) {}

  // The thread's work. Stops after the mountpoint at hand once the caller has given up on it.
  void Run(const StatFunction& stat) {
    for (std::size_t i = 0; i < mountpoints.size(); ++i) {
      {
        const std::lock_guard lock(mutex);
        if (abandoned) break;
      }
      Result<FilesystemUsage> result = stat(mountpoints[i]);
      const std::lock_guard lock(mutex);
      results[i] = std::move(result);
      ++answered;
      progressed.notify_all();
    }
    const std::lock_guard lock(mutex);
    ended = true;
    progressed.notify_all();
  }

  bool Ended() {
    const std::lock_guard lock(mutex);
    return ended;
  }

  const std::vector<std::string> mountpoints;
  std::mutex mutex;
  std::condition_variable progressed;
  std::vector<std::optional<Result<FilesystemUsage>>> results;
  std::size_t answered = 0;
  bool abandoned = false;
  bool ended = false;
};

FilesystemStat::FilesystemStat() : FilesystemStat(AskKernel) {}
FilesystemStat::FilesystemStat(StatFunction stat) : stat_(std::move(stat)) {}
FilesystemStat::~FilesystemStat() = default;

std::vector<Result<FilesystemUsage>> FilesystemStat::Ask(
    const std::vector<std::string>& mountpoints, Deadline deadline) {
  std::erase_if(stuck_, [](const auto& item) { return item.second->Ended(); });
  std::map<std::string, Result<FilesystemUsage>> answers;
  std::vector<std::string> waiting;
  for (const std::string& mountpoint : mountpoints) {
    if (stuck_.contains(mountpoint)) {
      answers.emplace(mountpoint, Fail(ErrorKind::kTimeout, "{}: still no answer", mountpoint));
    } else {
      waiting.push_back(mountpoint);
    }
  }
  // One thread asks all; when one mountpoint does not answer within its share of the time, the
  // thread is left with it and another one goes on with the rest.
  while (!waiting.empty()) {
    if (stuck_.size() >= kMaxStuck || deadline.Expired()) {
      for (const std::string& mountpoint : waiting) {
        answers.emplace(mountpoint,
                        Fail(deadline.Expired() ? ErrorKind::kTimeout : ErrorKind::kLimit,
                             "{}: not asked, others hang", mountpoint));
      }
      break;
    }
    const auto call = std::make_shared<Call>(waiting);
    std::thread([call, stat = stat_] { call->Run(stat); }).detach();

    std::unique_lock lock(call->mutex);
    std::size_t seen = 0;
    for (;;) {
      const auto patience = Deadline::Clock::now() + deadline.Remaining() / 2;
      const bool progressed = call->progressed.wait_until(
          lock, patience, [&] { return call->ended || call->answered > seen; });
      seen = call->answered;
      if (!progressed || call->ended) break;
    }
    call->abandoned = true;
    for (std::size_t i = 0; i < seen; ++i) answers.emplace(waiting[i], *call->results[i]);
    if (seen < waiting.size()) {
      answers.emplace(waiting[seen], Fail(ErrorKind::kTimeout, "{}: no answer", waiting[seen]));
      stuck_[waiting[seen]] = call;
      ++seen;
    }
    lock.unlock();
    waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(seen));
  }
  std::vector<Result<FilesystemUsage>> ordered;
  ordered.reserve(mountpoints.size());
  for (const std::string& mountpoint : mountpoints) ordered.push_back(answers.at(mountpoint));
  return ordered;
}

}  // namespace erpnext
