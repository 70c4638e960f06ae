// SPDX-License-Identifier: Apache-2.0
#include "sources/file_locks.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "core/testing/temp_folder.h"
#include "sources/unique_fd.h"

namespace erpnext {
namespace {

struct stat StatOf(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(0, stat(path.c_str(), &info));
  return info;
}

std::string LineOf(const struct stat& info, std::string_view kind = "FLOCK",
                   std::string_view wait = "", std::uint64_t inode_offset = 0) {
  return fmt::format("1:{} {}  ADVISORY  WRITE 77 {:02x}:{:02x}:{} 0 EOF\n", wait, kind,
                     major(info.st_dev), minor(info.st_dev), info.st_ino + inode_offset);
}

TEST(FileLocks, AFileIsHeldWhenTheKernelListsAFlockOnIt) {
  TempFolder folder;
  folder.Write("lock", "");
  const std::string path = folder.path("lock");
  const struct stat info = StatOf(path);
  struct {
    std::string text;
    bool held;
  } const cases[] = {
      {LineOf(info), true},
      {"junk\n\n" + LineOf(info), true},
      {LineOf(info, "POSIX"), false},
      {LineOf(info, "FLOCK", " ->"), false},  // waits for it
      {LineOf(info, "FLOCK", "", 1), false},
      {"1: FLOCK ADVISORY WRITE 77 zz:00:1 0 EOF\n", false},
      {"1: FLOCK ADVISORY WRITE 77 00:1 0 EOF\n1: FLOCK\n", false},
      {"", false},
  };
  for (const auto& test : cases) {
    EXPECT_EQ(test.held, FileLocks::Parse(test.text).Holds(path)) << test.text;
  }
  EXPECT_FALSE(FileLocks::Parse(LineOf(info)).Holds(folder.path("none")));
}

TEST(FileLocks, AnotherDeviceHasTheSameNumbers) {
  TempFolder folder;
  folder.Write("lock", "");
  struct stat info = StatOf(folder.path("lock"));
  if (major(info.st_dev) == 0) GTEST_SKIP() << "this file system hides its device";
  info.st_dev = makedev(major(info.st_dev) + 1, minor(info.st_dev));
  EXPECT_FALSE(FileLocks::Parse(LineOf(info)).Holds(folder.path("lock")));
}

TEST(FileLocks, SeesTheLockOfAMigration) {
  TempFolder folder;
  folder.Write("s/locks/bench_migrate.lock", "");
  Site site;
  site.path = folder.path("s");
  const UniqueFd lock(open(folder.path("s/locks/bench_migrate.lock").c_str(), O_RDWR | O_CLOEXEC));
  EXPECT_FALSE(IsMigrating(FileLocks::Read("/proc").value(), site)) << "the file stays for ever";
  ASSERT_EQ(0, flock(lock.get(), LOCK_EX));
  EXPECT_TRUE(IsMigrating(FileLocks::Read("/proc").value(), site));
}

TEST(FileLocks, WithoutTheKernelsListNothingIsKnown) {
  const auto locks = FileLocks::Read("/nonexistent");
  ASSERT_FALSE(locks);
  EXPECT_EQ(ErrorKind::kUnavailable, locks.error().kind);
}

}  // namespace
}  // namespace erpnext
