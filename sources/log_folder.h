// SPDX-License-Identifier: Apache-2.0
// Follows all logs of a folder through rotation by several writers, restarts and truncation.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/deadline.h"
#include "core/result.h"

namespace erpnext {

// How far one file was read, and by what it is known again: not by its name, which rotation
// changes, nor by the inode alone, which ext4 gives to the next file at once.
struct LogPosition {
  std::uint64_t inode = 0;
  std::int64_t born_ns = 0;     // 0: the file system does not tell
  std::uint64_t head_hash = 0;  // of the first head_size bytes
  std::uint64_t head_size = 0;
  std::uint64_t offset = 0;
  bool in_long_line = false;  // the rest of the line at `offset` is to be skipped

  friend bool operator==(const LogPosition&, const LogPosition&) = default;
};

// Frappe's loggers are Python RotatingFileHandlers, one in each process: when one process renames
// worker.log to worker.log.1, the others go on writing into worker.log.1. So every file
// "<name>.log" and "<name>.log.<n>" is followed to its end, whatever it is called now.
// One thread at a time.
class LogFolder {
 public:
  static constexpr std::size_t kMaxLine = 64U << 10;

  // `log` is the name without the number of a rotated file: "worker.log".
  using LineSink = std::function<void(std::string_view log, std::string_view line)>;

  // A folder seen for the first time is read from the ends of its files. `only` is the one log to
  // follow, whatever its name ends in; empty: all "*.log".
  explicit LogFolder(std::string path, std::string only = "")
      : path_(std::move(path)), only_(std::move(only)) {}
  // Goes on where an earlier object stopped; files it does not know are read from their beginning.
  LogFolder(std::string path, const std::vector<LogPosition>& positions, std::string only = "");

  // Gives each complete new line to `sink`, once. A line longer than kMaxLine is cut there. What
  // cannot be read until the deadline is left for the next call. Returns the first error; files
  // that can be read are read all the same.
  Status Poll(Deadline deadline, const LineSink& sink);

  std::vector<LogPosition> Positions() const;

  const std::string& path() const { return path_; }

  // False until all files were looked at once: only then its positions say what was there before.
  bool started() const { return !first_poll_; }

  // The logs that the last successful listing saw, whether they had lines or not.
  const std::set<std::string>& logs() const { return logs_; }

 private:
  struct Tracked {
    LogPosition position;
    int polls_unseen = 0;
  };
  struct Found {
    std::string name;
    std::string log;
    unsigned rotation = 0;  // 17 for worker.log.17
    std::uint64_t size = 0;
    LogPosition identity;
  };

  Result<std::vector<Found>> List() const;
  Status Follow(const Found& found, Deadline deadline, const LineSink& sink);
  void ForgetVanished();

  std::string path_;
  std::string only_;
  bool first_poll_ = true;
  std::set<std::string> logs_;
  std::map<std::uint64_t, Tracked> files_;  // by inode
};

struct LogName {
  std::string log;        // "worker.log" for "worker.log" and "worker.log.17"
  unsigned rotation = 0;  // 0 and 17
};

// Nothing for other names, those of compressed logs too.
std::optional<LogName> ParseLogName(std::string_view file_name);

}  // namespace erpnext
