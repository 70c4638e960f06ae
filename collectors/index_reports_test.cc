// SPDX-License-Identifier: Apache-2.0
#include "collectors/index_reports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "collectors/testing/collect.h"
#include "sources/testing/fake_mariadb.h"

namespace erpnext {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Row = std::vector<std::optional<std::string>>;

MariadbTable OneList(std::string words, const std::string& entries) {
  std::replace(words.begin(), words.end(), ' ', '\0');
  return {{}, {Row{words + '\0', entries}}};
}

class IndexReportsTest : public testing::Test {
 protected:
  IndexReportsTest() {
    const std::string begin = "/* mariadb_indexes */ ";
    server_->answers = {
        {begin + "SELECT GROUP_CONCAT(TABLE_ID, X'00', CONVERT", [this] { return tables_; }},
        {begin + "SELECT GROUP_CONCAT(TABLE_ID, X'00', INDEX_ID",
         [] { return OneList("1 11 0 a 1 12 0 b 2 21 0 a 2 22 0 b", "4"); }},
        {begin + "SELECT GROUP_CONCAT(INDEX_ID",
         [] { return OneList("11 x 12 x 21 x 22 x", "4"); }},
        {begin + "SELECT @@userstat",
         [this] {
           return MariadbTable{{}, {settings_}};
         }},
        {begin + "SHOW GLOBAL STATUS",
         [] {
           return FakeMariadb::Pairs({{"Uptime", "604800"}});
         }},
        {begin + "SELECT OBJECT_SCHEMA", [this] { return waits_; }},
        {begin + "SELECT TABLE_SCHEMA", [] { return MariadbTable{}; }},
        {begin + "SELECT table_name, n_rows", [this] { return rows_; }},
        {begin + "SELECT table_name, index_name", [] { return MariadbTable{}; }},
        {begin + "SELECT TABLE_ID, NAME, MTYPE",
         [] {
           return MariadbTable{{}, {Row{"1", "x", "12"}, Row{"2", "x", "12"}}};
         }},
        {"/* statement_digests */", [this] { return digests_; }}};
    context_.mariadb_server = [this](const MariadbOptions&) { return server_; };
    Bench bench = MakeBench("b");
    bench.database = {"mariadb", {"", "db1", 3306}};
    AddSite(bench, "a.example", R"({"db_name": "_a", "db_host": "db1"})");
    AddSite(bench, "b.example", R"({"db_name": "_b", "db_host": "db1"})");
    Publish(context_, {bench});
  }
  IndexReports Read(const std::string& site = "") {
    return ReadIndexReports(context_, site, Deadline::After(std::chrono::seconds(5)));
  }

  Row settings_ = {"0", "1"};
  Result<MariadbTable> rows_ = MariadbTable{{}, {Row{"tabX", "1000"}}};
  Result<MariadbTable> tables_ = OneList("1 _a tabX 2 _b tabX", "2");
  Result<MariadbTable> waits_ = MariadbTable{};
  Result<MariadbTable> digests_ = MariadbTable{{"SCHEMA_NAME"}, {Row{"_c"}}};
  std::shared_ptr<FakeMariadb> server_ = std::make_shared<FakeMariadb>();
  CollectorContext context_;
};

TEST_F(IndexReportsTest, OfAllSitesOrOne) {
  IndexReports reports = Read();
  ASSERT_EQ(1u, reports.servers.size());
  EXPECT_EQ(2u, reports.servers[0].advice.size());
  EXPECT_THAT(reports.gaps, IsEmpty());
  reports = Read("b.example");
  ASSERT_EQ(1u, reports.servers.size());
  ASSERT_EQ(1u, reports.servers[0].advice.size());
  EXPECT_EQ("b.example", reports.servers[0].advice[0].where.site);
  EXPECT_TRUE(Read("nobody.example").servers.empty());
}

TEST_F(IndexReportsTest, SaysWhatIsNotKnown) {
  waits_ = Fail(ErrorKind::kPermission, "denied");
  digests_ = Fail(ErrorKind::kPermission, "denied");
  EXPECT_THAT(Read().gaps, ElementsAre(HasSubstr("indexes that are missing are not known"),
                                       HasSubstr("indexes that are not used are not known")));
  rows_ = Fail(ErrorKind::kPermission, "denied");
  EXPECT_THAT(Read().gaps, testing::Contains(HasSubstr("tables that are small are not known")));
  tables_ = Fail(ErrorKind::kPermission, "denied");
  const IndexReports none = Read();
  EXPECT_TRUE(none.servers.empty());
  EXPECT_THAT(none.gaps, ElementsAre(HasSubstr("the login needs PROCESS")));
  tables_ = Fail(ErrorKind::kRefused, "no server there");
  EXPECT_THAT(Read().gaps, ElementsAre("no server there"));
}

TEST_F(IndexReportsTest, SinceWhenUserstatCountsIsWhatTheCollectorSaw) {
  settings_ = {"1", "0"};
  EXPECT_FALSE(Read().servers.at(0).unused);
  EXPECT_TRUE(context_.state->Save("mariadb_indexes.json",
                                   R"({"servers": {"db1:3306": {"counts": true, "since": 0,)"
                                   R"( "uptime": 604200, "reads": {}}}})"));
  EXPECT_TRUE(Read().servers.at(0).unused);
  EXPECT_TRUE(Read("b.example").servers.at(0).unused);
  EXPECT_TRUE(context_.state->Save("mariadb_indexes.json", "{}"));
  const IndexReports reports = Read();
  EXPECT_FALSE(reports.servers.at(0).unused);
  EXPECT_THAT(reports.gaps, testing::Contains(HasSubstr("userstat is no evidence")));
}

}  // namespace
}  // namespace erpnext
