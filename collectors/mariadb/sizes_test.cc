// SPDX-License-Identifier: Apache-2.0
#include "collectors/mariadb/sizes.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

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
    AddSite(bench_, "a.example", R"({"db_host": "db1", "db_name": "_a"})");
    AddSite(bench_, "b.example", R"({"db_host": "db1", "db_name": "_b'"})");
    server_->answers = {{"/* mariadb_sizes */ SELECT table_name", [this] { return answer_; }},
                        {"/* mariadb_sizes */ SELECT GROUP_CONCAT", [this] { return files_; }}};
    other_->answers = {{"/* mariadb_sizes */ SELECT table_name", [this] { return of_other_; }},
                       {"/* mariadb_sizes */ SELECT GROUP_CONCAT", [this] { return files_; }}};
    context_.mariadb_server = [this](const MariadbOptions& options) {
      return options.address.host == "db2" ? other_ : server_;
    };
    Publish(context_, {bench_});
  }
  Collected Run() { return CollectOnce(kMariadbSizesCollector, context_); }

  // Pages, the last figure is their size.
  Result<MariadbTable> answer_ = MariadbTable{
      {},
      {Row{"tabGL Entry", "1000", "4", "2", "16384"}, Row{"tabBin#P#p0", "10", "1", "0", "16384"},
       Row{"tabBin#p#p1", "20", "1", "1", "16384"}, Row{"#sql-ib77", "9", "60", "0", "16384"},
       Row{"tabA", "0", "1", "0", "16384"}, Row{"tabB", "0", "1", "3", "16384"},
       Row{"tabC", "0", "2", "0", "16384"}, Row{"__Auth", "3", "1", "1", "16384"}}};
  Result<MariadbTable> files_ = PackedEntries({{"_a", "tabGL Entry", "16384", "1000000"},
                                               {"_a", "tabBin", "16384", "65536"},
                                               {"_a", "tabBin", "16384", "163840"},
                                               {"_a", "tabC", "8192", "40960"},
                                               {"_a", "__Auth", "16384", "16384"},
                                               {"_other", "tabX", "16384", "9999999"},
                                               {"_a", "FTS_1", "16384", "9999999"}});
  Result<MariadbTable> of_other_ = MariadbTable{{}, {Row{"tabOwn", "1", "1", "0", "4096"}}};
  std::shared_ptr<FakeMariadb> server_ = std::make_shared<FakeMariadb>();
  std::shared_ptr<FakeMariadb> other_ = std::make_shared<FakeMariadb>();
  CollectorContext context_;
  Bench bench_ = MakeBench("b");
};

TEST_F(MariadbSizesTest, PublishesEachDatabaseAndItsLargestTables) {
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  ExpectGolden("mariadb_sizes", run.text);
  ASSERT_EQ(3u, server_->statements.size());
  EXPECT_THAT(server_->statements[2], HasSubstr("database_name = '_b'''"));
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
  EXPECT_EQ(2u, server_->statements.size());
  answer_ = Fail(ErrorKind::kTimeout, "no answer in time");
  EXPECT_EQ("timeout", Run().Kind());
}

constexpr const char* kOfA = R"(erpnext_site_database_bytes{bench="b",site="a.example",kind=")";

TEST_F(MariadbSizesTest, FreeIsWhatFilesHoldBeyondTheirPages) {
  // Three pages of each file, and its data and indexes; never less than nothing.
  const double gl_entry = 1000000 - (3 + 6) * 16384, bin = 65536 + 163840 - (2 * 3 + 3) * 16384;
  EXPECT_EQ(fmt::format("{}", gl_entry + bin), Run().Value(std::string(kOfA) + "free\"}"));
}

TEST_F(MariadbSizesTest, PagesOfCompressedTablesAreSmaller) {
  answer_->rows = {Row{"tabC", "0", "2", "1", "16384"}};
  const Collected run = Run();
  EXPECT_EQ("16384", run.Value(std::string(kOfA) + "data\"}"));
  EXPECT_EQ("8192", run.Value(std::string(kOfA) + "index\"}"));
}

TEST_F(MariadbSizesTest, WithoutThePrivilegeFreeBytesAreAbsent) {
  files_ = Fail(ErrorKind::kPermission, "Access denied; you need PROCESS");
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("absent", run.Value(std::string(kOfA) + "free\"}"));
  EXPECT_NE("absent", run.Value(std::string(kOfA) + "data\"}"));
}

TEST_F(MariadbSizesTest, WithoutPageSizesThatMayBeWrongThereAreNone) {
  files_ = Fail(ErrorKind::kTimeout, "no answer in time");
  const Collected run = Run();
  EXPECT_EQ("timeout", run.Kind());
  EXPECT_EQ("", run.text);
}

TEST_F(MariadbSizesTest, FilesOfAServerAreReadOnce) {
  Bench second = bench_;
  second.name = "c";
  Publish(context_, {bench_, second});
  Run();
  EXPECT_EQ(1, std::count_if(server_->statements.begin(), server_->statements.end(),
                             [](const std::string& statement) {
                               return statement.find("INNODB_SYS_TABLESPACES") != std::string::npos;
                             }));
}

// Also where the bench's server has a copy of its database from before it moved.
TEST_F(MariadbSizesTest, ASiteOnAnotherServerIsMeasuredThere) {
  AddSite(bench_, "c.example", R"({"db_host": "db2", "db_name": "_c"})");
  Publish(context_, {bench_});
  const std::string of_other =
      R"(erpnext_site_database_bytes{bench="b",site="c.example",kind="data"})";
  EXPECT_EQ("4096", Run().Value(of_other));
  answer_ = Fail(ErrorKind::kPermission, "SELECT command denied");
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("4096", run.Value(of_other));
}

TEST_F(MariadbSizesTest, TakesHostileRows) {
  answer_ = MariadbTable{
      {}, {Row{}, Row{std::nullopt, "1", "1", "1", "1"}, Row{"\xFF#P#", "x", "", "-1", "y"}}};
  EXPECT_TRUE(Run().status);
}

}  // namespace
}  // namespace erpnext
