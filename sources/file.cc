// SPDX-License-Identifier: Apache-2.0
// Small files and folders.
#include "sources/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <system_error>

#include "sources/unique_fd.h"

namespace erpnext {
namespace {

ErrorKind KindOf(int error_number) {
  switch (error_number) {
    case EACCES:
    case EPERM: return ErrorKind::kPermission;
    case ELOOP:
    case ENAMETOOLONG:
    case EISDIR:
    case ENOTDIR: return ErrorKind::kMalformed;
    case EMFILE:
    case ENFILE:
    case ENOMEM: return ErrorKind::kLimit;
    default: return ErrorKind::kUnavailable;
  }
}

std::int64_t Nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

bool HasType(const DIR* folder, const dirent& entry, unsigned char type, mode_t mode) {
  if (entry.d_type != DT_UNKNOWN) return entry.d_type == type;
  struct stat status {};  // some file systems do not fill d_type
  return fstatat(dirfd(const_cast<DIR*>(folder)), entry.d_name, &status, AT_SYMLINK_NOFOLLOW) ==
             0 &&
         (status.st_mode & S_IFMT) == mode;
}

Result<UniqueFd> OpenRegular(const std::string& path, struct stat& status) {
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.valid()) return Fail(FileError(errno, "open", path));
  if (fstat(fd.get(), &status) != 0) return Fail(FileError(errno, "stat", path));
  if (!S_ISREG(status.st_mode)) return Fail(ErrorKind::kMalformed, "{}: not a regular file", path);
  return fd;
}

// From where `fd` stands. Files below /proc say that their size is 0: read until the end instead
// of that size.
Result<std::string> ReadAll(int fd, const std::string& path, std::size_t limit) {
  std::string text;
  std::size_t used = 0;
  for (;;) {
    if (used == text.size())
      text.resize(std::min(std::max<std::size_t>(4096, used * 2), limit + 1));
    const ssize_t got = read(fd, text.data() + used, text.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Fail(FileError(errno, "read", path));
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
    if (used > limit) {
      return Fail(ErrorKind::kLimit, "{}: larger than the {} bytes that are read", path, limit);
    }
  }
  text.resize(used);
  return text;
}

}  // namespace

Error FileError(int error_number, std::string_view doing, std::string_view path) {
  return {KindOf(error_number),
          fmt::format("{} {}: {}", doing, path, std::generic_category().message(error_number))};
}

Result<std::string> ReadFile(const std::string& path, std::size_t limit) {
  struct stat status {};
  const auto fd = OpenRegular(path, status);
  if (!fd) return Fail(fd.error());
  return ReadAll(fd->get(), path, limit);
}

Result<std::string> ReadTail(const std::string& path, std::size_t limit) {
  struct stat status {};
  const auto fd = OpenRegular(path, status);
  if (!fd) return Fail(fd.error());
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > limit) lseek(fd->get(), static_cast<off_t>(size - limit), SEEK_SET);
  // Who writes meanwhile makes it longer.
  constexpr std::size_t kGrowth = 16U << 20;
  auto text = ReadAll(fd->get(), path, limit + kGrowth);
  if (text && size > limit) text->erase(0, std::min(text->find('\n'), text->size() - 1) + 1);
  return text;
}

Result<std::vector<DirectoryEntry>> ListDirectory(const std::string& path, std::size_t limit) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(path.c_str()), closedir);
  if (!folder) return Fail(FileError(errno, "open", path));
  std::vector<DirectoryEntry> entries;
  for (;;) {
    errno = 0;
    const dirent* entry = readdir(folder.get());
    if (entry == nullptr) break;
    if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) continue;
    if (entries.size() == limit) {
      return Fail(ErrorKind::kLimit, "{}: more than the {} entries that are read", path, limit);
    }
    entries.push_back({entry->d_name, HasType(folder.get(), *entry, DT_DIR, S_IFDIR),
                       HasType(folder.get(), *entry, DT_LNK, S_IFLNK),
                       HasType(folder.get(), *entry, DT_REG, S_IFREG)});
  }
  if (errno != 0) return Fail(FileError(errno, "read", path));
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return entries;
}

Result<FileStamp> StampOf(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return Fail(FileError(errno, "stat", path));
  return FileStamp{status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
                   Nanoseconds(status.st_mtim)};
}

bool IsDirectory(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

bool Exists(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0;
}

Result<std::string> RealPath(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(realpath(path.c_str(), nullptr), std::free);
  if (!real) return Fail(FileError(errno, "resolve", path));
  return std::string(real.get());
}

std::string JoinPath(std::string_view folder, std::string_view name) {
  while (folder.size() > 1 && folder.ends_with('/')) folder.remove_suffix(1);
  while (name.starts_with('/')) name.remove_prefix(1);
  std::string path(folder);
  if (!path.ends_with('/')) path.push_back('/');
  path.append(name);
  return path;
}

std::string_view BaseName(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path.substr(path.rfind('/') + 1);
}

}  // namespace erpnext
