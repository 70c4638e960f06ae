// SPDX-License-Identifier: Apache-2.0
#include "collectors/mariadb/tables.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/testing/collect.h"
#include "sources/testing/fake_mariadb.h"

namespace erpnext {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using Row = std::vector<std::optional<std::string>>;

class MariadbTablesTest : public testing::Test {
 protected:
  MariadbTablesTest() {
    server_->answers = {{"/* mariadb_tables */ SELECT database_name", [this] { return answer_; }},
                        {"/* mariadb_tables */ SELECT GROUP_CONCAT", [this] { return files_; }},
                        {"/* mariadb_tables */ SELECT TABLE_SCHEMA", [this] { return opened_; }}};
    context_.mariadb_server = [this](const MariadbOptions&) { return server_; };
    Bench bench = MakeBench("b");
    bench.database = {"mariadb", {"", "db1", 3306}};
    Publish(context_, {bench});
  }
  Collected Run() { return CollectOnce(kMariadbTablesCollector, context_); }

  Result<MariadbTable> answer_ =
      MariadbTable{{"database_name", "whole_table", "table_rows", "data_length", "index_length"},
                   {Row{"_a", "tabGL Entry", "1000", "65536", "32768"},
                    Row{"_b", "tabVersion", "7", "16384", "0"}}};
  Result<MariadbTable> files_ = MariadbTable{};
  Result<MariadbTable> opened_ =
      MariadbTable{{"TABLE_SCHEMA", "TABLE_NAME", "TABLE_TYPE", "ENGINE", "VERSION", "ROW_FORMAT",
                    "DATA_FREE", "CREATE_OPTIONS"},
                   {Row{"_a", "tabGL Entry", "BASE TABLE", "InnoDB", "10", "Dynamic", "4194304",
                        "row_format=DYNAMIC"},
                    Row{"_b", "tabVersion", "BASE TABLE", "InnoDB", "10", "Compressed", "0", ""}}};
  std::shared_ptr<FakeMariadb> server_ = std::make_shared<FakeMariadb>();
  CollectorContext context_;
};

TEST_F(MariadbTablesTest, PublishesTheLargest) {
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  ExpectGolden("mariadb_tables", run.text);
  ASSERT_EQ(2u, server_->statements.size());
  EXPECT_THAT(server_->statements, Not(Contains(HasSubstr("information_schema.TABLES"))));
}

TEST_F(MariadbTablesTest, OpensTheLargestWhereItMay) {
  context_.settings.open_tables = true;
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  ExpectGolden("mariadb_tables_opened", run.text);
  ASSERT_EQ(4u, server_->statements.size());
  EXPECT_THAT(server_->statements[2], HasSubstr("TABLE_SCHEMA = '_a' AND TABLE_NAME IN ('tabGL"));
}

TEST_F(MariadbTablesTest, ALockedTableMissesOnlyWhatItMustBeOpenedFor) {
  context_.settings.open_tables = true;
  for (std::size_t i = 2; i < opened_->columns.size(); ++i) opened_->rows[0][i] = std::nullopt;
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_THAT(run.text, Not(HasSubstr(R"(table="tabGL Entry",type=)")));
  const std::string of = R"(mysql_info_schema_table_size{schema="_)";
  EXPECT_EQ("absent", run.Value(of + R"(a",table="tabGL Entry",component="data_free"})"));
  EXPECT_EQ("65536", run.Value(of + R"(a",table="tabGL Entry",component="data_length"})"));
  EXPECT_EQ("0", run.Value(of + R"(b",table="tabVersion",component="data_free"})"));
  opened_ = Fail(ErrorKind::kTimeout, "no answer in time");
  EXPECT_EQ("timeout", Run().Kind());
  EXPECT_EQ("65536", Run().Value(of + R"(a",table="tabGL Entry",component="data_length"})"));
}

TEST_F(MariadbTablesTest, PagesOfCompressedTablesAreSmaller) {
  answer_ = MariadbTable{
      {"database_name", "whole_table", "table_rows", "data_length", "index_length", "page_size"},
      {}};
  for (int i = 0; i < 120; ++i) {
    answer_->rows.push_back({"_a", fmt::format("t{}", i), "1", "65536", "32768", "16384"});
  }
  files_ = PackedEntries({{"_a", "t7", "8192", "0"}, {"_b", "t8", "8192", "0"}});
  const Collected run = Run();
  EXPECT_EQ("absent", run.Value(R"(mysql_info_schema_table_rows{schema="_a",table="t7"})"));
  EXPECT_EQ("1", run.Value(R"(mysql_info_schema_table_rows{schema="_a",table="t100"})"));
  EXPECT_EQ("absent", run.Value(R"(mysql_info_schema_table_rows{schema="_a",table="t101"})"));
  answer_->rows.resize(8);
  EXPECT_THAT(Run().text, HasSubstr(R"({schema="_a",table="t7",component="index_length"} 16384)"
                                    "\n"));
  files_ = Fail(ErrorKind::kUnavailable, "lost");
  EXPECT_EQ("unavailable", Run().Kind());
}

TEST_F(MariadbTablesTest, WhoMayNotSeeItMissesNothing) {
  answer_ = Fail(ErrorKind::kPermission, "SELECT command denied");
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("", run.text);
  answer_ = Fail(ErrorKind::kTimeout, "no answer in time");
  EXPECT_EQ("timeout", Run().Kind());
}

TEST_F(MariadbTablesTest, AServerWithoutTablesIsSilent) {
  answer_->rows.clear();
  EXPECT_EQ("", Run().text);
}

TEST_F(MariadbTablesTest, TakesHostileRows) {
  answer_ = MariadbTable{{"database_name", "whole_table", "table_rows", "data_length"},
                         {Row{}, Row{"a", std::nullopt, "1", "1"}, Row{"\xFF", "t", "x", "1e999"},
                          Row{"a", "t", "5", ""}}};
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("5", run.Value(R"(mysql_info_schema_table_rows{schema="a",table="t"})"));
  EXPECT_EQ("absent", run.Value("mysql_info_schema_table_size"));
}

}  // namespace
}  // namespace erpnext
