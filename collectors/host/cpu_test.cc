// SPDX-License-Identifier: Apache-2.0
#include "collectors/host/cpu.h"

#include <unistd.h>

#include "collectors/testing/proc_tests.h"

namespace erpnext {
namespace {

TEST(CpuCollector, PublishesTheFixture) { ExpectFixturePublished(kCpuCollector); }

TEST(CpuCollector, JunkIsMalformedAndHasNoSamples) { ExpectMalformed(kCpuCollector, kProcJunk); }

TEST(CpuCollector, UnderstandsTheRealKernel) {
  EXPECT_TRUE(CollectFrom(kCpuCollector, "/proc").status);
}

TEST(CpuCollector, WithoutProcItIsUnavailable) {
  const Collected collected = CollectFrom(kCpuCollector, "/nonexistent");
  EXPECT_EQ("unavailable", collected.Kind());
  EXPECT_EQ("", collected.text);
}

TEST(CpuCollector, ABadStatLeavesTheLoadAlone) {
  TempFolder folder;
  std::filesystem::copy(kProcFixture, folder.path(), std::filesystem::copy_options::recursive);
  folder.Write("stat", "junk\n");
  const Collected collected = CollectFrom(kCpuCollector, folder.path());
  EXPECT_EQ("malformed", collected.Kind());
  EXPECT_EQ("0.52", collected.Value("node_load1"));
}

TEST(CpuCollector, CountersNeverFallButAProcessorMayBeginAnew) {
  TempFolder folder;
  CollectorContext context;
  context.settings.proc_path = folder.path();
  folder.Write("loadavg", "0 0 0\n");
  const auto collector = kCpuCollector.make(context);
  const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  struct {
    const char* name;
    double idle, user;
    std::string expected_idle, expected_user;
  } const steps[] = {
      {"first", 100, 50, "100", "50"},
      {"idle goes back a little", 98, 51, "100", "51"},
      {"and forward", 101, 52, "101", "52"},
      {"taken out and put in again", 1, 2, "1", "2"},
  };
  for (const auto& step : steps) {
    folder.Write("stat",
                 fmt::format("cpu0 {} 0 0 {} 0 0 0 0 0 0\n", step.user * ticks, step.idle * ticks));
    const Collected collected = Collect(kCpuCollector, *collector);
    EXPECT_EQ(step.expected_idle, collected.Value(R"(node_cpu_seconds_total{cpu="0",mode="idle"})"))
        << step.name;
    EXPECT_EQ(step.expected_user, collected.Value(R"(node_cpu_seconds_total{cpu="0",mode="user"})"))
        << step.name;
  }
}

}  // namespace
}  // namespace erpnext
