// SPDX-License-Identifier: Apache-2.0
#include "collectors/mariadb/share.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/testing/collect.h"
#include "core/testing/manual_clock.h"
#include "core/testing/temp_folder.h"
#include "sources/testing/fake_mariadb.h"

namespace erpnext {
namespace {

using testing::HasSubstr;
using testing::Not;

class MariadbShareTest : public testing::Test {
 protected:
  MariadbShareTest() {
    folder_.Write("slow.log", "");
    bench_.database = {"mariadb", {"", "127.0.0.1", 3306}};
    AddSite(bench_, "a.example", R"({"db_name": "_a"})");
    AddSite(bench_, "b.example", R"({"db_name": "_b", "db_user": "own"})");
    server_->answers = {
        {"/* mariadb_share */ SELECT USER,", [this] { return users_; }},
        {"/* statement_digests */ SELECT SCHEMA_NAME, SUM", [this] { return schemas_; }},
        {"/* slow_log */", [this] { return variables_; }}};
    context_.clock = &clock_;
    context_.mariadb_server = [this](const MariadbOptions&) { return server_; };
    Publish(context_, {bench_});
  }

  Collected Run() {
    if (!collector_) collector_ = kMariadbShareCollector.make(context_);
    Collected run = Collect(kMariadbShareCollector, *collector_);
    clock_.Advance(std::chrono::seconds(30));
    return run;
  }
  // Users with seconds, rows read, rows written and connections.
  void Users(std::vector<std::vector<std::optional<std::string>>> rows) {
    users_ = MariadbTable{{"USER", "BUSY_TIME", "ROWS_READ", "ROWS_WRITTEN", "TOTAL_CONNECTIONS"},
                          std::move(rows)};
  }
  // Schemas with picoseconds, rows read and rows written.
  void Schemas(std::vector<std::vector<std::optional<std::string>>> rows) {
    schemas_ =
        MariadbTable{{"SCHEMA_NAME", "SUM_TIMER_WAIT", "SUM_ROWS_EXAMINED", "SUM_ROWS_AFFECTED"},
                     std::move(rows)};
  }
  void Log(const char* schema) {
    folder_.Append("slow.log",
                   fmt::format("# User@Host: x[x] @ h []\n# Thread_id: 5  Schema: {}  QC_hit: No\n"
                               "# Query_time: 2.0  Lock_time: 0.0  Rows_sent: 1  Rows_examined: 5\n"
                               "SET timestamp=1;\nselect 'canary';\n",
                               schema));
  }
  static std::string Of(const char* site, const char* resource = "time") {
    return fmt::format("erpnext_site_database_share{{bench=\"b\",site=\"{}\",resource=\"{}\"}}",
                       site, resource);
  }
  static std::string Source(const char* source) {
    return fmt::format("erpnext_site_database_share_source_info{{bench=\"b\",source=\"{}\"}}",
                       source);
  }

  Result<MariadbTable> users_ = MariadbTable{};
  Result<MariadbTable> schemas_ = MariadbTable{};
  Result<MariadbTable> variables_ = MariadbTable{};
  TempFolder folder_;
  ManualClock clock_ = ManualClock::AtUnix(1'764'000'000);
  std::shared_ptr<FakeMariadb> server_ = std::make_shared<FakeMariadb>();
  CollectorContext context_;
  Bench bench_ = MakeBench("b");
  std::unique_ptr<Collector> collector_;
};

TEST_F(MariadbShareTest, IsOfWhatWasUsedSinceTheLastReading) {
  Users({{"_a", "1000", "5000", "10", "7"},
         {"own", "1", "1", "1", "1"},
         {"root", "1", "0", "0", "0"}});
  EXPECT_EQ("absent", Run().Value(Of("a.example")));
  Users({{"_a", "1001", "5000", "20", "8"},
         {"own", "8", "1", "31", "2"},
         {"root", "2", "0", "0", "0"},
         {"backup", "1", "0", "0", "2"}});
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  ExpectGolden("mariadb_share", run.text);
}

TEST_F(MariadbShareTest, IsOfTheLastFiveMinutes) {
  Users({{"_a", "0", "0", "0", "0"}, {"own", "0", "0", "0", "0"}});
  Run();
  Users({{"_a", "100", "0", "0", "0"}, {"own", "0", "0", "0", "0"}});
  Run();
  Users({{"_a", "100", "0", "0", "0"}, {"own", "100", "0", "0", "0"}});
  EXPECT_EQ("0.5", Run().Value(Of("a.example")));
  for (int i = 0; i < 8; ++i) EXPECT_EQ("0.5", Run().Value(Of("a.example")));
  EXPECT_EQ("0", Run().Value(Of("a.example")));
  EXPECT_EQ("absent", Run().Value(Of("a.example")));  // nobody did anything
}

TEST_F(MariadbShareTest, ARestartOrFlushIsNoUse) {
  Users({{"_a", "1000", "0", "0", "0"}, {"own", "1000", "0", "0", "0"}});
  Run();
  Users({{"_a", "1", "0", "0", "0"}, {"own", "3", "0", "0", "0"}});
  EXPECT_EQ("0.25", Run().Value(Of("a.example")));
}

TEST_F(MariadbShareTest, WhatWasUsedWhileItCouldNotBeReadIsNotOfTheLastMinutes) {
  variables_ = MariadbTable{{}, {{"1", "FILE", "slow.log", folder_.path()}}};
  for (const bool of_log : {false, true}) {
    collector_.reset();
    if (of_log) users_ = MariadbTable{};
    if (!of_log) Users({{"_a", "0", "0", "0", "0"}, {"own", "0", "0", "0", "0"}});
    Run();
    const auto healthy = users_;
    users_ = Fail(ErrorKind::kTimeout, "no answer in time");
    for (int i = 0; i < 11; ++i) Run();
    if (of_log) Log("_a");
    users_ = healthy;
    if (!of_log) Users({{"_a", "100", "0", "0", "0"}, {"own", "0", "0", "0", "0"}});
    EXPECT_EQ("absent", Run().Value(Of("a.example")));
    if (of_log) Log("_b");
    if (!of_log) Users({{"_a", "100", "0", "0", "0"}, {"own", "2", "0", "0", "0"}});
    EXPECT_EQ("1", Run().Value(Of("b.example")));
  }
}

TEST_F(MariadbShareTest, IsOfDigestsElse) {
  Schemas({{"_a", "1000000000000", "0", "0"}, {"_b", "1000000000000", "0", "0"}});
  EXPECT_EQ("1", Run().Value(Source("performance_schema")));
  Schemas({{"_a", "2000000000000", "30", "0"}, {"_b", "1000000000000", "90", "0"}});
  const Collected run = Run();
  EXPECT_EQ("1", run.Value(Of("a.example")));
  EXPECT_EQ("0.75", run.Value(Of("b.example", "rows_read")));
  EXPECT_EQ("absent", run.Value(Of("a.example", "connections")));
}

TEST_F(MariadbShareTest, IsOfTheSlowLogElse) {
  variables_ = MariadbTable{{}, {{"1", "FILE", "slow.log", folder_.path()}}};
  Run();
  for (const char* schema : {"_a", "_a", "_b", "elsewhere"}) Log(schema);
  const Collected run = Run();
  EXPECT_EQ("1", run.Value(Source("slow_log")));
  EXPECT_EQ("0.5", run.Value(Of("a.example")));
  EXPECT_EQ("0.25", run.Value(Of("other")));
  EXPECT_THAT(run.text, Not(HasSubstr("canary")));
}

TEST_F(MariadbShareTest, AnotherSourceBeginsAnew) {
  Schemas({{"_a", "1000000000000", "0", "0"}});
  Run();
  Schemas({{"_a", "2000000000000", "0", "0"}});
  EXPECT_EQ("1", Run().Value(Of("a.example")));
  Users({{"own", "5", "0", "0", "0"}});
  EXPECT_EQ("absent", Run().Value(Of("a.example")));
  Users({{"own", "6", "0", "0", "0"}});
  EXPECT_EQ("1", Run().Value(Of("b.example")));
}

TEST_F(MariadbShareTest, WhatWasLoggedUnderAnotherSourceIsOld) {
  variables_ = MariadbTable{{}, {{"1", "FILE", "slow.log", folder_.path()}}};
  Run();
  Users({{"own", "5", "0", "0", "0"}});  // SET GLOBAL userstat=ON, for a while
  Run();
  Log("_a");
  users_ = MariadbTable{};
  EXPECT_EQ("absent", Run().Value(Of("a.example")));
  Log("_b");
  EXPECT_EQ("1", Run().Value(Of("b.example")));
}

TEST_F(MariadbShareTest, WithoutASourceThereIsNothing) {
  EXPECT_EQ("", Run().text);
  users_ = Fail(ErrorKind::kPermission, "permission (error 1227)");
  schemas_ = Fail(ErrorKind::kPermission, "permission (error 1142)");
  variables_ = Fail(ErrorKind::kUnsupported, "unsupported (error 1193)");
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("", run.text);
}

TEST_F(MariadbShareTest, WhileTheServerIsAwayThereIsNoShare) {
  Users({{"_a", "1", "0", "0", "0"}});
  Run();
  Users({{"_a", "2", "0", "0", "0"}});
  EXPECT_EQ("1", Run().Value(Of("a.example")));
  users_ = Fail(ErrorKind::kRefused, "nobody listens");
  const Collected away = Run();
  EXPECT_EQ("refused", away.Kind());
  EXPECT_EQ("", away.text);
}

TEST_F(MariadbShareTest, TakesAnyRows) {
  Users({{"_a", "1", "1", "1", "1"}});
  Run();
  Users({{}, {std::nullopt}, {"\xFF", "nan", "-4", "1e999", "x"}, {"_a", "3", "-1", "2", "1"}});
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("1", run.Value(Of("a.example")));
}

}  // namespace
}  // namespace erpnext
