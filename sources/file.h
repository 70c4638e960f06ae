// SPDX-License-Identifier: Apache-2.0
// Reads small files and folders that others write.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/result.h"

namespace erpnext {

// The error of a failed system call on `path`. Unavailable when nothing is there, permission when
// access is denied.
Error FileError(int error_number, std::string_view doing, std::string_view path);

// The whole of a regular file. Limit when it is larger than `limit` bytes, malformed when it is no
// regular file: a FIFO put in its place must not stop us. May block on a hung file system.
Result<std::string> ReadFile(const std::string& path, std::size_t limit);

// The end of a regular file: at most `limit` bytes, and from a whole line on when it is longer.
// Errors as those of ReadFile.
Result<std::string> ReadTail(const std::string& path, std::size_t limit);

struct DirectoryEntry {
  std::string name;
  bool is_directory = false;  // itself, not what a link points to
  bool is_symlink = false;
  bool is_regular = false;
};

// Without "." and "..", sorted by name. Limit when there are more than `limit` entries.
Result<std::vector<DirectoryEntry>> ListDirectory(const std::string& path, std::size_t limit);

// What changes when a file is replaced or written.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;

  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

// Follows links. Unavailable when there is no such file.
Result<FileStamp> StampOf(const std::string& path);

bool IsDirectory(const std::string& path);  // follows links; false when it cannot be told
bool Exists(const std::string& path);       // the same

// The path without links, "." and "..".
Result<std::string> RealPath(const std::string& path);

// "a/b" from "a" and "b"; one slash between, whatever the ends.
std::string JoinPath(std::string_view folder, std::string_view name);

// The part after the last slash.
std::string_view BaseName(std::string_view path);

}  // namespace erpnext
