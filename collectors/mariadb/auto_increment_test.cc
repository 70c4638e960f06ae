// SPDX-License-Identifier: Apache-2.0
#include "collectors/mariadb/auto_increment.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "collectors/testing/collect.h"
#include "sources/testing/fake_mariadb.h"

namespace erpnext {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using Row = std::vector<std::optional<std::string>>;

constexpr const char* kValue = "mysql_info_schema_auto_increment_column";
constexpr const char* kMax = "mysql_info_schema_auto_increment_column_max";

class AutoIncrementTest : public testing::Test {
 protected:
  AutoIncrementTest() {
    const std::string of = "/* mariadb_auto_increment */ SELECT ";
    server_->answers = {{of + "SCHEMA_NAME", [this] { return schemas_; }},
                        {of + "TABLE_NAME", [this] { return Columns(); }},
                        {of + "TABLE_SCHEMA", [this] { return values_; }}};
    context_.mariadb_server = [this](const MariadbOptions&) { return server_; };
    Bench bench = MakeBench("b");
    bench.database = {"mariadb", {"", "db1", 3306}};
    Publish(context_, {bench});
  }
  Collected Run() { return CollectOnce(kAutoIncrementCollector, context_); }
  static std::string Of(const char* family, const std::string& table, const std::string& column) {
    return fmt::format(R"({}{{schema="blog",table="{}",column="{}"}})", family, table, column);
  }

  Result<MariadbTable> schemas_ = MariadbTable{{"SCHEMA_NAME"}, {Row{"_site"}, Row{"blog"}}};
  Result<MariadbTable> site_ = MariadbTable{};
  Result<MariadbTable> columns_ = MariadbTable{
      {"TABLE_NAME", "COLUMN_NAME", "DATA_TYPE", "COLUMN_TYPE"},
      {Row{"posts", "id", "int", "int(10) unsigned"}, Row{"tags", "tag", "tinyint", "tinyint(4)"},
       Row{"hits", "id", "bigint", "bigint(20)"}}};
  Result<MariadbTable> values_ = MariadbTable{
      {"TABLE_SCHEMA", "TABLE_NAME", "AUTO_INCREMENT"},
      {Row{"blog", "posts", "101"}, Row{"blog", "tags", "127"}, Row{"blog", "hits", "5"}}};
  std::shared_ptr<FakeMariadb> server_ = std::make_shared<FakeMariadb>();
  CollectorContext context_;

 private:
  Result<MariadbTable> Columns() {
    return server_->statements.back().find("TABLE_SCHEMA = 'blog'") == std::string::npos ? site_
                                                                                         : columns_;
  }
};

TEST_F(AutoIncrementTest, PublishesTheFullest) {
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  ExpectGolden("mariadb_auto_increment", run.text);
}

TEST_F(AutoIncrementTest, OpensOnlyTablesWithSuchAColumn) {
  Run();
  ASSERT_EQ(4u, server_->statements.size());
  EXPECT_THAT(server_->statements[3],
              HasSubstr("TABLE_SCHEMA = 'blog' AND TABLE_NAME IN ('posts'"));
  columns_->rows.clear();
  server_->statements.clear();
  EXPECT_EQ("", Run().text);
  EXPECT_THAT(server_->statements, Not(Contains(HasSubstr("information_schema.TABLES"))));
}

TEST_F(AutoIncrementTest, TheLargestValueIsThatOfTheType) {
  columns_->rows.clear();
  values_->rows.clear();
  const std::vector<std::array<std::string, 3>> types = {
      {"tinyint", "tinyint(4)", "127"},
      {"tinyint", "tinyint(3) unsigned", "255"},
      {"smallint", "smallint(6)", "32767"},
      {"mediumint", "mediumint(8) unsigned", "16777215"},
      {"int", "int(11)", "2147483647"},
      {"int", "int(10) unsigned zerofill", "4294967295"},
      {"bigint", "bigint(20)", "9.223372036854776e+18"},
      {"double", "double", "absent"}};
  for (const auto& type : types) {
    columns_->rows.push_back({type[1], "id", type[0], type[1]});
    values_->rows.push_back({"blog", type[1], "1"});
  }
  const Collected run = Run();
  for (const auto& type : types) {
    EXPECT_EQ(type[2], run.Value(Of(kMax, type[1], "id"))) << type[1];
  }
}

TEST_F(AutoIncrementTest, OfManyItPublishesAHundred) {
  columns_->rows.clear();
  values_->rows.clear();
  for (int i = 0; i < 300; ++i) {
    columns_->rows.push_back({fmt::format("t{}", i), "id", "int", "int(11)"});
    values_->rows.push_back({"blog", fmt::format("t{}", i), fmt::format("{}", 1000 + i)});
  }
  const Collected run = Run();
  EXPECT_EQ("1299", run.Value(Of(kValue, "t299", "id")));
  EXPECT_EQ("1200", run.Value(Of(kValue, "t200", "id")));
  EXPECT_EQ("absent", run.Value(Of(kValue, "t199", "id")));
  EXPECT_EQ("absent", run.Value(Of(kMax, "t199", "id")));
}

TEST_F(AutoIncrementTest, ALockedTableMissesNoOther) {
  values_->rows[0][2] = std::nullopt;
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("absent", run.Value(Of(kValue, "posts", "id")));
  EXPECT_EQ("absent", run.Value(Of(kMax, "posts", "id")));
  EXPECT_EQ("127", run.Value(Of(kValue, "tags", "tag")));
}

TEST_F(AutoIncrementTest, WhatFailsIsToldAndTheRestIsThere) {
  site_ = Fail(ErrorKind::kTimeout, "no answer in time");
  Collected run = Run();
  EXPECT_EQ("timeout", run.Kind());
  EXPECT_EQ("101", run.Value(Of(kValue, "posts", "id")));
  site_ = MariadbTable{};
  values_ = Fail(ErrorKind::kUnavailable, "lost");
  run = Run();
  EXPECT_EQ("unavailable", run.Kind());
  EXPECT_EQ("", run.text);
  schemas_ = Fail(ErrorKind::kRefused, "refused");
  EXPECT_EQ("refused", Run().Kind());
}

TEST_F(AutoIncrementTest, TakesHostileRows) {
  schemas_->rows = {Row{}, Row{std::nullopt}, Row{"blog"}};
  columns_->rows = {Row{},
                    Row{"a", "b", "int"},
                    Row{std::nullopt, "id", "int", "int"},
                    Row{"\xFF'", "i\nd", "int", "int"},
                    Row{"minus", "id", "int", "int"},
                    Row{"word", "id", "int", "int"}};
  values_->rows = {Row{}, Row{"blog"}, Row{"blog", "\xFF'", "7"}, Row{"blog", "minus", "-1"},
                   Row{"blog", "word", "x"}};
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_THAT(run.text, HasSubstr(" 7\n"));
  EXPECT_THAT(run.text, Not(HasSubstr("minus")));
  EXPECT_THAT(run.text, Not(HasSubstr("word")));
}

}  // namespace
}  // namespace erpnext
