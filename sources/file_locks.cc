// SPDX-License-Identifier: Apache-2.0
// Reads /proc/locks, see proc_locks(5).
#include "sources/file_locks.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "core/text.h"
#include "sources/file.h"

namespace erpnext {
namespace {

constexpr std::size_t kMaxBytes = 4U << 20;

std::optional<std::uint64_t> Hex(std::string_view text) {
  std::uint64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

FileLocks FileLocks::Parse(std::string_view text) {
  FileLocks locks;
  while (const auto line = NextLine(text)) {
    // "1: FLOCK  ADVISORY  WRITE 2231 fd:00:1234 0 EOF". One that waits has "->" after the number.
    const auto words = SplitBlanks(*line);
    if (words.size() < 6 || words[1] != "FLOCK") continue;
    const auto parts = Split(words[5], ':');
    if (parts.size() != 3) continue;
    const auto major = Hex(parts[0]);
    const auto minor = Hex(parts[1]);
    const auto inode = ParseNumber<std::uint64_t>(parts[2]);
    if (major && minor && inode) locks.locks_.push_back({*major, *minor, *inode});
  }
  return locks;
}

Result<FileLocks> FileLocks::Read(const std::string& proc_path) {
  const auto text = ReadFile(JoinPath(proc_path, "locks"), kMaxBytes);
  if (!text) return Fail(text.error());
  return Parse(*text);
}

bool FileLocks::Holds(const std::string& path) const {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return false;
  const std::uint64_t device_major = major(info.st_dev);
  const std::uint64_t device_minor = minor(info.st_dev);
  return std::any_of(locks_.begin(), locks_.end(), [&](const Lock& lock) {
    if (lock.inode != info.st_ino) return false;
    // btrfs and overlay file systems tell stat(2) another device than the kernel keeps: major 0.
    return device_major == 0 || (lock.major == device_major && lock.minor == device_minor);
  });
}

bool IsMigrating(const FileLocks& locks, const Site& site) {
  return locks.Holds(JoinPath(site.path, "locks/bench_migrate.lock"));
}

}  // namespace erpnext
