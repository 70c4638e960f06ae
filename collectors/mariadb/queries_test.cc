// SPDX-License-Identifier: Apache-2.0
#include "collectors/mariadb/queries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/testing/collect.h"
#include "core/testing/temp_folder.h"
#include "core/text.h"
#include "sources/sql_fingerprint.h"
#include "sources/testing/fake_mariadb.h"

namespace erpnext {
namespace {

using testing::HasSubstr;
using testing::Not;

// Cells of a row of digests, as the columns below.
using Row = std::vector<std::optional<std::string>>;

Row Digest(const char* schema, const char* digest, const char* text, int executions, int seconds) {
  return {schema,
          digest,
          text,
          std::to_string(executions),
          std::to_string(seconds) + "000000000000",
          std::to_string(executions * 100),
          std::to_string(executions * 2),
          std::to_string(executions)};
}

std::string Entry(const std::string& schema, const std::string& seconds,
                  const std::string& statement, const std::string& plan = "") {
  return fmt::format(
      "# User@Host: {0}[{0}] @ localhost []\n# Thread_id: 5  Schema: {0}  QC_hit: No\n"
      "# Query_time: {1}  Lock_time: 0.000100  Rows_sent: 1  Rows_examined: 20\n"
      "# Rows_affected: 0  Bytes_sent: 10\n{3}SET timestamp=1795479652;\n{2};\n",
      schema, seconds, statement, plan);
}

class MariadbQueriesTest : public testing::Test {
 protected:
  MariadbQueriesTest() {
    folder_.MakeFolder("state");
    folder_.Write("slow.log", "");
    bench_.database = {"mariadb", {"", "127.0.0.1", 3306}};
    AddSite(bench_, "a.example", R"({"db_name": "_a"})");
    AddSite(bench_, "b.example", R"({"db_name": "_b"})");
    server_->answers = {
        {"/* statement_digests */ SELECT SCHEMA_NAME, DIGEST,", [this] { return Digests(); }},
        {"/* statement_digests */ SELECT SCHEMA_NAME, SUM", [this] { return Schemas(); }},
        {"/* slow_log */", [this] { return variables_; }}};
    variables_ = MariadbTable{{}, {{"1", "FILE", "slow.log", folder_.path()}}};
    context_.mariadb_server = [this](const MariadbOptions&) { return server_; };
    Publish(context_, {bench_});
    Restart();
  }

  Collected Run() {
    if (!collector_) collector_ = kMariadbQueriesCollector.make(context_);
    return Collect(kMariadbQueriesCollector, *collector_);
  }
  // As a new process finds it: only what is in the state folder.
  void Restart() {
    context_.state = std::make_shared<StateStore>(folder_.path("state"));
    collector_.reset();
  }
  Result<MariadbTable> Digests() const {
    if (failure_) return Fail(*failure_);
    return MariadbTable{{"SCHEMA_NAME", "DIGEST", "DIGEST_TEXT", "COUNT_STAR", "SUM_TIMER_WAIT",
                         "SUM_ROWS_EXAMINED", "SUM_ROWS_SENT", "SUM_NO_INDEX_USED"},
                        digests_};
  }
  // Of each digest a schema's sum has the double: there are others.
  Result<MariadbTable> Schemas() const {
    auto table = Digests();
    if (!table) return table;
    for (auto& row : table->rows) {
      for (std::size_t i = 3; i < row.size(); ++i) {
        row[i] = std::to_string(2 * ParseNumber<std::int64_t>(row[i].value_or("")).value_or(0));
      }
    }
    return table;
  }
  static std::string Of(const char* family, const char* site, const char* query) {
    return fmt::format("erpnext_mariadb_query_{}{{bench=\"b\",site=\"{}\",query=\"{}\"}}", family,
                       site, query);
  }

  std::vector<Row> digests_;
  std::optional<Error> failure_;
  Result<MariadbTable> variables_;
  TempFolder folder_;
  std::shared_ptr<FakeMariadb> server_ = std::make_shared<FakeMariadb>();
  CollectorContext context_;
  Bench bench_ = MakeBench("b");
  std::unique_ptr<Collector> collector_;
};

TEST_F(MariadbQueriesTest, PublishesDigests) {
  digests_ = {Digest("_a", "aa11", "SELECT `name` FROM `tabToDo` WHERE `owner` = ? ", 5, 50),
              Digest("elsewhere", "bb22", "COMMIT ", 1, 1)};
  Run();
  digests_ = {Digest("_a", "aa11", "SELECT `name` FROM `tabToDo` WHERE `owner` = ? ", 6, 60),
              Digest("elsewhere", "bb22", "COMMIT ", 2, 3)};
  Run();
  digests_ = {Digest("_a", "aa11", "SELECT `name` FROM `tabToDo` WHERE `owner` = ? ", 8, 90),
              Digest("elsewhere", "bb22", "COMMIT ", 4, 4)};
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  ExpectGolden("mariadb_queries", run.text);
}

TEST_F(MariadbQueriesTest, CountersSurviveARestartOfTheServer) {
  const char* text = "SELECT ?";
  digests_ = {Digest("_a", "aa11", text, 5, 50)};
  Run();
  digests_ = {Digest("_a", "aa11", text, 6, 60)};
  Run();
  digests_ = {Digest("_a", "aa11", text, 8, 80)};
  EXPECT_EQ("20", Run().Value(Of("seconds_total", "a.example", "aa11")));
  digests_ = {Digest("_a", "aa11", text, 1, 3)};
  const Collected run = Run();
  EXPECT_EQ("23", run.Value(Of("seconds_total", "a.example", "aa11")));
  EXPECT_EQ("3", run.Value(Of("executions_total", "a.example", "aa11")));
}

TEST_F(MariadbQueriesTest, ReadsTheSlowLogElse) {
  Run();
  for (int i = 0; i < 2; ++i) {
    folder_.Append("slow.log", Entry("_b", "2.5", "select * from tabItem where name='canary'"));
    folder_.Append("slow.log", Entry("_b", "1.5", "select `*` from `tabItem` where name = 4711"));
    folder_.Append("slow.log", Entry("", "9", "/* erpnext-exporter */ select 'canary'"));
    Run();
  }
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("1", run.Value(R"(erpnext_mariadb_query_source_info{bench="b",source="slow_log"})"));
  EXPECT_THAT(run.text, HasSubstr(R"(text="SELECT * FROM `tabItem` WHERE `name` = ?"} 1)"));
  EXPECT_EQ("4", run.Value(Of("seconds_total", "b.example", "other")));
  EXPECT_THAT(run.text, HasSubstr("erpnext_mariadb_query_seconds_total"));
  EXPECT_THAT(run.text, Not(HasSubstr("without_index")));
  EXPECT_THAT(run.text, Not(HasSubstr("canary")));
  EXPECT_THAT(run.text, Not(HasSubstr("4711")));
}

TEST_F(MariadbQueriesTest, TellsWhatHadNoIndexWhereTheLogDoes) {
  Run();
  folder_.Append("slow.log", Entry("_a", "1", "commit"));
  EXPECT_EQ("absent", Run().Value(Of("without_index_total", "a.example", "other")));
  folder_.Append("slow.log", Entry("_a", "1", "select 1", "# Full_scan: Yes  Full_join: No\n"));
  EXPECT_EQ("1", Run().Value(Of("without_index_total", "a.example", "other")));
}

TEST_F(MariadbQueriesTest, LosesNothingOverARestartOfItsOwn) {
  Run();
  folder_.Append("slow.log", Entry("_a", "1", "select 1"));
  Run();
  folder_.Append("slow.log", Entry("_a", "2", "select 2"));
  const std::string before = Run().text;
  EXPECT_THAT(before, HasSubstr("} 2\n"));
  Restart();
  EXPECT_EQ(before, Run().text);
  Restart();
  folder_.Append("slow.log", Entry("_a", "4", "select 3"));
  const std::string after = Run().text;
  EXPECT_THAT(after, HasSubstr("} 6\n"));
  folder_.Write("state/mariadb_queries.json", "{\"servers\": {\"x\": 1}}");
  Restart();
  const Collected broken = Run();
  EXPECT_EQ("malformed", broken.Kind());
  EXPECT_TRUE(Run().status);
}

TEST_F(MariadbQueriesTest, WhatDigestsHaveCountedTheLogDoesNotCountAgain) {
  Run();
  folder_.Append("slow.log", Entry("_a", "1", "select 1"));
  Run();
  digests_ = {Digest("_a", "aa11", "SELECT ?", 5, 50)};  // restarted with performance_schema=ON
  Run();
  folder_.Append("slow.log", Entry("_a", "2", "select 2"));
  digests_ = {};
  Restart();
  const std::string named = FingerprintId("SELECT ?");
  EXPECT_EQ("0", Run().Value(Of("seconds_total", "a.example", named.c_str())));
  folder_.Append("slow.log", Entry("_a", "4", "select 3"));
  EXPECT_EQ("4", Run().Value(Of("seconds_total", "a.example", named.c_str())));
}

TEST_F(MariadbQueriesTest, WithoutASourceThereIsNothing) {
  variables_ = MariadbTable{{}, {{"0", "FILE", "slow.log", folder_.path()}}};
  EXPECT_EQ("", Run().text);
  failure_ = Error{ErrorKind::kPermission, "permission (error 1142)"};
  const Collected denied = Run();
  EXPECT_TRUE(denied.status);
  EXPECT_EQ("", denied.text);
}

TEST_F(MariadbQueriesTest, WhileTheServerIsAwayThereIsNothingAndNothingIsLost) {
  const char* text = "SELECT ?";
  digests_ = {Digest("_a", "aa11", text, 5, 50)};
  Run();
  digests_ = {Digest("_a", "aa11", text, 6, 60)};
  Run();
  failure_ = Error{ErrorKind::kRefused, "nobody listens"};
  const Collected away = Run();
  EXPECT_EQ("refused", away.Kind());
  EXPECT_EQ("", away.text);
  failure_.reset();
  digests_ = {Digest("_a", "aa11", text, 9, 70)};
  EXPECT_EQ("10", Run().Value(Of("seconds_total", "a.example", "aa11")));
}

TEST_F(MariadbQueriesTest, HostileDigestsStayBounded) {
  std::vector<Row> rows;
  for (int i = 0; i < 600; ++i) {
    rows.push_back(Digest("_a", std::to_string(i).c_str(), std::string(5000, 'x').c_str(), 1, i));
  }
  rows.push_back({});
  rows.push_back({"\xFF", "\xFF", "\xFF\"\n", "nan", "-1", "1e999", "x", std::nullopt});
  digests_ = {};
  Run();
  digests_ = rows;
  Run();
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_LT(run.text.size(), 60'000u);
}

}  // namespace
}  // namespace erpnext
