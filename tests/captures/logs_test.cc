// SPDX-License-Identifier: Apache-2.0
// Captured logs of real benches, through the log collector: lines and matches, counted again here
// by searching for plain texts.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "captures.h"
#include "collectors/logs/pattern_set.h"
#include "collectors/logs/patterns.h"
#include "collectors/testing/collect.h"
#include "core/text.h"

namespace erpnext {
namespace {

// For each bundled pattern the texts that Frappe, its libraries or its servers write, as far as
// they are in the captures: a line with one of them is what the pattern is meant for.
const std::map<std::string, std::vector<std::string>>& PlainTexts() {
  static const std::map<std::string, std::vector<std::string>> texts = {
      {"database_connections", {"(1040, ", "max_user_connections"}},
      {"database_deadlock", {"(1213, 'Deadlock found", "QueryDeadlockError"}},
      {"database_gone", {"(2002, ", "(2003, ", "(2006, ", "(2013, ", "InterfaceError: (0, ''"}},
      {"database_lock_timeout", {"(1205, 'Lock wait timeout", "QueryTimeoutError"}},
      {"disk_full", {"No space left on device", "isk full", "isk is full", "(1114, "}},
      {"job_killed",
       {"ork-horse terminated unexpectedly", "ork-horse was terminated unexpectedly",
        "AbandonedJobError"}},
      {"job_timeout", {"JobTimeoutException"}},
      {"out_of_memory",
       {"MemoryError", "Perhaps out of memory", "Cannot allocate memory", "OOM command"}},
      {"redis_unavailable",
       {"redis.exceptions.ConnectionError", "redis.exceptions.TimeoutError",
        "redis.exceptions.BusyLoadingError", "Could not connect to Redis", "MISCONF Redis"}},
      {"scheduler_skipped", {"Skipped queueing "}},
      {"schema_mismatch", {"(1054, \"Unknown column", "(1146, \"Table "}},
      {"web_worker_timeout", {"WORKER TIMEOUT (pid:"}},
  };
  return texts;
}

// Counted by hand with `grep -ac` over the bench's logs less monitor.json.log, which is left out;
// patterns that are not named match nothing.
// One failure often has two lines: the library's exception and Frappe's, or the `raise`.
const std::map<std::string, std::map<std::string, int>>& CountedByHand() {
  static const std::map<std::string, std::map<std::string, int>> counts = {
      {"frappe-v15",
       {{"database_deadlock", 3},
        {"database_lock_timeout", 3},
        {"job_killed", 4},
        {"job_timeout", 2},
        {"out_of_memory", 2},
        {"scheduler_skipped", 37},
        {"schema_mismatch", 3}}},
      {"frappe-v16dev",
       {{"database_deadlock", 3},
        {"database_lock_timeout", 3},
        {"job_killed", 2},
        {"job_timeout", 1},
        {"out_of_memory", 2},
        {"scheduler_skipped", 2016},
        {"schema_mismatch", 2}}},
  };
  return counts;
}

struct Counts {
  std::map<std::string, int> lines;    // by log
  std::map<std::string, int> matches;  // by pattern
};

// Without any code of the collector: names, lines and texts are taken apart here again.
void CountFile(const std::filesystem::path& file, Counts& counts) {
  std::string log = file.filename();
  while (std::isdigit(static_cast<unsigned char>(log.back())) != 0) log.pop_back();
  if (log.back() == '.') log.pop_back();
  const std::string text = ReadBytes(file);
  counts.lines[log] += static_cast<int>(std::count(text.begin(), text.end(), '\n'));
  if (log == "monitor.json.log") return;
  std::size_t begin = 0;
  for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    for (const auto& [pattern, texts] : PlainTexts()) {
      counts.matches[pattern] += std::any_of(texts.begin(), texts.end(), [&](const auto& plain) {
        return line.find(plain) != std::string_view::npos;
      });
    }
  }
}

TEST(CapturedLogs, LinesAndPatternsAreCountedRightly) {
  REQUIRE_CAPTURES();
  for (const auto& captured : CapturedBenches()) {
    const std::string bench_name = captured.filename();
    TempFolder folder;
    folder.MakeFolder("logs");
    Bench bench = MakeBench("b");
    bench.path = folder.path();
    CollectorContext context;
    Publish(context, {bench});
    const auto collector = kLogPatternsCollector.make(context);
    ASSERT_TRUE(Collect(kLogPatternsCollector, *collector).status);  // an empty folder so far

    Counts expected;
    for (const auto& file : FilesIn(captured / "logs")) {
      const std::string name = file.filename();
      if (!std::filesystem::is_regular_file(file)) continue;
      folder.Write("logs/" + name, ReadBytes(file));
      if (name.ends_with(".log") || name.find(".log.") != std::string::npos) {
        CountFile(file, expected);
      }
    }
    const Collected collected = Collect(kLogPatternsCollector, *collector);
    ASSERT_TRUE(collected.status);

    fmt::print("{}\n{:30}{:>10}{:>10}{:>10}\n", bench_name, "pattern", "by hand", "plain", "ours");
    std::set<std::string> known;
    for (const LogPattern& pattern : BundledLogPatterns()) {
      known.insert(pattern.name);
      const auto& by_hand = CountedByHand().at(bench_name);
      const auto found = by_hand.find(pattern.name);
      const std::string hand = std::to_string(found == by_hand.end() ? 0 : found->second);
      const std::string plain = std::to_string(expected.matches[pattern.name]);
      const std::string ours = collected.Value(fmt::format(
          R"(erpnext_log_pattern_matches_total{{bench="b",pattern="{}",severity="{}"}})",
          pattern.name, pattern.severity));
      fmt::print("{:30}{:>10}{:>10}{:>10}\n", pattern.name, hand, plain, ours);
      EXPECT_EQ(hand, ours) << bench_name << " " << pattern.name;
      EXPECT_EQ(plain, ours) << bench_name << " " << pattern.name;
      EXPECT_TRUE(PlainTexts().contains(pattern.name)) << pattern.name;
    }
    for (const auto& [log, lines] : expected.lines) {
      EXPECT_EQ(
          std::to_string(lines),
          collected.Value(fmt::format(R"(erpnext_log_lines_total{{bench="b",log="{}"}})", log)))
          << bench_name << " " << log;
    }
  }
}

}  // namespace
}  // namespace erpnext
