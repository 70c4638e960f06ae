// SPDX-License-Identifier: Apache-2.0
#include "sources/procfs.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace erpnext {
namespace {

TEST(ProcFs, ParsesMemInfo) {
  const auto fields =
      ParseMemInfo("MemTotal:       24689764 kB\nActive(anon):  8 kB\nHugePages_Total:  3\n");
  ASSERT_TRUE(fields);
  ASSERT_EQ(3u, fields->size());
  EXPECT_EQ("MemTotal", (*fields)[0].name);
  EXPECT_EQ(24689764.0 * 1024, (*fields)[0].value);
  EXPECT_TRUE((*fields)[0].is_bytes);
  EXPECT_EQ("Active(anon)", (*fields)[1].name);
  EXPECT_FALSE((*fields)[2].is_bytes);
  EXPECT_EQ(3, (*fields)[2].value);
}

TEST(ProcFs, MemInfoOfAnotherFormIsMalformed) {
  for (const char* text :
       {"", "MemTotal 5 kB\n", "MemTotal: x kB\n", "MemTotal: 1 kB extra words\n"}) {
    EXPECT_FALSE(ParseMemInfo(text)) << text;
  }
}

TEST(ProcFs, ParsesKernelStat) {
  const auto stat = ParseKernelStat(
      "cpu  1 2 3 4 5 6 7 8 9 10\n"
      "cpu0 100 200 300 400 500 600 700 800 900 1000\n"
      "cpu1 1 2 3 4\n"
      "intr 12345 1 2 3\nctxt 77\nbtime 1795486460\nprocesses 8\nprocs_running 2\nprocs_blocked "
      "1\n",
      100);
  ASSERT_TRUE(stat);
  ASSERT_EQ(2u, stat->cpus.size());
  EXPECT_EQ("0", stat->cpus[0].cpu);
  EXPECT_EQ(1, stat->cpus[0].user);
  EXPECT_EQ(10, stat->cpus[0].guest_nice);
  EXPECT_EQ(0, stat->cpus[1].steal);  // an old kernel writes fewer columns
  EXPECT_EQ(12345, stat->interrupts);
  EXPECT_EQ(77, stat->context_switches);
  EXPECT_EQ(1795486460, stat->boot_time_unix);
  EXPECT_EQ(8, stat->forks);
  EXPECT_EQ(2, stat->processes_running);
  EXPECT_EQ(1, stat->processes_blocked);
  EXPECT_FALSE(ParseKernelStat("cpu0 a b\n", 100));
  EXPECT_FALSE(ParseKernelStat("", 100));
}

TEST(ProcFs, ParsesLoadAndPressure) {
  const auto load = ParseLoadAverage("0.50 1.25 2.00 3/456 7890\n");
  ASSERT_TRUE(load);
  EXPECT_EQ(0.5, load->one);
  EXPECT_EQ(2, load->fifteen);
  EXPECT_FALSE(ParseLoadAverage("0.50 x 2.00"));

  const auto both = ParsePressure(
      "some avg10=0.00 avg60=0.00 avg300=0.00 total=1500000\nfull avg10=0.00 avg60=0.00 "
      "avg300=0.00 total=500000\n");
  ASSERT_TRUE(both);
  EXPECT_EQ(1.5, both->some);
  EXPECT_EQ(0.5, both->full);
  EXPECT_EQ(std::nullopt, ParsePressure("some avg10=0.00 total=1\n")->full);
  EXPECT_FALSE(ParsePressure(""));
}

TEST(ProcFs, ParsesMountInfo) {
  const auto mounts = ParseMountInfo(
      "29 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,errors=remount-ro\n"
      "30 29 0:25 / /mnt/with\\040space ro,nosuid - nfs4 host:/export rw,vers=4.2\n"
      "31 29 0:26 / /odd\\0yz rw - tmpfs tmpfs rw\n"
      "a line without the dash\n"
      "32 29 0:27 / /short - \n");
  ASSERT_EQ(3u, mounts.size());
  EXPECT_EQ("/", mounts[0].mountpoint);
  EXPECT_EQ("/dev/vda", mounts[0].device);
  EXPECT_EQ("ext4", mounts[0].fstype);
  EXPECT_FALSE(mounts[0].read_only);
  EXPECT_EQ("/mnt/with space", mounts[1].mountpoint);
  EXPECT_TRUE(mounts[1].read_only);
  EXPECT_EQ("/odd\\0yz", mounts[2].mountpoint);
}

TEST(ProcFs, ParsesProcessStatWhateverTheNameIs) {
  const auto stat = ParseProcessStat(
      "42 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 150 50 13 14 15 16 4 18 999 123456 789 20 21\n", 100);
  ASSERT_TRUE(stat);
  EXPECT_EQ(2, stat->cpu_seconds);
  EXPECT_EQ(4, stat->threads);
  EXPECT_EQ(999, stat->start_ticks);
  EXPECT_EQ(123456, stat->virtual_bytes);
  EXPECT_EQ(789, stat->resident_pages);
  EXPECT_FALSE(ParseProcessStat("42 (x) S 1", 100));
  EXPECT_FALSE(ParseProcessStat("", 100));
}

RC_GTEST_PROP(ProcFs, ReadsEveryMemInfoBack, (const std::vector<std::uint32_t>& values)) {
  RC_PRE(!values.empty());
  std::string text;
  for (std::size_t i = 0; i < values.size(); ++i) {
    text += fmt::format("Field{}({}): {:>15}{}\n", i, i, values[i], i % 2 == 0 ? " kB" : "");
  }
  const auto fields = ParseMemInfo(text);
  RC_ASSERT(fields->size() == values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool in_kib = i % 2 == 0;
    RC_ASSERT((*fields)[i].name == fmt::format("Field{}({})", i, i));
    RC_ASSERT((*fields)[i].is_bytes == in_kib);
    RC_ASSERT((*fields)[i].value == values[i] * (in_kib ? 1024.0 : 1.0));
  }
}

// As the kernel's mangle_path writes names: blank, tab, newline and backslash in octal.
std::string Mangle(std::string_view name) {
  std::string mangled;
  for (const char c : name) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\\') {
      mangled += fmt::format("\\{:03o}", static_cast<unsigned>(c));
    } else {
      mangled.push_back(c);
    }
  }
  return mangled;
}

RC_GTEST_PROP(ProcFs, ReadsEveryMountBack, (const std::string& device, const std::string& point)) {
  RC_PRE(!device.empty());
  const auto mounts = ParseMountInfo(fmt::format(
      "36 25 8:1 / {} rw,relatime shared:1 - ext4 {} rw\n", Mangle("/" + point), Mangle(device)));
  RC_ASSERT(mounts.size() == 1u);
  RC_ASSERT(mounts[0].mountpoint == "/" + point);
  RC_ASSERT(mounts[0].device == device);
}

RC_GTEST_PROP(ProcFs, ParsersTakeAnyBytes, (const std::string& bytes)) {
  (void)ParseMemInfo(bytes).has_value();
  (void)ParseKernelStat(bytes, 100).has_value();
  (void)ParseLoadAverage(bytes).has_value();
  (void)ParsePressure(bytes).has_value();
  (void)ParseProcessStat(bytes, 100).has_value();
  ParseMountInfo(bytes);
  ParseNameValueLines(bytes);
}

}  // namespace
}  // namespace erpnext
