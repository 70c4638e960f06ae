// SPDX-License-Identifier: Apache-2.0
// Polls: an inotify watch would slow the writers down and overflow when several files alternate.
#include "sources/log_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <tuple>

#include "core/text.h"
#include "sources/file.h"
#include "sources/unique_fd.h"

namespace erpnext {
namespace {

constexpr std::size_t kMaxFiles = 5'000;
constexpr std::size_t kHeadBytes = 256;
constexpr std::size_t kBlock = 256U << 10;
// A listing taken while another process renames may miss a file that is still there.
constexpr int kPollsUntilForgotten = 60;

UniqueFd OpenLog(const std::string& path) {
  constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW;
  UniqueFd fd(open(path.c_str(), kFlags | O_NOATIME));  // only the owner and root may
  if (!fd.valid() && errno == EPERM) fd = UniqueFd(open(path.c_str(), kFlags));
  return fd;
}

std::string ReadAt(int fd, std::uint64_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t used = 0;
  while (used < size) {
    const ssize_t got =
        pread(fd, bytes.data() + used, size - used, static_cast<off_t>(offset + used));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    used += static_cast<std::size_t>(got);
  }
  bytes.resize(used);
  return bytes;
}

void SetHead(int fd, std::uint64_t size, LogPosition& position) {
  const std::string head = ReadAt(fd, 0, std::min<std::uint64_t>(kHeadBytes, size));
  position.head_size = head.size();
  position.head_hash = StableHash(head);
}

bool SameHead(int fd, const LogPosition& position) {
  const std::string head = ReadAt(fd, 0, position.head_size);
  return head.size() == position.head_size && StableHash(head) == position.head_hash;
}

// The end of the last complete line, so that a line being written now is counted when it is done.
std::uint64_t EndOfLastLine(int fd, std::uint64_t size) {
  const std::uint64_t begin = size > LogFolder::kMaxLine ? size - LogFolder::kMaxLine : 0;
  const std::string tail = ReadAt(fd, begin, size - begin);
  const std::size_t newline = tail.rfind('\n');
  return newline == std::string::npos ? (begin == 0 ? 0 : size) : begin + newline + 1;
}

// Cuts what was read into lines and moves the position behind the last one that is complete.
class LineCutter {
 public:
  LineCutter(std::string_view log, LogPosition& position, const LogFolder::LineSink& sink)
      : log_(log), position_(position), sink_(sink) {}

  // False when the block holds no complete line and more bytes are needed.
  bool Cut(std::string_view block) {
    const std::uint64_t before = position_.offset;
    while (!block.empty()) {
      const std::size_t end = block.find('\n');
      if (end == std::string_view::npos) {
        CutLong(block);
        break;
      }
      if (!position_.in_long_line) sink_(log_, block.substr(0, std::min(end, LogFolder::kMaxLine)));
      position_.in_long_line = false;
      position_.offset += end + 1;
      block.remove_prefix(end + 1);
    }
    return position_.offset != before;
  }

 private:
  void CutLong(std::string_view rest) {
    if (!position_.in_long_line) {
      if (rest.size() < LogFolder::kMaxLine) return;
      sink_(log_, rest.substr(0, LogFolder::kMaxLine));
      position_.in_long_line = true;
    }
    position_.offset += rest.size();
  }

  std::string_view log_;
  LogPosition& position_;
  const LogFolder::LineSink& sink_;
};

}  // namespace

std::optional<LogName> ParseLogName(std::string_view name) {
  LogName parsed;
  const std::size_t dot = std::min(name.rfind('.'), name.size());
  if (const auto number = ParseNumber<unsigned>(name.substr(std::min(dot + 1, name.size())))) {
    parsed.rotation = *number;
    name = name.substr(0, dot);
  }
  if (name.size() <= 4 || !name.ends_with(".log")) return std::nullopt;
  parsed.log = name;
  return parsed;
}

namespace {

// As ParseLogName, for the one log `only`, which may end in anything ("host.err").
std::optional<LogName> NameOfOne(std::string_view name, std::string_view only) {
  if (!name.starts_with(only)) return std::nullopt;
  name.remove_prefix(only.size());
  if (name.empty()) return LogName{std::string(only), 0};
  const auto number = ParseNumber<unsigned>(name.substr(1));
  if (!name.starts_with('.') || !number) return std::nullopt;
  return LogName{std::string(only), *number};
}

}  // namespace

LogFolder::LogFolder(std::string path, const std::vector<LogPosition>& positions, std::string only)
    : path_(std::move(path)), only_(std::move(only)), first_poll_(false) {
  for (const LogPosition& position : positions) files_[position.inode] = {position, 0};
}

Result<std::vector<LogFolder::Found>> LogFolder::List() const {
  const auto entries = ListDirectory(path_, kMaxFiles);
  if (!entries) return Fail(entries.error());
  std::vector<Found> found;
  std::set<std::uint64_t> seen;  // a file renamed meanwhile can be listed under both names
  for (const DirectoryEntry& entry : *entries) {
    const auto name = only_.empty() ? ParseLogName(entry.name) : NameOfOne(entry.name, only_);
    if (!name || !entry.is_regular) continue;
    Found file{entry.name, name->log, name->rotation, 0, {}};
    struct statx status {};
    const std::string path = JoinPath(path_, entry.name);
    if (statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME,
              &status) != 0) {
      continue;  // gone since it was listed
    }
    file.size = status.stx_size;
    file.identity.inode = status.stx_ino;
    if ((status.stx_mask & STATX_BTIME) != 0) {
      file.identity.born_ns =
          std::int64_t{status.stx_btime.tv_sec} * 1'000'000'000 + status.stx_btime.tv_nsec;
    }
    if (seen.insert(status.stx_ino).second) found.push_back(std::move(file));
  }
  // Old files first: their lines are older.
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) {
    return std::tie(a.log, b.rotation) < std::tie(b.log, a.rotation);
  });
  return found;
}

Status LogFolder::Poll(Deadline deadline, const LineSink& sink) {
  const auto found = List();
  if (!found) return Fail(found.error());
  logs_.clear();
  for (const Found& file : *found) logs_.insert(file.log);
  for (auto& [inode, tracked] : files_) ++tracked.polls_unseen;
  Status status;
  for (const Found& file : *found) {
    // What was not looked at has neither vanished nor been seen.
    if (deadline.Expired()) return Fail(ErrorKind::kTimeout, "{}: more than can be read", path_);
    Status followed = Follow(file, deadline, sink);
    if (!followed && status) status = followed;
  }
  ForgetVanished();
  first_poll_ = false;
  return status;
}

Status LogFolder::Follow(const Found& found, Deadline deadline, const LineSink& sink) {
  const auto known = files_.find(found.identity.inode);
  if (known != files_.end()) {
    known->second.polls_unseen = 0;
    const LogPosition& position = known->second.position;
    if (position.offset == found.size && position.born_ns == found.identity.born_ns) return {};
  }
  const std::string path = JoinPath(path_, found.name);
  const UniqueFd fd = OpenLog(path);
  if (!fd.valid()) {
    if (errno == ENOENT || errno == ELOOP) return {};  // renamed or replaced since it was listed
    const Error error = FileError(errno, "open", path);
    // What it holds now is old when it can be read one day.
    if (first_poll_) {
      Tracked& unread = files_[found.identity.inode];
      unread.position = found.identity;
      unread.position.offset = found.size;
      unread.position.head_hash = StableHash("");  // of the nothing that is known of its head
    }
    return Fail(error);
  }
  struct stat status {};
  if (fstat(fd.get(), &status) != 0 || status.st_ino != found.identity.inode) return {};
  const auto size = static_cast<std::uint64_t>(status.st_size);

  Tracked& tracked = files_[found.identity.inode];
  LogPosition& position = tracked.position;
  const bool same = known != files_.end() && position.born_ns == found.identity.born_ns &&
                    size >= position.offset && SameHead(fd.get(), position);
  if (!same) {
    position = found.identity;
    if (first_poll_) position.offset = EndOfLastLine(fd.get(), size);
  }
  if (position.head_size < kHeadBytes) SetHead(fd.get(), size, position);

  LineCutter cutter(found.log, position, sink);
  while (position.offset < size && !deadline.Expired()) {
    const std::uint64_t wanted = std::min<std::uint64_t>(kBlock, size - position.offset);
    const std::string block = ReadAt(fd.get(), position.offset, wanted);
    if (block.empty() || !cutter.Cut(block)) break;
  }
  return {};
}

void LogFolder::ForgetVanished() {
  std::erase_if(files_,
                [](const auto& item) { return item.second.polls_unseen > kPollsUntilForgotten; });
}

std::vector<LogPosition> LogFolder::Positions() const {
  std::vector<LogPosition> positions;
  positions.reserve(files_.size());
  for (const auto& [inode, tracked] : files_) positions.push_back(tracked.position);
  return positions;
}

}  // namespace erpnext
