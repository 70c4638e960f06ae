// SPDX-License-Identifier: Apache-2.0
#include "collectors/logs/pattern_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace erpnext {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

std::vector<std::string> NamesOf(const PatternSet& set, std::string_view line) {
  std::vector<int> matched;
  set.Match(line, matched);
  std::vector<std::string> names;
  for (int index : matched) names.push_back(set.patterns()[static_cast<std::size_t>(index)].name);
  return names;
}

TEST(BundledPatterns, AreValidAndSorted) {
  const PatternSet set(BundledLogPatterns());
  EXPECT_TRUE(set.status());
  EXPECT_EQ(BundledLogPatterns(), set.patterns());
  EXPECT_TRUE(std::is_sorted(set.patterns().begin(), set.patterns().end(),
                             [](const auto& a, const auto& b) { return a.name < b.name; }));
}

// Lines as Frappe, RQ, gunicorn, PyMySQL and redis-py write them; "" for those of no concern.
TEST(BundledPatterns, MatchTheLinesTheyAreMeantFor) {
  struct {
    const char *line, *name;
  } const cases[] = {
      {"pymysql.err.OperationalError: (1040, 'Too many connections')", "database_connections"},
      {"OperationalError: (1203, \"User x already has more than 'max_user_connections'\")",
       "database_connections"},
      {"pymysql.err.OperationalError: (1213, 'Deadlock found when trying to get lock')",
       "database_deadlock"},
      {"frappe.exceptions.QueryDeadlockError: x", "database_deadlock"},
      {"OperationalError: (2003, \"Can't connect to MySQL server on '127.0.0.1' ([Errno 111]\")",
       "database_gone"},
      {"pymysql.err.OperationalError: (2006, \"MySQL server has gone away\")", "database_gone"},
      {"OperationalError: (2013, 'Lost connection to MySQL server during query')", "database_gone"},
      {"pymysql.err.InterfaceError: (0, '')", "database_gone"},
      {"OperationalError: (1205, 'Lock wait timeout exceeded; try')", "database_lock_timeout"},
      {"OSError: [Errno 28] No space left on device", "disk_full"},
      {"OperationalError: (1114, \"The table 'tabFile' is full\")", "disk_full"},
      {"Moving job to FailedJobRegistry (Work-horse terminated unexpectedly; waitpid returned 9)",
       "job_killed"},
      {"Work-horse was terminated unexpectedly (waitpid returned 9)", "job_killed"},
      {"Moved to FailedJobRegistry, due to AbandonedJobError, at x", "job_killed"},
      {"rq.timeouts.JobTimeoutException: Task exceeded maximum timeout value (300 seconds)",
       "job_timeout"},
      {"MemoryError", "out_of_memory"},
      {"[ERROR] Worker (pid:1240) was sent SIGKILL! Perhaps out of memory?", "out_of_memory"},
      {"# Can't save in background: fork: Cannot allocate memory", "out_of_memory"},
      {"redis.exceptions.ConnectionError: Error 111 connecting to 127.0.0.1:11000.",
       "redis_unavailable"},
      {"Could not connect to Redis instance: Error 111", "redis_unavailable"},
      {"MISCONF Redis is configured to save RDB snapshots", "redis_unavailable"},
      {"OperationalError: (1054, \"Unknown column 'x' in 'SELECT'\")", "schema_mismatch"},
      {"ProgrammingError: (1146, \"Table '_a.tabX' doesn't exist\")", "schema_mismatch"},
      {"ERROR scheduler Skipped queueing frappe.x because it was found in queue for s",
       "scheduler_skipped"},
      {"[CRITICAL] WORKER TIMEOUT (pid:1240)", "web_worker_timeout"},
      {"2025-02-05 10:00:00,123 home:short: Job OK (s::1)", ""},
      {"invoice (1205, see page 2) was paid", ""},
      {"Worker exiting (pid: 12)", ""},
      {"", ""},
  };
  const PatternSet set(BundledLogPatterns());
  for (const auto& test : cases) {
    const std::string name = test.name;
    EXPECT_EQ(name.empty() ? std::vector<std::string>{} : std::vector{name},
              NamesOf(set, test.line))
        << test.line;
  }
}

TEST(PatternSet, OneLineMayMatchSeveral) {
  const PatternSet set({{"a", "info", "x+"}, {"b", "info", "y"}, {"c", "info", "z"}});
  EXPECT_THAT(NamesOf(set, "yxx"), UnorderedElementsAre("a", "b"));
}

TEST(PatternSet, LinesAreBytes) {
  const PatternSet set({{"dot", "error", "^a.b$"}, {"nul", "error", R"(\x00)"}});
  EXPECT_THAT(NamesOf(set,
                      "a\xFF"
                      "b"),
              ElementsAre("dot"));
  EXPECT_THAT(NamesOf(set, std::string_view("x\0y", 3)), ElementsAre("nul"));
}

TEST(PatternSet, ABadPatternIsNamedWithItsPositionAndTheRestGoesOn) {
  struct {
    const char* what;
    LogPattern pattern;
    const char* message;
  } const cases[] = {
      {"unbalanced", {"bad", "error", "abc(def"}, "pattern bad: missing ): abc(def"},
      {"repetition", {"bad", "error", "abc**"}, "at byte 3: **"},
      {"look-ahead", {"bad", "error", "ab(?=c)"}, "at byte 2: (?="},
      {"escape", {"bad", "error", "ab\\q"}, "at byte 2: \\q"},
      {"too large", {"bad", "error", "(((x{900}){900}){900})"}, "pattern bad"},
      {"name", {"Bad-Name", "error", "x"}, "small letters"},
      {"no name", {"", "error", "x"}, "small letters"},
      {"long name", {std::string(65, 'a'), "error", "x"}, "small letters"},
      {"severity", {"bad", "fatal", "x"}, "pattern bad: severity"},
      {"twice", {"good", "error", "x"}, "pattern good: the name occurs twice"},
  };
  for (const auto& test : cases) {
    const PatternSet set({{"good", "error", "needle"}, test.pattern, {"other", "error", "hay"}});
    ASSERT_FALSE(set.status()) << test.what;
    EXPECT_EQ(ErrorKind::kMalformed, set.status().error().kind) << test.what;
    EXPECT_THAT(set.status().error().message, HasSubstr(test.message)) << test.what;
    EXPECT_THAT(NamesOf(set, "needle in the hay"), UnorderedElementsAre("good", "other"))
        << test.what;
  }
}

TEST(PatternSet, WithoutPatternsNothingMatches) {
  EXPECT_THAT(NamesOf(PatternSet({}), "x"), ElementsAre());
}

// The set's automaton has a limit; lines that would break it are matched pattern by pattern.
TEST(PatternSet, ManyPatternsThatNeedMuchMemoryStillMatch) {
  std::vector<LogPattern> patterns;
  for (int i = 0; i < 200; ++i) {
    patterns.push_back(
        {fmt::format("p{}", i), "error", fmt::format("[ab]{{{}}}c.*[xy]{{40}}z", i + 1)});
  }
  const PatternSet set(patterns);
  EXPECT_TRUE(set.status());
  std::string line;
  for (int i = 0; i < 20'000; ++i) line += "ab"[(i * i / 3) % 2];
  line += "c" + std::string(40, 'x') + "z";
  EXPECT_EQ(200u, NamesOf(set, line).size());
}

RC_GTEST_PROP(PatternSet, SetAndSinglePatternsAgreeOnAnyLine, (const std::string& noise)) {
  static const PatternSet set(BundledLogPatterns());
  for (const std::string& line : {noise, noise + "MemoryError" + noise}) {
    std::vector<std::string> singly;
    for (const LogPattern& pattern : BundledLogPatterns()) {
      re2::RE2::Options options;
      options.set_encoding(re2::RE2::Options::EncodingLatin1);
      if (re2::RE2::PartialMatch(line, re2::RE2(pattern.regex, options))) {
        singly.push_back(pattern.name);
      }
    }
    auto together = NamesOf(set, line);
    std::sort(together.begin(), together.end());
    RC_ASSERT(together == singly);
  }
}

}  // namespace
}  // namespace erpnext
