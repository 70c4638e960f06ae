// SPDX-License-Identifier: Apache-2.0
#include "sources/local_process.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

#include "core/testing/temp_folder.h"

namespace erpnext {
namespace {

using Fate = ProcessSight::Fate;

double Now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

TEST(LocalProcesses, SeesThisOneAndTheKernelsFigures) {
  const LocalProcesses processes("/proc", "");
  EXPECT_FALSE(processes.host_name().empty());
  EXPECT_EQ(Fate::kThere, processes.Look(getpid(), std::nullopt).fate);
  const auto sight = processes.Look(getpid(), Now());
  ASSERT_EQ(Fate::kThere, sight.fate);
  ASSERT_TRUE(sight.process);
  EXPECT_NEAR(Now(), sight.process->started_unix, 600);
  EXPECT_FALSE(sight.process->orphaned);
  EXPECT_EQ(Fate::kGone, processes.Look(getpid(), Now() - 86'400).fate)
      << "another had the number then";
}

TEST(LocalProcesses, OneThatHasEndedIsGone) {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  ASSERT_EQ(child, waitpid(child, nullptr, 0));
  EXPECT_EQ(Fate::kGone, LocalProcesses("/proc", "").Look(child, Now()).fate);
}

TEST(LocalProcesses, SaysNothingWhereThereIsNoProcOrNoneOfOthers) {
  EXPECT_EQ(Fate::kUnknown, LocalProcesses("/nonexistent", "").Look(77, Now()).fate);
}

TEST(LocalProcesses, OrphansOfSupervisorAreThoseOfItsControlGroup) {
  struct {
    const char* name;
    int parent;
    const char* group;
    bool orphaned;
  } const cases[] = {
      {"supervisor lives", 500, "0::/system.slice/supervisor.service\n", false},
      {"supervisor ended", 1, "0::/system.slice/supervisor.service\n", true},
      {"a unit of systemd", 1, "0::/system.slice/frappe-bench-workers@1.service\n", false},
      {"in a container", 1, "0::/\n", false},
  };
  TempFolder proc;
  proc.Write("stat", "cpu 0 0 0 0 0 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0\nbtime 1000\n");
  for (const auto& test : cases) {
    proc.Write(
        "77/stat",
        fmt::format("77 (a) b) S {} 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 500 1 1\n", test.parent));
    proc.Write("77/cgroup", test.group);
    const auto sight = LocalProcesses(proc.path(), "").Look(77, 2'000);
    ASSERT_TRUE(sight.process) << test.name;
    EXPECT_EQ(test.orphaned, sight.process->orphaned) << test.name;
  }
}

TEST(LocalProcesses, TheNameOfTheHostMayBeGiven) {
  EXPECT_EQ("erp1", LocalProcesses("/proc", "erp1").host_name());
}

}  // namespace
}  // namespace erpnext
