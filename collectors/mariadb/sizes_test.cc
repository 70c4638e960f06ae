// SPDX-License-Identifier: Apache-2.0
#include "collectors/mariadb/sizes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/testing/collect.h"
#include "collectors/testing/fake_sites.h"
#include "sources/testing/fake_mariadb.h"

namespace erpnext {
namespace {

using testing::HasSubstr;
using Row = std::vector<std::optional<std::string>>;

class MariadbSizesTest : public testing::Test {
 protected:
  MariadbSizesTest() {
    bench_.database = {"mariadb", {"", "db1", 3306}};
    AddSite(bench_, "a.example", R"({"db_name": "_a"})");
    AddSite(bench_, "b.example", R"({"db_name": "_b'"})");
    server_->answers = {{"/* mariadb_sizes */", [this] { return answer_; }}};
    context_.mariadb_server = [this](const MariadbOptions&) { return server_; };
    Publish(context_, {bench_});
  }
  Collected Run() { return CollectOnce(kMariadbSizesCollector, context_); }

  Result<MariadbTable> answer_ = MariadbTable{
      {},
      {Row{"tabGL Entry", "1000", "65536", "32768"}, Row{"tabBin#P#p0", "10", "16384", "0"},
       Row{"tabBin#p#p1", "20", "16384", "16384"}, Row{"#sql-ib77", "9", "1000000", "0"},
       Row{"tabA", "0", "16384", "0"}, Row{"tabB", "0", "16384", "1"},
       Row{"tabC", "0", "16384", "2"}, Row{"__Auth", "3", "16384", "16384"}}};
  std::shared_ptr<FakeMariadb> server_ = std::make_shared<FakeMariadb>();
  CollectorContext context_;
  Bench bench_ = MakeBench("b");
};

TEST_F(MariadbSizesTest, PublishesEachDatabaseAndItsLargestTables) {
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  ExpectGolden("mariadb_sizes", run.text);
  ASSERT_EQ(2u, server_->statements.size());
  EXPECT_THAT(server_->statements[1], HasSubstr("database_name = '_b'''"));
}

TEST_F(MariadbSizesTest, ADatabaseWithoutTablesIsNotThere) {
  answer_ = MariadbTable{};
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("", run.text);
}

TEST_F(MariadbSizesTest, WhoMayNotSeeItMissesNothingAndAsksOnce) {
  answer_ = Fail(ErrorKind::kPermission, "SELECT command denied");
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("", run.text);
  EXPECT_EQ(1u, server_->statements.size());
  answer_ = Fail(ErrorKind::kTimeout, "no answer in time");
  EXPECT_EQ("timeout", Run().Kind());
}

TEST_F(MariadbSizesTest, TakesHostileRows) {
  answer_ =
      MariadbTable{{}, {Row{}, Row{std::nullopt, "1", "1", "1"}, Row{"\xFF#P#", "x", "", "-1"}}};
  EXPECT_TRUE(Run().status);
}

}  // namespace
}  // namespace erpnext
