// SPDX-License-Identifier: Apache-2.0
#include "collectors/mariadb/userstat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "collectors/testing/collect.h"
#include "sources/testing/fake_mariadb.h"

namespace erpnext {
namespace {

using testing::HasSubstr;
using testing::Not;
using Row = std::vector<std::optional<std::string>>;

class MariadbUserstatTest : public testing::Test {
 protected:
  MariadbUserstatTest() {
    const auto from = [](const std::string& columns, const std::string& table) {
      return "/* mariadb_userstat */ SELECT " + columns + " FROM information_schema." + table;
    };
    server_->answers = {
        {"/* mariadb_userstat */ SHOW", [this] { return FakeMariadb::Pairs(variables_); }},
        {from("*", "USER_STATISTICS"), [this] { return users_; }},
        {from("*", "CLIENT_STATISTICS"), [this] { return clients_; }},
        {"/* mariadb_userstat */ SELECT TABLE_SCHEMA, TABLE_NAME", [this] { return tables_; }},
        {"/* mariadb_userstat */ SELECT TABLE_SCHEMA, SUM", [this] { return schemas_; }}};
    context_.mariadb_server = [this](const MariadbOptions&) { return server_; };
    Bench bench = MakeBench("b");
    bench.database = {"mariadb", {"", "db1", 3306}};
    Publish(context_, {bench});
  }
  Collected Run() { return CollectOnce(kMariadbUserstatCollector, context_); }

  std::vector<std::pair<std::string, std::string>> variables_ = {{"userstat", "ON"}};
  Result<MariadbTable> users_ = MariadbTable{
      {"USER", "TOTAL_CONNECTIONS", "BUSY_TIME", "ROWS_READ", "MAX_STATEMENT_TIME_EXCEEDED", "NEW"},
      {Row{"_site1", "7", "1.25", "1000", "2", "1"}, Row{"root", "1", "0", "0", "0", "1"}}};
  Result<MariadbTable> clients_ =
      MariadbTable{{"CLIENT", "CONCURRENT_CONNECTIONS", "CPU_TIME", "MAX_STATEMENT_TIME_EXCEEDED"},
                   {Row{"localhost", "3", "0.5", "2"}}};
  Result<MariadbTable> tables_ = MariadbTable{
      {"TABLE_SCHEMA", "TABLE_NAME", "ROWS_READ", "ROWS_CHANGED", "ROWS_CHANGED_X_INDEXES"},
      {Row{"_site1", "tabGL Entry", "900", "10", "70"}}};
  Result<MariadbTable> schemas_ =
      MariadbTable{{"TABLE_SCHEMA", "ROWS_READ", "ROWS_CHANGED", "ROWS_CHANGED_X_INDEXES"},
                   {Row{"_site1", "950", "11", "71"}}};
  std::shared_ptr<FakeMariadb> server_ = std::make_shared<FakeMariadb>();
  CollectorContext context_;
};

TEST_F(MariadbUserstatTest, PublishesWhatTheServerCounts) {
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  ExpectGolden("mariadb_userstat", run.text);
  EXPECT_THAT(server_->statements, testing::Each(testing::StartsWith("/* mariadb_userstat */")));
  EXPECT_EQ(4, std::count_if(server_->statements.begin(), server_->statements.end(),
                             [](const std::string& each) {
                               return each.find(" LIMIT ") != std::string::npos;
                             }));
}

TEST_F(MariadbUserstatTest, IsSilentWhereTheServerDoesNotCount) {
  for (const auto& variables :
       {decltype(variables_){{"userstat", "OFF"}}, decltype(variables_){}}) {
    variables_ = variables;
    server_->statements.clear();
    const Collected run = Run();
    EXPECT_TRUE(run.status);
    EXPECT_EQ("", run.text);
    EXPECT_EQ(1u, server_->statements.size());
  }
}

TEST_F(MariadbUserstatTest, OneStatementThatFailsDoesNotTakeTheOthers) {
  clients_ = Fail(ErrorKind::kTimeout, "no answer in time");
  const Collected run = Run();
  EXPECT_EQ("timeout", run.Kind());
  EXPECT_THAT(run.text, Not(HasSubstr("mysql_info_schema_client_statistics_")));
  EXPECT_EQ("950",
            run.Value(R"(mysql_info_schema_schema_statistics_rows_read_total{schema="_site1"})"));
}

TEST_F(MariadbUserstatTest, WhoMayNotSeeThemGetsNoRows) {
  users_ = clients_ = tables_ = schemas_ = MariadbTable{{"USER", "CLIENT", "TABLE_SCHEMA"}, {}};
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("", run.text);
}

TEST_F(MariadbUserstatTest, TakesHostileRows) {
  users_ = MariadbTable{{"ROWS_READ", "USER", "BUSY_TIME"},
                        {Row{}, Row{"1"}, Row{"1", std::nullopt, "2"}, Row{"-1", "\xFF", "nan"},
                         Row{"5", std::string(1000, 'u'), "x"}}};
  clients_ = MariadbTable{};
  tables_ = MariadbTable{{"TABLE_NAME"}, {Row{"tabA"}, Row{}}};
  schemas_ = MariadbTable{{"TABLE_SCHEMA", "ROWS_READ"}, {Row{"s", "1e999"}, Row{"t", ""}}};
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_THAT(run.text, HasSubstr("mysql_info_schema_user_statistics_rows_read_total{user=\"uuu"));
  EXPECT_THAT(run.text, Not(HasSubstr("schema_statistics")));
  EXPECT_THAT(run.text, Not(HasSubstr("\\xFF")));
}

}  // namespace
}  // namespace erpnext
