// SPDX-License-Identifier: Apache-2.0
#include "sources/filesystem_usage.h"

#include <gtest/gtest.h>
#include <sys/statvfs.h>

#include <atomic>
#include <latch>

namespace erpnext {
namespace {

using namespace std::chrono_literals;

// What the threads share with the test, which they may outlive.
struct Shared {
  std::latch release{1};
  std::atomic<int> calls{0};
};

FilesystemStat StatThatHangsOn(const std::string& bad, const std::shared_ptr<Shared>& shared) {
  return FilesystemStat([=](const std::string& mountpoint) -> Result<FilesystemUsage> {
    ++shared->calls;
    if (mountpoint.starts_with(bad)) shared->release.wait();
    return FilesystemUsage{.size_bytes = 1};
  });
}

TEST(FilesystemStat, EqualsTheKernel) {
  FilesystemStat stat;
  const auto results = stat.Ask({"/", "/nosuch"}, Deadline::After(10s));
  ASSERT_EQ(2u, results.size());
  struct statvfs kernel {};
  ASSERT_EQ(0, statvfs("/", &kernel));
  ASSERT_TRUE(results[0]);
  EXPECT_EQ(static_cast<double>(kernel.f_blocks) * static_cast<double>(kernel.f_frsize),
            results[0]->size_bytes);
  EXPECT_EQ(static_cast<double>(kernel.f_files), results[0]->files);
  ASSERT_FALSE(results[1]);
  EXPECT_EQ(ErrorKind::kUnavailable, results[1].error().kind);
}

TEST(FilesystemStat, AHangingMountHoldsNobodyAndIsAskedOnce) {
  const auto shared = std::make_shared<Shared>();
  FilesystemStat stat = StatThatHangsOn("/bad", shared);
  for (int round = 0; round < 3; ++round) {
    const auto results = stat.Ask({"/a", "/bad", "/b"}, Deadline::After(100ms));
    EXPECT_TRUE(results[0]);
    ASSERT_FALSE(results[1]);
    EXPECT_EQ(ErrorKind::kTimeout, results[1].error().kind);
    EXPECT_TRUE(results[2]);
  }
  EXPECT_EQ(7, shared->calls);  // twice three times, and the bad one once

  shared->release.count_down();
  while (!stat.Ask({"/bad"}, Deadline::After(10s))[0]) std::this_thread::yield();
}

TEST(FilesystemStat, LeavesAtMostSixteenThreadsBehind) {
  const auto shared = std::make_shared<Shared>();
  FilesystemStat stat = StatThatHangsOn("/bad", shared);
  std::vector<std::string> mounts;
  for (int i = 0; i < 20; ++i) mounts.push_back("/bad" + std::to_string(i));
  for (int round = 0; round < 20; ++round) stat.Ask(mounts, Deadline::After(10ms));
  EXPECT_LE(shared->calls, 16);
  EXPECT_EQ(ErrorKind::kLimit, stat.Ask({"/good"}, Deadline::After(1s))[0].error().kind);
  shared->release.count_down();
  while (!stat.Ask({"/good"}, Deadline::After(10s))[0]) std::this_thread::yield();
}

}  // namespace
}  // namespace erpnext
