// SPDX-License-Identifier: Apache-2.0
#include "collectors/host/memory.h"

#include "collectors/testing/proc_tests.h"

namespace erpnext {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(MemoryCollector, PublishesTheFixture) { ExpectFixturePublished(kMemoryCollector); }

TEST(MemoryCollector, JunkIsMalformedAndHasNoSamples) {
  ExpectMalformed(kMemoryCollector, kProcJunk);
}

TEST(MemoryCollector, UnderstandsTheRealKernel) {
  EXPECT_TRUE(CollectFrom(kMemoryCollector, "/proc").status);
}

TEST(MemoryCollector, WithoutProcItIsUnavailable) {
  const Collected collected = CollectFrom(kMemoryCollector, "/nonexistent");
  EXPECT_EQ("unavailable", collected.Kind());
  EXPECT_EQ("", collected.text);
}

TEST(MemoryCollector, ABadMeminfoLeavesVmstatAlone) {
  TempFolder folder;
  std::filesystem::copy(kProcFixture, folder.path(), std::filesystem::copy_options::recursive);
  folder.Write("meminfo", "junk\n");
  const Collected collected = CollectFrom(kMemoryCollector, folder.path());
  EXPECT_EQ("malformed", collected.Kind());
  EXPECT_EQ("1", collected.Value("node_vmstat_oom_kill"));
}

TEST(MemoryCollector, TenThousandFieldsAndStrangeNamesStayBounded) {
  TempFolder folder;
  std::string meminfo;
  for (int i = 0; i < 20'000; ++i) meminfo += fmt::format("Field{}: {} kB\n", i, i);
  meminfo += "Bad-Name\xFF: 1 kB\n";
  folder.Write("meminfo", meminfo);
  folder.Write("vmstat", "oom_kill 1\noom_kill\xFF 1\npgfault x\n");
  const Collected collected = CollectFrom(kMemoryCollector, folder.path());
  EXPECT_TRUE(collected.status);
  EXPECT_EQ("10240", collected.Value("node_memory_Field10_bytes"));
  EXPECT_EQ(10'000u, collected.dropped.over_limit + collected.dropped.invalid_name - 2);
  EXPECT_EQ("1", collected.Value("node_vmstat_oom_kill"));
  EXPECT_THAT(collected.text, Not(HasSubstr("Bad")));
}

}  // namespace
}  // namespace erpnext
