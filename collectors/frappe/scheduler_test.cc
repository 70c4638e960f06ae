// SPDX-License-Identifier: Apache-2.0
#include "collectors/frappe/scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "collectors/frappe/scheduler_state.h"
#include "collectors/testing/collect.h"
#include "collectors/testing/fake_sites.h"
#include "core/testing/manual_clock.h"
#include "core/testing/temp_folder.h"
#include "sources/testing/fake_redis.h"

namespace erpnext {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
using Row = FakeSites::Row;

constexpr double kNow = 1795521600;  // 2026-11-24 12:00 UTC, 13:00 in Berlin

// Times of the site, Europe/Berlin.
Row JobType(const char* name, const char* frequency, const char* last, const char* stopped = "0",
            const char* cron = "") {
  const std::optional<std::string> executed =
      last == nullptr ? std::nullopt : std::optional<std::string>(last);
  return {name,     std::string("m.") + name,    frequency, cron, stopped,
          executed, "2026-11-01 00:00:00.000000"};
}

class SchedulerTest : public testing::Test {
 protected:
  SchedulerTest() {
    context_.clock = &clock_;
    context_.settings.proc_path = proc_.path();
    context_.mariadb_server = [this](const MariadbOptions&) { return sites_; };
    context_.connect_redis = [this](const RedisEndpoint&) {
      return std::make_unique<FakeRedisConnection>(redis_);
    };
    bench_.redis_queue = ParseRedisUrl("redis://127.0.0.1:11000").value();
    AddDatabase("_s");
  }

  FakeSites::Database& AddDatabase(const std::string& schema) {
    FakeSites::Database& database = sites_->databases[schema];
    database.columns = {
        {"tabSingles", {"doctype", "field", "value"}},
        {"tabScheduled Job Type",
         {"name", "method", "frequency", "cron_format", "stopped", "last_execution", "creation"}},
        {"tabScheduled Job Log",
         {"name bigint", "creation", "modified", "status", "scheduled_job_type"}},
        {"tabActivity Log", {"modified"}}};
    database.Answer("'time_zone'", {Row{"time_zone", "Europe/Berlin"}});
    database.Answer("tabSingles", {Row{"enable_scheduler", "1"}});
    database.Answer("tabActivity Log", {Row{"2026-11-23 13:00:00.000000"}});
    database.Answer(
        "tabScheduled Job Type",
        {JobType("a", "All", "2026-11-24 12:58:00.500000"),
         JobType("h", "Hourly Long", "2026-11-24 12:00:10.000000"),
         JobType("d", "Daily", "2026-11-23 00:00:10.000000"), JobType("x", "Weekly", nullptr, "1"),
         JobType("c", "Cron", "2026-11-24 12:59:00.000000", "0", "*/10 * * * *")});
    database.Answer("SELECT MAX(name)", {Row{"100"}});
    database.Answer("SELECT name, status", {Row{"99", "Complete"}, Row{"100", "Start"}});
    database.Answer("MAX(creation)",
                    {Row{"h", "Failed", "3", "12", "2026-11-24 12:00:10.000000"},
                     Row{"h", "Complete", "20", "36", "2026-11-24 11:00:10.000000"},
                     Row{"d", "Failed", "1", "1", "2026-11-23 14:00:00.000000"},
                     Row{"d", "Complete", "1", "7", "2026-11-24 00:00:10.000000"},
                     Row{"a", "Complete", "9", "30", "2026-11-24 12:00:10.000000"}});
    return database;
  }

  Collected Run() {
    Publish(context_, {bench_});
    if (!collector_) collector_ = kSchedulerCollector.make(context_);
    return Collect(kSchedulerCollector, *collector_);
  }
  std::string State(const Collected& run, const std::string& site = "s.example") {
    for (std::string_view state : kSchedulerStates) {
      const std::string series = fmt::format(
          "erpnext_scheduler_state{{bench=\"b\",site=\"{}\",state=\"{}\"}}", site, state);
      if (run.Value(series) == "1") return std::string(state);
    }
    return "absent";
  }
  // A process whose command line names the bench's Python.
  void AddProcess(const std::string& pid, std::initializer_list<std::string_view> words) {
    std::string line;
    for (std::string_view word : words) line += std::string(word) + '\0';
    proc_.Write(pid + "/cmdline", line);
  }
  void AddScheduler() {
    AddProcess("7", {"/home/frappe/b/env/bin/python", "-m", "frappe.utils.bench_helper", "frappe",
                     "schedule"});
  }
  void AddWebServer() {
    AddProcess("8", {"/home/frappe/b/env/bin/python", "/home/frappe/b/env/bin/gunicorn"});
  }
  FakeSites::Database& Site() { return sites_->databases["_s"]; }

  TempFolder proc_;
  ManualClock clock_ = ManualClock::AtUnix(kNow);
  CollectorContext context_;
  Bench bench_ = MakeBench("b");
  std::shared_ptr<FakeSites> sites_ = std::make_shared<FakeSites>();
  std::shared_ptr<FakeRedis> redis_ = std::make_shared<FakeRedis>();
  std::unique_ptr<Collector> collector_;
};

constexpr const char* kSite = R"({"db_name": "_s"})";

TEST_F(SchedulerTest, ANormalSite) {
  AddScheduler();
  AddSite(bench_, "s.example", kSite);
  Run();
  Site().Answer("SELECT name, status",
                {Row{"99", "Complete"}, Row{"100", "Failed"}, Row{"101", "Complete"}});
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  ExpectGolden("scheduler", run.text);
}

TEST_F(SchedulerTest, TheFirstReasonIsTheState) {
  AddWebServer();  // processes can be seen, a scheduler not
  redis_->failure = [] { return Error{ErrorKind::kRefused, "no"}; };
  struct {
    const char *config, *state;
    std::function<void()> change;
  } const cases[] = {
      {R"({"maintenance_mode": 1, "pause_scheduler": 1})", "maintenance", [] {}},
      {R"({"pause_scheduler": "0", "disable_scheduler": 1})", "paused", [] {}},
      {R"({"pause_scheduler": 0, "disable_scheduler": true})", "disabled_config", [] {}},
      {"{}", "disabled_settings",
       [&] {
         Site().Answer("tabSingles", {Row{"enable_scheduler", "0"}});
       }},
      {"{}", "disabled_settings", [&] { Site().Answer("tabSingles", std::vector<Row>{}); }},
      {"{}", "dormant",
       [&] {
         Site().Answer("tabSingles", {Row{"enable_scheduler", "1"}, Row{"dormant_days", "1"}});
       }},
      {"{}", "process_missing",
       [&] {
         Site().Answer("tabSingles", {Row{"enable_scheduler", "1"}});
       }},
      {"{}", "redis_unavailable", [&] { AddScheduler(); }},
      {"{}", "active", [&] { redis_->failure = nullptr; }},
      {"{}", "redis_unavailable",
       [&] {
         redis_->instead = [](const RedisCommand&) {
           return FakeRedis::ErrorReply("LOADING Redis is loading the dataset in memory");
         };
       }},
      {"{}", "active",
       [&] {
         redis_->instead = [](const RedisCommand&) {
           return FakeRedis::ErrorReply("NOPERM no permissions to access one of the keys");
         };
       }},
  };
  for (const auto& test : cases) {
    test.change();
    bench_.sites.clear();
    AddSite(bench_, "s.example", test.config);
    bench_.sites[0].config = bench_.sites[0].config.Over(FrappeConfig::Parse(kSite, "x").value());
    const Collected run = Run();
    EXPECT_EQ(test.state, State(run)) << test.config;
    EXPECT_TRUE(run.status) << test.state;
  }
}

TEST_F(SchedulerTest, FallingAsleep) {
  struct {
    int major;
    const char *config, *newest, *days, *state, *in_seconds;
  } const cases[] = {
      {15, "{}", "2026-11-20 13:00:01.000000", "4", "active", "1"},
      {15, "{}", "2026-11-20 13:00:00.000000", "4", "dormant", "0"},
      {13, "{}", "2026-11-20 12:00:00.000000", "", "dormant", "-3600"},
      {15, "{}", "2026-11-14 13:00:01.000000", "10", "active", "1"},
      {15, "{}", nullptr, "4", "dormant", "absent"},
      {15, R"({"developer_mode": 1})", nullptr, "4", "active", "absent"},
      {13, R"({"developer_mode": 1})", nullptr, "4", "dormant", "absent"},
      {16, "{}", nullptr, "4", "active", "absent"},
  };
  for (const auto& test : cases) {
    bench_ = MakeBench("b", test.config);
    bench_.frappe_major = test.major;
    AddSite(bench_, "s.example", kSite);
    Site().Answer("tabSingles", {Row{"enable_scheduler", "1"}, Row{"dormant_days", test.days}});
    Site().Answer("tabActivity Log",
                  {Row{test.newest ? std::optional<std::string>(test.newest) : std::nullopt}});
    const Collected run = Run();
    EXPECT_EQ(test.state, State(run)) << test.major << test.config;
    EXPECT_EQ(test.in_seconds,
              run.Value(R"(erpnext_scheduler_dormant_in_seconds{bench="b",site="s.example"})"))
        << test.major << test.config;
  }
}

TEST_F(SchedulerTest, WithoutTheAppsTheVersionComesFromTheDatabase) {
  bench_.frappe_major.reset();
  AddSite(bench_, "s.example", kSite);
  EXPECT_EQ("absent", State(Run())) << "not known whether it is dormant";
  Site().columns["tabInstalled Application"] = {"app_name", "app_version"};
  Site().Answer("tabInstalled Application", {Row{"16.1.0"}});
  Site().Answer("tabActivity Log", {Row{std::nullopt}});
  clock_.Advance(11min);  // columns are looked at again
  EXPECT_EQ("active", State(Run()));
}

TEST_F(SchedulerTest, TheProcessIsSeenInThreeWays) {
  constexpr const char* kUp = R"(erpnext_scheduler_process_up{bench="b"})";
  EXPECT_EQ("absent", Run().Value(kUp)) << "nothing can be seen";
  AddWebServer();
  EXPECT_EQ("0", Run().Value(kUp));
  redis_->keys["home-frappe-b:scheduler:heartbeat"] = "1795521600";
  EXPECT_EQ("1", Run().Value(kUp));
  redis_->keys.clear();
  EXPECT_EQ("0", Run().Value(kUp));
  AddScheduler();
  EXPECT_EQ("1", Run().Value(kUp));
}

TEST_F(SchedulerTest, AHeldLockIsAScheduler) {
  TempFolder folder;
  bench_.path = folder.path();
  folder.Write("config/scheduler_process", "");
  struct stat info {};
  ASSERT_EQ(0, stat(folder.path("config/scheduler_process").c_str(), &info));
  proc_.Write("locks", fmt::format("1: FLOCK ADVISORY WRITE 7 {:02x}:{:02x}:{} 0 EOF\n",
                                   major(info.st_dev), minor(info.st_dev), info.st_ino));
  EXPECT_EQ("1", Run().Value(R"(erpnext_scheduler_process_up{bench="b"})"));
}

TEST_F(SchedulerTest, NullsAndZeroDatesAreNoTimes) {
  AddSite(bench_, "s.example", kSite);
  Site().Answer("tabScheduled Job Type", {JobType("a", "All", nullptr),
                                          JobType("b", "Hourly", "0000-00-00 00:00:00.000000"),
                                          {"c", std::nullopt, std::nullopt, std::nullopt,
                                           std::nullopt, std::nullopt, std::nullopt},
                                          {std::nullopt},
                                          {}});
  Site().Answer("tabActivity Log", {Row{"0000-00-00 00:00:00"}});
  Site().Answer("COUNT(*)", {Row{std::nullopt, "Failed", "1", std::nullopt}, Row{}});
  Site().Answer("SELECT name, status", {Row{std::nullopt, "Failed"}, Row{"7", std::nullopt}});
  const Collected run = Run();
  EXPECT_TRUE(run.status) << run.status.error().message;
  EXPECT_EQ("absent",
            run.Value("erpnext_scheduler_last_execution_timestamp_seconds{bench=\"b\",site="
                      "\"s.example\"}"));
  EXPECT_THAT(run.text, HasSubstr(R"(types{bench="b",site="s.example",state="enabled"} 3)"));
  EXPECT_EQ("dormant", State(run)) << "no activity at all";
}

TEST_F(SchedulerTest, HalfOfTheGrantsGiveHalfOfTheAnswers) {
  AddSite(bench_, "s.example", kSite);
  Site().columns.erase("tabScheduled Job Log");
  Site().columns["tabScheduled Job Type"] = {"name", "stopped"};
  Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("active", State(run));
  for (const char* family :
       {"job_runs_total", "job_failures", "job_types", "jobs_overdue", "last_execution"}) {
    EXPECT_THAT(run.text, Not(HasSubstr(family)));
  }
  Site() = {};
  AddDatabase("_s").columns.erase("tabSingles");
  clock_.Advance(11min);
  run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("absent", State(run)) << "not known whether it is enabled, nor what its times mean";
  EXPECT_EQ("", run.text);
}

TEST_F(SchedulerTest, HostileNamesOfDatabasesAreNames) {
  for (const char* schema : {"1-shop", "a`b", "x'y"}) {
    bench_.sites.clear();
    AddSite(bench_, "s.example", fmt::format(R"({{"db_name": "{}"}})", schema));
    sites_->statements.clear();
    Run();
    ASSERT_FALSE(sites_->statements.empty());
  }
  EXPECT_THAT(sites_->statements[0], HasSubstr("TABLE_SCHEMA = 'x''y'"));
}

TEST_F(SchedulerTest, ADatabaseThatIsGoneAffectsNoOtherSite) {
  AddSite(bench_, "a.example", R"({"db_name": "_gone"})");
  AddSite(bench_, "b.example", R"({"db_name": "_late"})");
  AddSite(bench_, "s.example", kSite);
  AddDatabase("_late").Answer("tabScheduled Job Type", Fail(ErrorKind::kTimeout, "late"));
  const Collected run = Run();
  EXPECT_EQ("permission", run.Kind());
  EXPECT_THAT(run.status.error().message, HasSubstr("site a.example: its database _gone does not"));
  EXPECT_EQ("absent", State(run, "a.example"));
  EXPECT_EQ("active", State(run, "b.example")) << "what could be read is there";
  EXPECT_THAT(run.text, HasSubstr(R"(runs_total{bench="b",site="b.example",status="failed"} 0)"));
  EXPECT_THAT(run.text, Not(HasSubstr(R"(types{bench="b",site="b.example")")));
  EXPECT_EQ("active", State(run, "s.example"));
}

TEST_F(SchedulerTest, TheConfigurationTellsEvenWithoutADatabase) {
  AddSite(bench_, "lite", R"({"db_type": "sqlite", "db_name": "x", "pause_scheduler": 1})");
  AddSite(bench_, "off", R"({"db_name": "_gone", "maintenance_mode": 1})");
  const Collected run = Run();
  EXPECT_EQ("paused", State(run, "lite"));
  EXPECT_EQ("maintenance", State(run, "off"));
}

TEST_F(SchedulerTest, NothingIsAskedWhileTheSiteMigrates) {
  TempFolder folder;
  AddSite(bench_, "s.example", kSite);
  bench_.sites[0].path = folder.path("s");
  folder.Write("s/locks/bench_migrate.lock", "");
  struct stat info {};
  ASSERT_EQ(0, stat(folder.path("s/locks/bench_migrate.lock").c_str(), &info));
  proc_.Write("locks", fmt::format("1: FLOCK ADVISORY WRITE 7 {:02x}:{:02x}:{} 0 EOF\n",
                                   major(info.st_dev), minor(info.st_dev), info.st_ino));
  EXPECT_TRUE(Run().status);
  EXPECT_TRUE(sites_->statements.empty());
}

TEST_F(SchedulerTest, AnUnknownZoneIsAnErrorAndNoGuess) {
  AddSite(bench_, "s.example", kSite);
  Site().Answer("'time_zone'", {Row{"time_zone", "Mars/Base"}});
  const Collected run = Run();
  EXPECT_EQ("unsupported", run.Kind());
  EXPECT_THAT(run.text, Not(HasSubstr("last_execution")));
}

TEST_F(SchedulerTest, ARunThatNeverEndedHasFailed) {
  AddSite(bench_, "s.example", kSite);
  Site().Answer("MAX(creation)", {Row{"h", "Start", "2", "2", "2026-11-24 12:00:10.000000"},
                                  Row{"h", "Failed", "1", "1", "2026-11-24 10:00:10.000000"},
                                  Row{"h", "Complete", "20", "21", "2026-11-24 11:00:10.000000"}});
  const Collected run = Run();
  EXPECT_THAT(run.text, HasSubstr(R"(job_failures{bench="b",site="s.example",job_type="m.h"} 3)"));
  EXPECT_THAT(run.text, HasSubstr(R"(job_failing{bench="b",site="s.example",job_type="m.h"} 1)"));
  const auto asked = std::find_if(
      sites_->statements.begin(), sites_->statements.end(),
      [](const auto& each) { return each.find("MAX(creation)") != std::string::npos; });
  ASSERT_NE(sites_->statements.end(), asked);
  EXPECT_THAT(*asked, HasSubstr("SUM(creation > '2026-11-22 13:00:00"));
  EXPECT_THAT(*asked, HasSubstr("SUM(creation < '2026-11-24 12:30:00"));
  EXPECT_THAT(*asked, HasSubstr("WHERE creation > '2026-11-17 13:00:00"));
  EXPECT_THAT(*asked, HasSubstr("OR creation < '2026-11-24 12:30:00"));
}

TEST_F(SchedulerTest, AtMostElevenFailingJobs) {
  AddSite(bench_, "s.example", kSite);
  std::vector<Row> rows;
  for (int i = 0; i < 30; ++i) {
    rows.push_back({fmt::format("job{:02}", i), "Failed", fmt::format("{}", 30 - i), "1",
                    "2026-11-24 12:00:00.000000"});
    rows.push_back({fmt::format("job{:02}", i), "Complete", "0", fmt::format("{}", i),
                    "2026-11-24 11:00:00.000000"});
  }
  Site().Answer("MAX(creation)", rows);
  const Collected run = Run();
  const auto failures = [](const char* job) {
    return fmt::format(
        "erpnext_scheduled_job_failures{{bench=\"b\",site=\"s.example\",job_type=\"{}\"}}", job);
  };
  EXPECT_EQ("30", run.Value(failures("job00")));
  EXPECT_EQ("21", run.Value(failures("job09")));
  EXPECT_EQ("absent", run.Value(failures("job10")));
  EXPECT_EQ("210", run.Value(failures("other"))) << "20 + 19 + ... + 1";
  const auto ratio = [](const char* job) {
    return fmt::format(
        "erpnext_scheduled_job_failure_ratio{{bench=\"b\",site=\"s.example\",job_type=\"{}\"}}",
        job);
  };
  EXPECT_EQ("1", run.Value(ratio("job00")));
  EXPECT_EQ("0.1", run.Value(ratio("job09")));
  EXPECT_EQ("absent", run.Value(ratio("job10")));
  EXPECT_EQ("absent", run.Value(ratio("other"))) << "no part of anything";
}

TEST_F(SchedulerTest, AJobThatFailedDaysAgoHasARateOnly) {
  AddSite(bench_, "s.example", kSite);
  Site().Answer("MAX(creation)", {Row{"h", "Failed", "0", "1", "2026-11-20 10:00:10.000000"},
                                  Row{"h", "Complete", "40", "79", "2026-11-24 12:00:10.000000"},
                                  // Its first run began a moment ago and has failed already.
                                  Row{"d", "Failed", "1", "0", "2026-11-24 12:45:00.000000"}});
  const Collected run = Run();
  EXPECT_THAT(run.text,
              HasSubstr(R"(job_failure_ratio{bench="b",site="s.example",job_type="m.h"} 0.0125)"));
  EXPECT_THAT(run.text, Not(HasSubstr(R"(ratio{bench="b",site="s.example",job_type="m.d"})")));
  EXPECT_THAT(run.text, HasSubstr(R"(job_failures{bench="b",site="s.example",job_type="m.d"} 1)"));
  EXPECT_THAT(run.text, Not(HasSubstr(R"(failures{bench="b",site="s.example",job_type="m.h"})")));
}

TEST_F(SchedulerTest, StatementsAreTaggedAndFew) {
  AddSite(bench_, "s.example", kSite);
  Run();
  sites_->statements.clear();
  Run();
  EXPECT_EQ(4u, sites_->statements.size()) << "settings, activity, types, new runs";
  clock_.Advance(301s);
  Run();
  EXPECT_EQ(4u + 5u, sites_->statements.size()) << "and now failures too";
  for (const std::string& statement : sites_->statements) {
    EXPECT_THAT(statement, testing::StartsWith("/* scheduler */ SELECT "));
    EXPECT_THAT(statement, HasSubstr("`_s`.`tab"));
  }
}

}  // namespace
}  // namespace erpnext
