// SPDX-License-Identifier: Apache-2.0
#include "collectors/host/pressure.h"

#include "collectors/testing/proc_tests.h"

namespace erpnext {
namespace {

TEST(PressureCollector, PublishesTheFixture) { ExpectFixturePublished(kPressureCollector); }

TEST(PressureCollector, JunkIsMalformedAndHasNoSamples) {
  ExpectMalformed(kPressureCollector, kProcJunk);
}

TEST(PressureCollector, UnderstandsTheRealKernel) {
  EXPECT_TRUE(CollectFrom(kPressureCollector, "/proc").status);
}

TEST(PressureCollector, AKernelWithoutItIsNoFailure) {
  const Collected collected = CollectFrom(kPressureCollector, "/nonexistent");
  EXPECT_TRUE(collected.status);
  EXPECT_EQ("", collected.text);
}

TEST(PressureCollector, ABadResourceLeavesTheOthersAlone) {
  TempFolder folder;
  std::filesystem::copy(kProcFixture, folder.path(), std::filesystem::copy_options::recursive);
  folder.Write("pressure/cpu", "junk\n");
  const Collected collected = CollectFrom(kPressureCollector, folder.path());
  EXPECT_EQ("malformed", collected.Kind());
  EXPECT_EQ("2", collected.Value("node_pressure_io_stalled_seconds_total"));
}

TEST(PressureCollector, AFolderInPlaceOfAFileIsAnError) {
  TempFolder folder;
  folder.MakeFolder("pressure/cpu");
  EXPECT_EQ("malformed", CollectFrom(kPressureCollector, folder.path()).Kind());
}

}  // namespace
}  // namespace erpnext
