// SPDX-License-Identifier: Apache-2.0
// States in memory and in files.
#include "sources/state_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "sources/file.h"
#include "sources/unique_fd.h"

namespace erpnext {
namespace {

constexpr std::size_t kMaxStateBytes = 16U << 20;
constexpr std::chrono::seconds kSyncInterval{30};

Status Write(const std::string& path, std::string_view bytes, bool sync) {
  const UniqueFd fd(
      open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) return Fail(FileError(errno, "create", path));
  while (!bytes.empty()) {
    const ssize_t written = write(fd.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Fail(FileError(errno, "write", path));
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (sync && fdatasync(fd.get()) != 0) return Fail(FileError(errno, "sync", path));
  return {};
}

}  // namespace

Result<std::optional<std::string>> StateStore::Load(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (const auto found = states_.find(name); found != states_.end()) return found->second;
  if (folder_.empty()) return std::nullopt;
  auto text = ReadFile(JoinPath(folder_, name), kMaxStateBytes);
  if (text) return std::optional(std::move(*text));
  if (text.error().kind == ErrorKind::kUnavailable) return std::nullopt;
  return Fail(text.error());
}

void StateStore::TakeOver(StateStore& old) {
  const std::scoped_lock lock(mutex_, old.mutex_);
  old.closed_ = true;
  states_ = std::move(old.states_);
}

Status StateStore::Save(const std::string& name, std::string state) {
  const std::lock_guard lock(mutex_);
  if (closed_) return Fail(ErrorKind::kUnavailable, "replaced by a newer configuration");
  const std::string& kept = states_[name] = std::move(state);
  if (folder_.empty()) return {};
  const std::string path = JoinPath(folder_, name);
  const std::string fresh = path + ".new";
  const auto now = std::chrono::steady_clock::now();
  const auto synced = synced_.find(name);
  const bool sync = synced == synced_.end() || now - synced->second >= kSyncInterval;
  if (Status status = Write(fresh, kept, sync); !status) return status;
  if (sync) synced_[name] = now;
  if (std::rename(fresh.c_str(), path.c_str()) != 0) return Fail(FileError(errno, "rename", fresh));
  return {};
}

}  // namespace erpnext
