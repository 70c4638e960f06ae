// SPDX-License-Identifier: Apache-2.0
#include "sources/bench_processes.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/testing/temp_folder.h"

namespace erpnext {
namespace {

using namespace std::string_literals;

std::string Line(std::initializer_list<std::string_view> words) {
  std::string out;
  for (std::string_view word : words) out += std::string(word) + '\0';
  return out;
}

const std::string kSchedule =
    Line({"/b/env/bin/python", "-m", "frappe.utils.bench_helper", "frappe", "schedule"});
const std::string kRelative =
    Line({"../env/bin/python", "-m", "frappe.utils.bench_helper", "frappe", "schedule"});

TEST(ProcessList, TellsTheProgramsOfABench) {
  struct {
    std::string cmdline;
    const char* folder;
    bool any, scheduler;
  } const cases[] = {
      {kSchedule, "", true, true},
      {kRelative, "/b/sites", true, true},
      {kRelative, "", false, false},
      {kRelative, "/b2/sites", false, false},
      {Line({"/b/env/bin/python", "-m", "frappe.utils.bench_helper", "frappe", "worker", "--queue",
             "schedule"}),
       "", true, false},
      {Line({"/b/env/bin/python", "-m", "frappe.utils.bench_helper", "frappe"}), "", true, false},
      {Line({"/b/env/bin/python", "/b/env/bin/gunicorn", "frappe.app:application"}), "", true,
       false},
      {Line({"/usr/bin/python3", "/b/env/bin/gunicorn"}), "", true, false},
      {Line({"/b2/env/bin/python", "-m", "frappe.utils.bench_helper", "frappe", "schedule"}), "",
       false, false},
      {Line({"tail", "-f", "/b/env/bin/x"}), "", false, false},
      {Line({"vi", "schedule"}), "/b", false, false},
      {"", "", false, false},
      {std::string(100, '\0'), "", false, false},
  };
  for (const auto& test : cases) {
    ProcessList list;
    list.Add(test.cmdline, test.folder);
    EXPECT_EQ(test.any, list.Any("/b")) << test.cmdline;
    EXPECT_EQ(test.scheduler, list.Scheduler("/b")) << test.cmdline;
  }
}

TEST(ProcessList, ReadsTheFolderOfProcesses) {
  TempFolder proc;
  proc.Write("7/cmdline", kRelative);
  std::filesystem::create_directory_symlink("/b/sites", proc.path("7/cwd"));
  proc.Write("8/stat", "");  // has no command line any more
  proc.Write("self/cmdline", Line({"/c/env/bin/python"}));
  proc.Write("uptime", "1 2");
  const auto list = ProcessList::Read(proc.path(), Deadline::After(std::chrono::seconds(20)));
  ASSERT_TRUE(list);
  EXPECT_TRUE(list->Scheduler("/b"));
  EXPECT_FALSE(list->Any("/c"));
}

TEST(ProcessList, ErrorsHaveAKind) {
  EXPECT_EQ(
      ErrorKind::kUnavailable,
      ProcessList::Read("/nonexistent", Deadline::After(std::chrono::seconds(20))).error().kind);
  const auto late = ProcessList::Read("/proc", Deadline(Deadline::Clock::now()));
  EXPECT_EQ(ErrorKind::kTimeout, late.error().kind);
}

}  // namespace
}  // namespace erpnext
