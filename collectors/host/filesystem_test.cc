// SPDX-License-Identifier: Apache-2.0
#include "collectors/host/filesystem.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/statvfs.h>

#include "collectors/testing/collect.h"
#include "core/testing/temp_folder.h"

namespace erpnext {
namespace {

using testing::HasSubstr;
using testing::Not;

// Mount points are folders of the test: what the kernel says of them is the truth to compare with.
class FilesystemTest : public testing::Test {
 protected:
  FilesystemTest() { context_.settings.proc_path = folder_.path("proc"); }

  void WriteMounts(const std::string& text) { folder_.Write("proc/1/mountinfo", text); }
  Collected Run() { return CollectOnce(kFilesystemCollector, context_); }

  static std::string Series(std::string_view family, std::string_view device,
                            std::string_view mountpoint, std::string_view type) {
    return fmt::format(R"(node_filesystem_{}{{device="{}",mountpoint="{}",fstype="{}"}})", family,
                       device, mountpoint, type);
  }

  TempFolder folder_;
  CollectorContext context_;
};

TEST_F(FilesystemTest, PublishesWhatTheKernelSays) {
  folder_.MakeFolder("with blank");
  std::string escaped = folder_.path("with blank");
  escaped.replace(escaped.find(' '), 1, "\\040");
  WriteMounts("36 25 8:1 / " + escaped + " rw,relatime shared:1 - ext4 /dev/sda1 rw\n");
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  const std::string path = folder_.path("with blank");
  struct statvfs status {};
  ASSERT_EQ(0, statvfs(path.c_str(), &status));
  const auto unit = static_cast<double>(status.f_frsize);
  EXPECT_EQ(fmt::format("{}", static_cast<double>(status.f_blocks) * unit),
            collected.Value(Series("size_bytes", "/dev/sda1", path, "ext4")));
  EXPECT_EQ(fmt::format("{}", static_cast<double>(status.f_files)),
            collected.Value(Series("files", "/dev/sda1", path, "ext4")));
  EXPECT_NE("absent", collected.Value(Series("free_bytes", "/dev/sda1", path, "ext4")));
  EXPECT_NE("absent", collected.Value(Series("avail_bytes", "/dev/sda1", path, "ext4")));
  EXPECT_NE("absent", collected.Value(Series("files_free", "/dev/sda1", path, "ext4")));
  EXPECT_EQ("0", collected.Value(Series("readonly", "/dev/sda1", path, "ext4")));
  EXPECT_EQ("0", collected.Value(Series("device_error", "/dev/sda1", path, "ext4")));
}

// Numbers come from the kernel and differ from run to run: the golden file holds the file systems
// that do not answer, and with them names, kinds and labels.
TEST_F(FilesystemTest, AMountThatCannotBeAskedHasAnErrorAndNoNumbers) {
  WriteMounts(
      "36 25 8:1 / /nonexistent/a rw shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n"
      "37 25 8:2 / /nonexistent/b ro - xfs /dev/sdb1 rw\n"
      "38 25 8:2 / /nonexistent/c rw - xfs /dev/sdc1 ro\n");
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  ExpectGolden("filesystem", collected.text);
}

TEST_F(FilesystemTest, LeavesOutWhatIsExcludedAndCountsEachMountOnce) {
  const std::string own = folder_.path();
  WriteMounts("1 0 0:1 / /proc rw - proc proc rw\n2 0 0:2 / /run/x rw - tmpfs tmpfs rw\n" +
              fmt::format("3 0 0:3 / {0} rw - cgroup2 cgroup rw\n4 0 0:4 / {0} rw - ext4 d rw\n"
                          "5 0 0:4 / {0} rw - ext4 d rw\n6 0 0:5 / /sys/fs rw - ext4 d rw\n",
                          own));
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  EXPECT_THAT(collected.text, Not(HasSubstr("proc")));
  EXPECT_THAT(collected.text, Not(HasSubstr("cgroup")));
  EXPECT_THAT(collected.text, Not(HasSubstr("/sys")));
  EXPECT_EQ("0", collected.Value(Series("device_error", "d", own, "ext4")));
  EXPECT_EQ(0u, collected.dropped.duplicate);
}

TEST_F(FilesystemTest, ReadsItsOwnMountsWhereThoseOfProcess1CannotBeRead) {
  folder_.Write("proc/self/mountinfo", "4 0 0:4 / /nonexistent rw - ext4 d rw\n");
  EXPECT_EQ("1", Run().Value(Series("device_error", "d", "/nonexistent", "ext4")));
}

TEST_F(FilesystemTest, WithoutMountsThereAreNoSamples) {
  WriteMounts("");
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  EXPECT_EQ("", collected.text);
}

TEST_F(FilesystemTest, WithoutProcItFails) {
  const Collected collected = Run();
  EXPECT_EQ("unavailable", collected.Kind());
  EXPECT_EQ("", collected.text);
}

TEST_F(FilesystemTest, ABadExcludingExpressionIsNamed) {
  WriteMounts("");
  context_.settings.filesystem.fs_types_exclude = "(ext4";
  const Collected collected = Run();
  EXPECT_EQ("malformed", collected.Kind());
  EXPECT_THAT(collected.status.error().message, HasSubstr("missing )"));
}

TEST_F(FilesystemTest, TenThousandMountsAndAnyBytesAreTaken) {
  std::string mounts("\x00\xFF - \xFE\n1 2 3 - \n - - - \n", 22);
  for (int i = 0; i < 10'000; ++i) {
    mounts += fmt::format("{} 0 8:1 / /nonexistent/{}\xFF rw - ext4 d rw\n", i, i);
  }
  WriteMounts(mounts);
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  EXPECT_EQ("1",
            collected.Value(Series("device_error", "d", "/nonexistent/9\xEF\xBF\xBD", "ext4")));
}

}  // namespace
}  // namespace erpnext
