// SPDX-License-Identifier: Apache-2.0
#include "collectors/logs/patterns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "collectors/logs/pattern_set.h"
#include "collectors/testing/collect.h"
#include "core/testing/temp_folder.h"

namespace erpnext {
namespace {

using namespace std::string_literals;

using testing::HasSubstr;
using testing::Not;

class LogPatternsTest : public testing::Test {
 protected:
  LogPatternsTest() {
    folder_.MakeFolder("bench/logs");
    folder_.MakeFolder("state");
    bench_.path = folder_.path("bench");
    Publish(context_, {bench_});
    Restart();
  }

  void Log(const std::string& name, std::string_view text) {
    folder_.Append("bench/logs/" + name, text);
  }
  Collected Run() {
    if (!collector_) collector_ = kLogPatternsCollector.make(context_);
    return Collect(kLogPatternsCollector, *collector_);
  }
  // As a new process finds it: only what is in the state folder.
  void Restart() {
    context_.state = std::make_shared<StateStore>(folder_.path("state"));
    collector_.reset();
  }
  // A configuration was loaded: a new collector in the same process.
  void Reload() { collector_.reset(); }

  static std::string Lines(std::string_view log, std::string_view bench = "b") {
    return fmt::format(R"(erpnext_log_lines_total{{bench="{}",log="{}"}})", bench, log);
  }
  static std::string Matches(std::string_view pattern, std::string_view severity) {
    return fmt::format(
        R"(erpnext_log_pattern_matches_total{{bench="b",pattern="{}",severity="{}"}})", pattern,
        severity);
  }
  const std::string killed_ = Matches("job_killed", "error");

  TempFolder folder_;
  CollectorContext context_;
  Bench bench_ = MakeBench("b");
  std::unique_ptr<Collector> collector_;
};

TEST_F(LogPatternsTest, CountsNewLinesAndMatches) {
  Log("worker.log", "old: AbandonedJobError\n");
  Log("monitor.json.log", "");
  Run();
  Log("worker.log",
      "2025-02-05 10:00:00,123 Job OK\nWork-horse terminated unexpectedly\n"
      "MemoryError: (1213, 'Deadlock found'\n");
  Log("web.error.log", "[CRITICAL] WORKER TIMEOUT (pid:1)\n");
  Log("monitor.json.log", "{\"exc\": \"MemoryError\"}\n");
  Log("notes.txt", "MemoryError\n");
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  ExpectGolden("log_patterns", collected.text);
}

TEST_F(LogPatternsTest, SaysNothingWithoutBenches) {
  Publish(context_, {});
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  EXPECT_EQ("", collected.text);
}

TEST_F(LogPatternsTest, AFolderThatIsNotThereIsNoFailure) {
  folder_.Remove("bench/logs");
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  EXPECT_EQ("0", collected.Value(killed_));
}

TEST_F(LogPatternsTest, AFileInPlaceOfTheFolderIsAnError) {
  folder_.Remove("bench/logs");
  folder_.Write("bench/logs", "no folder");
  EXPECT_EQ("malformed", Run().Kind());
}

TEST_F(LogPatternsTest, AKnownLogAndAnyPatternBeginAtZero) {
  Log("worker.log", "before the first look\n");
  const Collected collected = Run();
  EXPECT_EQ("0", collected.Value(Lines("worker.log")));
  for (const LogPattern& pattern : BundledLogPatterns()) {
    EXPECT_EQ("0", collected.Value(Matches(pattern.name, pattern.severity))) << pattern.name;
  }
}

TEST_F(LogPatternsTest, CountersGoOnAfterARestart) {
  Run();
  Log("worker.log", "AbandonedJobError\n");
  EXPECT_EQ("1", Run().Value(killed_));
  Restart();
  EXPECT_EQ("1", Run().Value(killed_)) << "nothing is counted twice";
  Restart();
  Log("worker.log", "AbandonedJobError\nAbandonedJobError\n");
  const Collected collected = Run();
  EXPECT_EQ("3", collected.Value(killed_)) << "what was written meanwhile is counted";
  EXPECT_EQ("3", collected.Value(Lines("worker.log")));
}

TEST_F(LogPatternsTest, RotationAndRemovedLogsLoseNothing) {
  Run();
  Log("worker.log", "AbandonedJobError\n");
  Run();
  Log("worker.log", "AbandonedJobError\n");
  folder_.Rename("bench/logs/worker.log", "bench/logs/worker.log.1");
  Log("worker.log", "AbandonedJobError\n");
  EXPECT_EQ("3", Run().Value(killed_));
  folder_.Remove("bench/logs/worker.log");
  folder_.Remove("bench/logs/worker.log.1");
  EXPECT_EQ("3", Run().Value(Lines("worker.log"))) << "counters never fall";
}

TEST_F(LogPatternsTest, APatternThatIsTakenOutAndComesBackGoesOnCounting) {
  const std::string own = Matches("own", "warning");
  Run();
  for (int i = 1; i <= 3; ++i) {
    context_.settings.logs.patterns = {{"own", "warning", "strange"}};
    Reload();
    Log("app.log", "something strange\n");
    EXPECT_EQ(std::to_string(i), Run().Value(own));
    context_.settings.logs.patterns = {};
    Reload();
    EXPECT_EQ("absent", Run().Value(own));
  }
}

TEST_F(LogPatternsTest, ABadPatternIsNamedAndTheRestGoesOn) {
  context_.settings.logs.patterns = {{"bad", "error", "abc)"}, {"good", "info", "hello"}};
  Run();
  Log("app.log", "hello\nAbandonedJobError\n");
  const Collected collected = Run();
  EXPECT_EQ("malformed", collected.Kind());
  EXPECT_THAT(collected.status.error().message, HasSubstr("pattern bad"));
  EXPECT_EQ("1", collected.Value(Matches("good", "info")));
  EXPECT_EQ("1", collected.Value(killed_));
}

TEST_F(LogPatternsTest, BenchesAreCountedApartAndOneThatVanishesComesBack) {
  Bench other = MakeBench("other");
  other.path = folder_.path("other");
  folder_.MakeFolder("other/logs");
  Publish(context_, {bench_, other});
  Run();
  Log("worker.log", "a\nb\n");
  folder_.Append("other/logs/worker.log", "c\n");
  const Collected both = Run();
  EXPECT_EQ("2", both.Value(Lines("worker.log")));
  EXPECT_EQ("1", both.Value(Lines("worker.log", "other")));
  Publish(context_, {bench_});
  EXPECT_EQ("absent", Run().Value(Lines("worker.log", "other")));
  folder_.Append("other/logs/worker.log", "d\n");
  Publish(context_, {bench_, other});
  EXPECT_EQ("2", Run().Value(Lines("worker.log", "other")));
}

TEST_F(LogPatternsTest, AStateThatCannotBeUsedIsSaidOnceAndReplaced) {
  for (const char* state :
       {"{", "[]", "{}", R"({"benches": 1})", R"({"benches": {"/b": {"positions": [1]}}})",
        R"({"benches": {"/b": {"positions": [], "lines": {"a": "x"}, "matches": {}}}})",
        "\xFF\x00"}) {
    folder_.Write("state/log_patterns.json", state);
    Restart();
    const Collected first = Run();
    EXPECT_EQ("malformed", first.Kind()) << state;
    EXPECT_EQ("0", first.Value(killed_)) << state;
    EXPECT_TRUE(Run().status) << state;
    Restart();
    EXPECT_TRUE(Run().status) << state;
  }
}

TEST_F(LogPatternsTest, AStateThatCannotBeSavedIsAnErrorUntilItIs) {
  Run();
  folder_.Rename("state", "away");
  Log("worker.log", "a\n");
  EXPECT_EQ("1", Run().Value(Lines("worker.log"))) << "the figures are there all the same";
  EXPECT_EQ("unavailable", Run().Kind()) << "also when nothing is new";
  folder_.Rename("away", "state");
  EXPECT_TRUE(Run().status);
  Restart();
  EXPECT_EQ("1", Run().Value(Lines("worker.log")));
}

TEST_F(LogPatternsTest, TakesLinesOfAnyBytesAndLength) {
  Run();
  Log("app.log", std::string("\0\xFF", 2) + " AbandonedJobError \0 x\n"s);
  folder_.Append("bench/logs/app.log", std::string(100U << 20, 'x') + " AbandonedJobError\n");
  Log("app.log", "AbandonedJobError\n");
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  EXPECT_EQ("3", collected.Value(Lines("app.log")));
  EXPECT_EQ("2", collected.Value(killed_)) << "of a long line only the beginning is looked at";
}

TEST_F(LogPatternsTest, TenThousandLinesInAThousandLogsShareOneCounterBeyondAHundred) {
  Run();
  for (int i = 0; i < 1000; ++i) {
    std::string text;
    for (int line = 0; line < 10; ++line) text += "AbandonedJobError\n";
    Log(fmt::format("app{:04}.log", i), text);
  }
  Log("na\xFFme.log", "one\n");
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  EXPECT_EQ("10000", collected.Value(killed_));
  EXPECT_EQ("10", collected.Value(Lines("app0099.log")));
  EXPECT_EQ("9001", collected.Value(Lines("other")));
  EXPECT_THAT(collected.text, Not(HasSubstr("app0100.log")));
}

TEST_F(LogPatternsTest, ALogWhoseNameIsNotUtf8HasOneCounter) {
  Log("na\xFFme.log", "");
  Run();
  for (int i = 0; i < 120; ++i) Log(fmt::format("app{}.log", i), "x\n");
  Log("na\xFFme.log", "one\ntwo\n");
  EXPECT_EQ("2", Run().Value(Lines("na\xEF\xBF\xBDme.log")));
}

TEST_F(LogPatternsTest, WhatLayThereBeforeTheFirstReadingIsNotNewAfterARestart) {
  folder_.Remove("bench/logs");
  Run();
  folder_.Write("bench/logs/worker.log", "Work-horse terminated unexpectedly\n");
  Restart();
  EXPECT_EQ("0", Run().Value(killed_));
  Log("worker.log", "Work-horse terminated unexpectedly\n");
  EXPECT_EQ("1", Run().Value(killed_));
}

TEST_F(LogPatternsTest, AStateThatCannotBeReadIsWaitedForAndNotReplaced) {
  Log("worker.log", "one\n");
  Run();
  Log("worker.log", "two\n");
  ASSERT_EQ("1", Run().Value(Lines("worker.log")));
  folder_.Rename("state/log_patterns.json", "state/kept");
  folder_.MakeFolder("state/log_patterns.json");
  Restart();
  const Collected blind = Run();
  EXPECT_FALSE(blind.status);
  EXPECT_EQ("", blind.text);
  folder_.Remove("state/log_patterns.json");
  folder_.Rename("state/kept", "state/log_patterns.json");
  Log("worker.log", "three\n");
  EXPECT_EQ("2", Run().Value(Lines("worker.log")));
}

}  // namespace
}  // namespace erpnext
