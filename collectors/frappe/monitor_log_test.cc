// SPDX-License-Identifier: Apache-2.0
#include "collectors/frappe/monitor_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "collectors/frappe/monitor_counts.h"
#include "collectors/testing/collect.h"
#include "core/testing/temp_folder.h"

namespace erpnext {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string Request(std::string_view path, int status, int microseconds,
                    std::string_view site = "a.example.com", std::string_view exception = "") {
  static int number = 0;
  const std::string cause = exception.empty() ? "" : fmt::format(R"("exception":"{}",)", exception);
  return fmt::format(
      R"({{"duration":{},{}"request":{{"ip":"203.0.113.7","method":"GET","path":"{}",)"
      R"("response_length":18,"status_code":{}}},"site":"{}",)"
      R"("timestamp":"2025-02-05 10:00:00.123456+00:00","transaction_type":"request",)"
      R"("uuid":"{}"}})",
      microseconds, cause, path, status, site, ++number);
}

// `number` tells two runs of a job apart, as their times do.
std::string Job(int number, bool scheduled = true, std::string_view site = "a.example.com",
                std::string_view exception = "") {
  const std::string cause = exception.empty() ? "" : fmt::format(R"("exception":"{}",)", exception);
  return fmt::format(
      R"({{"duration":512345,{}"job":{{"method":"frappe.email.queue.flush","scheduled":{},)"
      R"("wait":23456}},"site":"{}","timestamp":"2025-02-05 10:00:00.{:06}+00:00",)"
      R"("transaction_type":"job","uuid":"{}::scheduled_job::frappe.email.queue.flush"}})",
      cause, scheduled, site, number, site);
}

class MonitorLogTest : public testing::Test {
 protected:
  MonitorLogTest() {
    folder_.MakeFolder("bench/logs");
    folder_.MakeFolder("state");
    folder_.Write("bench/logs/monitor.json.log", "");
    bench_.path = folder_.path("bench");
    AddSite(bench_, "a.example.com");
    AddSite(bench_, "b.example.com");
    Publish(context_, {bench_});
    Restart();
  }

  void Log(const std::string& line) { folder_.Append("bench/logs/monitor.json.log", line + "\n"); }
  Collected Run() {
    if (!collector_) collector_ = kMonitorLogCollector.make(context_);
    return Collect(kMonitorLogCollector, *collector_);
  }
  // As a new process finds it: only what is in the state folder.
  void Restart() {
    context_.state = std::make_shared<StateStore>(folder_.path("state"));
    collector_.reset();
  }
  static std::string Lines(std::string_view result) {
    return fmt::format(R"(erpnext_monitor_lines_total{{bench="b",result="{}"}})", result);
  }
  static std::string Jobs(std::string_view site, std::string_view kind) {
    return fmt::format(R"(erpnext_job_duration_seconds_count{{bench="b",site="{}",kind="{}"}})",
                       site, kind);
  }

  TempFolder folder_;
  CollectorContext context_;
  Bench bench_ = MakeBench("b");
  std::unique_ptr<Collector> collector_;
};

TEST_F(MonitorLogTest, CountsWhatIsNew) {
  Log(Request("/app", 200, 100));
  Run();
  Log(Request("/api/method/ping", 200, 12'345));
  Log(Request("/api/method/ping", 200, 50'000));
  Log(Request("/api/resource/Item/1", 404, 260'000));
  Log(Request("/app/home", 503, 400'000'000, "b.example.com", "OperationalError"));
  Log(Request("/app/home", 200, 1000, "gone.example.com"));
  Log(Job(1));
  Log(Job(2, false, "a.example.com", "ValueError"));
  Log(Job(3, false, "a.example.com", "Value Error: clerk@example.com"));
  Log("{\"duration\":1}");
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  ExpectGolden("monitor_log", collected.text);
}

TEST_F(MonitorLogTest, SaysNothingWithoutBenchesAndWithoutTheLog) {
  folder_.Remove("bench/logs/monitor.json.log");
  folder_.Write("bench/logs/worker.log", Job(1) + "\n");
  EXPECT_EQ("", Run().text);
  folder_.Remove("bench/logs");
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  EXPECT_EQ("", collected.text);
  Publish(context_, {});
  EXPECT_EQ("", Run().text);
}

TEST_F(MonitorLogTest, KnownSitesBeginAtZero) {
  const Collected collected = Run();
  EXPECT_EQ("0", collected.Value(Jobs("a.example.com", "scheduled")));
  EXPECT_EQ("0", collected.Value(Jobs("b.example.com", "background")));
  EXPECT_EQ("0", collected.Value(Lines("malformed")));
  EXPECT_THAT(collected.text, Not(HasSubstr("erpnext_monitor_last_entry")));
}

// As Frappe does: each flush begins with the last entry of the flush before it.
TEST_F(MonitorLogTest, TheLastEntryOfAFlushIsNotCountedAgain) {
  Run();
  Log(Job(1));
  Log(Job(2));
  Run();
  for (int i = 0; i < 3; ++i) {
    Log(Job(2));
    Run();
  }
  Log(Job(3));
  const Collected collected = Run();
  EXPECT_EQ("3", collected.Value(Jobs("a.example.com", "scheduled")));
  EXPECT_EQ("3", collected.Value(Lines("counted")));
  EXPECT_EQ("3", collected.Value(Lines("duplicate")));
}

TEST_F(MonitorLogTest, TheLastEntryIsKnownAgainBehindMoreLinesThanAreRemembered) {
  Run();
  Log(Job(1, true, "a.example.com"));
  std::string others;
  for (std::size_t i = 0; i < RecentLines::kRemembered + 10; ++i) {
    others += Job(static_cast<int>(i), true, "b.example.com") + "\n";
  }
  folder_.Append("bench/logs/monitor.json.log", others);
  Run();
  Restart();
  Log(Job(1, true, "a.example.com"));
  Log(Job(RecentLines::kRemembered - 500, true, "b.example.com"));  // of a flush that ran twice
  const Collected collected = Run();
  EXPECT_EQ("1", collected.Value(Jobs("a.example.com", "scheduled")));
  EXPECT_EQ("2", collected.Value(Lines("duplicate")));
}

TEST_F(MonitorLogTest, CountersGoOnAfterARestart) {
  Run();
  Log(Request("/app", 200, 1000));
  Log(Job(1, false, "a.example.com", "KeyError"));
  const std::string before = Run().text;
  Restart();
  EXPECT_EQ(before, Run().text);
  Restart();
  Log(Job(1, false, "a.example.com", "KeyError"));
  Log(Job(2, false, "a.example.com", "KeyError"));
  const Collected collected = Run();
  EXPECT_EQ("2", collected.Value(Jobs("a.example.com", "background")));
  EXPECT_EQ("2", collected.Value(R"(erpnext_job_exceptions_total{bench="b",site="a.example.com",)"
                                 R"(exception="KeyError"})"));
  EXPECT_EQ("1", collected.Value(Lines("duplicate")));
}

TEST_F(MonitorLogTest, AStateThatCannotBeUsedIsSaidOnceAndReplaced) {
  for (const char* state : {"{", "[]", R"({"benches": 1})",
                            R"({"benches": {"/b": {"positions": [], "counts": {}}}})", "\xFF"}) {
    folder_.Write("state/monitor_log.json", state);
    Restart();
    EXPECT_EQ("malformed", Run().Kind()) << state;
    EXPECT_TRUE(Run().status) << state;
    Log(Job(1));
    EXPECT_TRUE(Run().status) << state;
    Restart();
    EXPECT_TRUE(Run().status) << state;
  }
}

TEST_F(MonitorLogTest, AStateThatCannotBeSavedIsAnErrorUntilItIs) {
  Run();
  folder_.Rename("state", "away");
  Log(Job(1));
  EXPECT_EQ("unavailable", Run().Kind());
  EXPECT_EQ("1", Run().Value(Lines("counted"))) << "the figures are there all the same";
  EXPECT_EQ("unavailable", Run().Kind()) << "also when nothing is new";
  folder_.Rename("away", "state");
  EXPECT_TRUE(Run().status);
  Restart();
  EXPECT_EQ("1", Run().Value(Lines("counted")));
}

TEST_F(MonitorLogTest, ClassesOfExceptionsAreFewAndPlain) {
  Run();
  for (int i = 0; i < 80; ++i) {
    Log(Job(i, false, "a.example.com", fmt::format("Error{}", i)));
    Log(Job(i, false, "b.example.com", fmt::format("Error{}", i)));
  }
  Log(Job(1, true, "a.example.com", std::string(200, 'x')));
  const Collected collected = Run();
  const auto count = [&](std::string_view name) {
    return collected.Value(fmt::format(
        R"(erpnext_job_exceptions_total{{bench="b",site="a.example.com",exception="{}"}})", name));
  };
  EXPECT_EQ("1", count("Error49"));
  EXPECT_EQ("absent", count("Error50"));
  EXPECT_EQ("31", count("other"));
}

TEST_F(MonitorLogTest, HostileLinesCostNothingButThemselves) {
  Run();
  Log(std::string(1U << 20, '{'));
  Log(std::string(60'000, '['));
  Log("\xFF\xFE");
  Log("");
  std::string sites;
  for (int i = 0; i < 1000; ++i) sites += Job(i, true, fmt::format("s{}.example.com", i)) + "\n";
  folder_.Append("bench/logs/monitor.json.log", sites);
  Log(Job(1));
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  EXPECT_EQ("4", collected.Value(Lines("malformed")));
  EXPECT_EQ("1000", collected.Value(Jobs("other", "scheduled")));
  EXPECT_EQ("1", collected.Value(Jobs("a.example.com", "scheduled")));
}

TEST_F(MonitorLogTest, AClockThatIsAheadDoesNotHideThatNothingIsWritten) {
  Run();
  Log(Job(1));
  std::string ahead = Job(2);
  Log(ahead.replace(ahead.find("2025"), 4, "9025"));
  Log("{\"duration\":1,\"job\":{},\"site\":\"a.example.com\",\"transaction_type\":\"job\"}");
  EXPECT_EQ("1738749600.000001",
            Run().Value(R"(erpnext_monitor_last_entry_timestamp_seconds{bench="b"})"));
}

// However the log is cut into readings, and with restarts between them, the figures are the same.
RC_GTEST_FIXTURE_PROP(MonitorLogTest, AnyCutsGiveTheSameFigures, ()) {
  std::string text;
  const int lines = *rc::gen::inRange(1, 30);
  for (int i = 0; i < lines; ++i) {
    const int number = *rc::gen::inRange(0, 10);  // some occur twice
    const std::string site = *rc::gen::element<std::string>("a.example.com", "b.example.com", "x");
    text += *rc::gen::element<std::string>(Job(number, true, site), Job(number, false, site, "E"),
                                           Request("/app", 500, number, site), "{") +
            "\n";
  }
  folder_.Write("state/monitor_log.json", "{\"benches\":{}}");
  folder_.Write("bench/logs/monitor.json.log", "");
  Restart();
  Run();
  folder_.Append("bench/logs/monitor.json.log", text);
  const std::string whole = Run().text;

  folder_.Remove("bench/logs/monitor.json.log");
  folder_.Write("state/monitor_log.json", "{\"benches\":{}}");
  folder_.Write("bench/logs/monitor.json.log", "");
  Restart();
  Run();
  std::size_t at = 0;
  while (at < text.size()) {
    const auto size = *rc::gen::inRange<std::size_t>(1, text.size() - at + 1);
    folder_.Append("bench/logs/monitor.json.log", text.substr(at, size));
    at += size;
    RC_ASSERT(Run().status.has_value());
    if (*rc::gen::arbitrary<bool>()) Restart();
  }
  RC_ASSERT(Run().text == whole);
}

}  // namespace
}  // namespace erpnext
