// SPDX-License-Identifier: Apache-2.0
#include "collectors/mariadb/table_io.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/testing/collect.h"
#include "sources/testing/fake_mariadb.h"

namespace erpnext {
namespace {

using testing::HasSubstr;
using testing::Not;
using Row = std::vector<std::optional<std::string>>;

class MariadbTableIoTest : public testing::Test {
 protected:
  MariadbTableIoTest() {
    server_->answers = {
        {"/* mariadb_table_io */ SELECT OBJECT_SCHEMA, OBJECT_NAME, INDEX_NAME,",
         [this] { return indexes_; }},
        {"/* mariadb_table_io */ SELECT OBJECT_SCHEMA, OBJECT_NAME,", [this] { return tables_; }}};
    context_.mariadb_server = [this](const MariadbOptions&) { return server_; };
    Bench bench = MakeBench("b");
    bench.database = {"mariadb", {"", "db1", 3306}};
    Publish(context_, {bench});
  }
  Collected Run() { return CollectOnce(kMariadbTableIoCollector, context_); }

  Result<MariadbTable> tables_ = MariadbTable{
      {"OBJECT_SCHEMA", "OBJECT_NAME", "count_fetch", "sum_timer_fetch", "count_insert",
       "sum_timer_insert", "count_update", "sum_timer_update", "count_delete", "sum_timer_delete"},
      {Row{"_a", "tabItem", "1", "1500000000000", "2", "2500000000000", "3", "3000000000000", "4",
           "250"}}};
  Result<MariadbTable> indexes_ = MariadbTable{
      {"OBJECT_SCHEMA", "OBJECT_NAME", "INDEX_NAME", "count_fetch", "sum_timer_fetch",
       "count_insert", "sum_timer_insert", "count_update", "sum_timer_update", "count_delete",
       "sum_timer_delete"},
      {Row{"_a", "tabItem", "PRIMARY", "1", "1000000000000", "0", "0", "3", "3000000000000", "4",
           "250"},
       Row{"_a", "tabItem", std::nullopt, "0", "0", "2", "2500000000000", "0", "0", "0", "0"}}};
  std::shared_ptr<FakeMariadb> server_ = std::make_shared<FakeMariadb>();
  CollectorContext context_;
};

TEST_F(MariadbTableIoTest, HasTheNamesOfMysqldExporter) {
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  ExpectGolden("mariadb_table_io", run.text);
  // Only where no index was used.
  EXPECT_THAT(run.text, HasSubstr(R"(index="NONE",operation="insert"} 2)"));
  EXPECT_THAT(run.text, Not(HasSubstr(R"(index="PRIMARY",operation="insert")")));
}

TEST_F(MariadbTableIoTest, AsksForWhatTookMostTime) {
  (void)Run();
  ASSERT_EQ(2u, server_->statements.size());
  for (const std::string& statement : server_->statements) {
    EXPECT_THAT(statement, HasSubstr(" NOT IN ('mysql', 'performance_schema') ORDER BY "
                                     "SUM_TIMER_WAIT DESC, COUNT_STAR DESC, OBJECT_SCHEMA, "));
  }
  EXPECT_THAT(server_->statements[0], testing::EndsWith(" LIMIT 100"));
  EXPECT_THAT(server_->statements[1], testing::EndsWith(" LIMIT 250"));
}

TEST_F(MariadbTableIoTest, IsAbsentWhereItIsOffOrNotForUs) {
  const auto indexes = indexes_;
  indexes_ = Fail(ErrorKind::kPermission, "permission (error 1142)");
  Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_THAT(run.text, HasSubstr("_table_io_waits_total"));
  EXPECT_THAT(run.text, Not(HasSubstr("_index_io_waits_total")));
  indexes_ = indexes;
  tables_ = Fail(ErrorKind::kUnsupported, "no such table");
  run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_THAT(run.text, Not(HasSubstr("_table_io_waits_total")));
  EXPECT_THAT(run.text, HasSubstr("_index_io_waits_total"));
  tables_ = indexes_ = MariadbTable{};
  EXPECT_EQ("", Run().text);
}

TEST_F(MariadbTableIoTest, FailsWithTheServerAndKeepsTheRest) {
  indexes_ = Fail(ErrorKind::kTimeout, "no answer in time");
  Collected run = Run();
  EXPECT_EQ("timeout", run.Kind());
  EXPECT_THAT(run.text, HasSubstr("_table_io_waits_total"));
  std::swap(tables_, indexes_);
  run = Run();
  EXPECT_EQ("timeout", run.Kind());
  EXPECT_THAT(run.text, HasSubstr("_index_io_waits_total"));
}

TEST_F(MariadbTableIoTest, TakesAnyRows) {
  tables_ = MariadbTable{{"OBJECT_SCHEMA", "OBJECT_NAME", "count_fetch", "sum_timer_fetch"},
                         {Row{}, Row{std::nullopt, "t", "1", "1"}, Row{"s", std::nullopt, "1", "1"},
                          Row{"\xFF", "\xFF\"\n", "-1", "nan"}, Row{"s", "t", "4", "1e999"}}};
  // An index may have any name, but a series can be there only once.
  indexes_->rows.push_back(Row{"_a", "tabItem", "NONE", "9", "9", "9", "9", "9", "9", "9", "9"});
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("4", run.Value("mysql_perf_schema_table_io_waits_total{schema=\"s\",name=\"t\","
                           "operation=\"fetch\"}"));
  EXPECT_EQ("absent", run.Value("mysql_perf_schema_table_io_waits_seconds_total"));
  EXPECT_EQ("0", run.Value("mysql_perf_schema_index_io_waits_total{schema=\"_a\",name=\"tabItem\","
                           "index=\"NONE\",operation=\"fetch\"}"));
}

}  // namespace
}  // namespace erpnext
