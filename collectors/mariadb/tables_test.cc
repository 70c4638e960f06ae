// SPDX-License-Identifier: Apache-2.0
#include "collectors/mariadb/tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/testing/collect.h"
#include "sources/testing/fake_mariadb.h"

namespace erpnext {
namespace {

using testing::HasSubstr;
using Row = std::vector<std::optional<std::string>>;

class MariadbTablesTest : public testing::Test {
 protected:
  MariadbTablesTest() {
    server_->answers = {{"/* mariadb_tables */", [this] { return answer_; }}};
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
  std::shared_ptr<FakeMariadb> server_ = std::make_shared<FakeMariadb>();
  CollectorContext context_;
};

TEST_F(MariadbTablesTest, PublishesTheLargest) {
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  ExpectGolden("mariadb_tables", run.text);
  ASSERT_EQ(1u, server_->statements.size());
  EXPECT_THAT(server_->statements[0], HasSubstr(" LIMIT 100"));
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
