// SPDX-License-Identifier: Apache-2.0
#include "collectors/mariadb/indexes.h"

#include <fmt/core.h>
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

std::string List(std::string words) {
  std::replace(words.begin(), words.end(), ' ', '\0');
  return words + '\0';
}
MariadbTable OneList(const std::string& words, std::size_t entries) {
  return {{}, {Row{List(words), fmt::format("{}", entries)}}};
}

class MariadbIndexesTest : public testing::Test {
 protected:
  MariadbIndexesTest() {
    const std::string begin = "/* mariadb_indexes */ ";
    server_->answers = {
        {begin + "SELECT GROUP_CONCAT(TABLE_ID, X'00', CONVERT", [this] { return tables_; }},
        {begin + "SELECT GROUP_CONCAT(TABLE_ID, X'00', INDEX_ID", [this] { return indexes_; }},
        {begin + "SELECT GROUP_CONCAT(INDEX_ID", [this] { return fields_; }},
        {begin + "SELECT @@userstat",
         [this] {
           return MariadbTable{{}, {Row{userstat_, "0"}}};
         }},
        {begin + "SHOW GLOBAL STATUS",
         [this] {
           return FakeMariadb::Pairs({{"Uptime", uptime_}});
         }},
        {begin + "SELECT TABLE_SCHEMA, TABLE_NAME, GROUP_CONCAT", [this] { return reads_; }},
        {begin + "SELECT TABLE_SCHEMA, TABLE_NAME, NULL", [] { return MariadbTable{}; }},
        {begin + "SELECT table_name, n_rows", [this] { return rows_; }},
        {begin + "SELECT table_name, index_name", [this] { return statistics_; }},
        {begin + "SELECT TABLE_ID, NAME, MTYPE", [this] { return columns_; }},
        {"/* statement_digests */", [this] { return digests_; }}};
    context_.mariadb_server = [this](const MariadbOptions& options) {
      return options.address.host == "db2" ? far_server_ : server_;
    };
    bench_.database = {"mariadb", {"", "db1", 3306}};
    AddSite(bench_, "a.example", R"({"db_name": "_a", "db_host": "db1"})");
    AddSite(bench_, "b.example", R"({"db_name": "_b", "db_host": "db1"})");
    AddSite(bench_, "far.example", R"({"db_name": "_far", "db_host": "db2"})");
    Publish(context_, {bench_});
    UserstatCountsSince(0);
  }
  // As the collector left it ten minutes ago.
  void UserstatCountsSince(int uptime) {
    EXPECT_TRUE(context_.state->Save(
        "mariadb_indexes.json",
        fmt::format("{{\"servers\": {{\"db1:3306\": {{\"counts\": true, \"since\": {}, \"uptime\": "
                    "699400, \"reads\": {{\"_b\": 70003}}}}}}}}",
                    uptime)));
  }
  // With a column that a later version has an index on.
  void ThereIsStockEntryAlone(const char* rows) {
    std::string list = List("1 _a tabStock~Entry");
    std::replace(list.begin(), list.end(), '~', ' ');
    tables_ = MariadbTable{{}, {Row{list, "1"}}};
    indexes_ = OneList("1 10 3 PRIMARY", 1);
    fields_ = OneList("10 name", 1);
    columns_ = MariadbTable{{}, {Row{"1", "job_card", "12"}}};
    rows_ = MariadbTable{{}, {Row{"tabStock Entry", rows}}};
  }
  Collected Run() { return CollectOnce(kMariadbIndexesCollector, context_); }

  Result<MariadbTable> tables_ =
      OneList("1 _a tabBin 2 _b tabBin 3 _b tabItem 4 _far tabBin 5 _a tabNote", 5);
  Result<MariadbTable> indexes_ = OneList(
      "1 10 3 PRIMARY 1 11 0 item 1 12 0 item_index 1 13 0 both 1 14 0 warehouse 2 20 3 PRIMARY 2 "
      "21 0 both "
      "2 22 0 item 4 40 3 PRIMARY 4 41 0 x 4 42 0 y 5 50 0 note 5 51 0 note_index",
      13);
  Result<MariadbTable> fields_ = OneList(
      "10 name 11 item 12 item 13 warehouse 13 item 14 warehouse 20 name 21 a 21 b 22 item 40 name "
      "41 a 42 a "
      "50 note 51 note",
      15);
  Result<MariadbTable> columns_ = MariadbTable{{},
                                               {Row{"1", "item", "12"}, Row{"1", "warehouse", "12"},
                                                Row{"1", "status", "12"}, Row{"5", "note", "5"}}};
  Result<MariadbTable> rows_ = MariadbTable{{}, {Row{"tabBin", "20000"}, Row{"tabNote", "1000"}}};
  Result<MariadbTable> statistics_ =
      MariadbTable{{}, {Row{"tabBin", "item", "size", "10", "16384"}}};
  Result<MariadbTable> reads_ =
      MariadbTable{{}, {Row{"_b", "tabBin", List("PRIMARY 70000 item 3"), std::nullopt}}};
  Result<MariadbTable> digests_ =
      MariadbTable{{"SCHEMA_NAME", "DIGEST", "DIGEST_TEXT", "COUNT_STAR", "SUM_TIMER_WAIT",
                    "SUM_ROWS_SENT", "SUM_ROWS_EXAMINED"},
                   {Row{"_a", "aa", "SELECT `name` FROM `tabBin` WHERE `status` = ?", "50",
                        "7000000000000000", "100", "1000000"},
                    Row{"_far", "bb", "SELECT `name` FROM `tabBin` WHERE `status` = ?", "50", "1",
                        "1", "1000000"},
                    Row{std::nullopt, std::nullopt, std::nullopt, "50", "7", "1", "1000000"}}};
  std::string userstat_ = "1";
  std::string uptime_ = "700000";
  std::shared_ptr<FakeMariadb> server_ = std::make_shared<FakeMariadb>();
  std::shared_ptr<FakeMariadb> far_server_ = std::make_shared<FakeMariadb>();  // tells nothing
  CollectorContext context_;
  Bench bench_ = MakeBench("b");
};

TEST_F(MariadbIndexesTest, PublishesWhatCouldGo) {
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  ExpectGolden("mariadb_indexes", run.text);
  EXPECT_THAT(server_->statements, testing::Each(testing::StartsWith("/* ")));
}

TEST_F(MariadbIndexesTest, ASiteWithAServerOfItsOwnIsLookedForThere) {
  const std::string far = R"(erpnext_index_advices{bench="b",site="far.example",kind="missing"})";
  EXPECT_EQ("absent", Run().Value(far));
  far_server_->answers = server_->answers;
  EXPECT_EQ("0", Run().Value(far));
}

TEST_F(MariadbIndexesTest, WhoMayNotSeeTheDictionaryMissesNothing) {
  tables_ = Fail(ErrorKind::kPermission, "PROCESS is missing");
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("", run.text);
  EXPECT_EQ(1u, server_->statements.size());
}

TEST_F(MariadbIndexesTest, UnusedIsJudgedAfterAWeekOnly) {
  const auto judged = [this] { return Run().text.find("unused\"") != std::string::npos; };
  UserstatCountsSince(95'201);
  EXPECT_FALSE(judged());
  UserstatCountsSince(95'200);
  EXPECT_TRUE(judged());
  EXPECT_TRUE(judged()) << "it is kept";
  userstat_ = "0";
  EXPECT_FALSE(judged());
  userstat_ = "1";
  EXPECT_FALSE(judged()) << "it was off meanwhile";
}

TEST_F(MariadbIndexesTest, WithoutAStateUserstatIsNoEvidenceYet) {
  context_.state = std::make_shared<StateStore>("");
  EXPECT_THAT(Run().text, Not(HasSubstr("unused\"")));
  EXPECT_TRUE(context_.state->Save("mariadb_indexes.json", "{\"servers\": {\"db1:3306\": 3}}"));
  const Collected run = Run();
  EXPECT_EQ("malformed", run.Kind());
  EXPECT_THAT(run.text, HasSubstr("duplicate\""));
  EXPECT_THAT(run.text, Not(HasSubstr("unused\"")));
}

TEST_F(MariadbIndexesTest, AServerThatIsNotMariadbMissesNothing) {
  tables_ = Fail(ErrorKind::kUnsupported, "Unknown table 'INNODB_SYS_TABLES'");
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("", run.text);
}

TEST_F(MariadbIndexesTest, MissingIsJudgedWhereThereAreDigestsOnly) {
  digests_ = Fail(ErrorKind::kPermission, "denied");
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_THAT(run.text, Not(HasSubstr("missing\"")));
  digests_ = Fail(ErrorKind::kTimeout, "no answer in time");
  EXPECT_EQ("timeout", Run().Kind());
}

TEST_F(MariadbIndexesTest, StatementsSayMoreThanTheCatalogue) {
  ThereIsStockEntryAlone("20000");
  auto& text = digests_->rows[0][2];
  text = "SELECT `name` FROM `tabStock Entry` WHERE `other` = ?";
  const auto shown = [&](const std::string& kind) {
    return Run().Value(
        "erpnext_index_advice{bench=\"b\",site=\"a.example\",doctype=\"Stock "
        "Entry\",columns=\"job_card\",kind=\"" +
        kind + "\"}");
  };
  EXPECT_EQ("1", shown("known"));
  EXPECT_EQ("absent", shown("missing"));
  text = "SELECT `name` FROM `tabStock Entry` WHERE `job_card` = ?";
  EXPECT_EQ("absent", shown("known"));
  EXPECT_EQ("1", shown("missing"));
}

TEST_F(MariadbIndexesTest, SmallTablesAreLeftAlone) {
  rows_ = MariadbTable{{}, {Row{"tabBin", "999"}, Row{"tabNote", "999"}}};
  const Collected run = Run();
  EXPECT_THAT(run.text, Not(HasSubstr("erpnext_index_advice{")));
  EXPECT_EQ("0",
            run.Value(R"(erpnext_index_advices{bench="b",site="a.example",kind="redundant"})"));
  EXPECT_THAT(server_->statements, testing::Each(Not(HasSubstr("INNODB_SYS_COLUMNS"))));
}

TEST_F(MariadbIndexesTest, WithoutRowsOfTablesMissingIsNotJudged) {
  rows_ = Fail(ErrorKind::kPermission, "denied");
  EXPECT_THAT(Run().text, Not(HasSubstr("missing\"")));
}

TEST_F(MariadbIndexesTest, WithoutSizesWhatNeedsNoneIsTold) {
  rows_ = Fail(ErrorKind::kPermission, "denied");
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("1",
            run.Value(R"(erpnext_index_advices{bench="b",site="a.example",kind="redundant"})"));
  EXPECT_THAT(run.text, Not(HasSubstr("unused\"")));
  EXPECT_THAT(run.text, Not(HasSubstr("known\"")));
}

TEST_F(MariadbIndexesTest, OfTheCatalogueOnlyLargeTablesAreTold) {
  ThereIsStockEntryAlone("1000");
  const std::string known = R"(erpnext_index_advices{bench="b",site="a.example",kind="known"})";
  EXPECT_EQ("1", Run().Value(known));
  rows_ = MariadbTable{};
  EXPECT_EQ("0", Run().Value(known));
  rows_ = Fail(ErrorKind::kPermission, "denied");
  EXPECT_EQ("absent", Run().Value(known));
}

TEST_F(MariadbIndexesTest, AServerThatFailsIsToldAndHasNoSamples) {
  columns_ = Fail(ErrorKind::kTimeout, "no answer in time");
  const Collected run = Run();
  EXPECT_EQ("timeout", run.Kind());
  EXPECT_EQ("", run.text);
  tables_ = MariadbTable{{}, {Row{"\xFF", "1"}}};
  EXPECT_EQ("malformed", Run().Kind());
}

TEST_F(MariadbIndexesTest, ShowsTheTwentyThatAreWorthMost) {
  digests_ = MariadbTable{};
  std::string tables, indexes, fields;
  for (int i = 1; i <= 25; ++i) {
    tables += fmt::format("{}{} _a tab{}", i == 1 ? "" : " ", i, i);
    indexes += fmt::format("{}{} {} 0 x {} {} 0 y", i == 1 ? "" : " ", i, 2 * i, i, 2 * i + 1);
    fields += fmt::format("{}{} item {} item", i == 1 ? "" : " ", 2 * i, 2 * i + 1);
  }
  tables_ = OneList(tables, 25);
  indexes_ = OneList(indexes, 50);
  fields_ = OneList(fields, 50);
  MariadbTable columns, rows, statistics;
  for (int i = 1; i <= 25; ++i) {
    columns.rows.push_back(Row{fmt::format("{}", i), "item", "12"});
    rows.rows.push_back(Row{fmt::format("tab{}", i), "5000"});
    statistics.rows.push_back(Row{fmt::format("tab{}", i), "y", "size", fmt::format("{}", i), "1"});
  }
  columns_ = columns;
  rows_ = rows;
  statistics_ = statistics;
  const Collected run = Run();
  EXPECT_EQ("25",
            run.Value(R"(erpnext_index_advices{bench="b",site="a.example",kind="duplicate"})"));
  const auto shown = [&](int doctype) {
    return run.Value(fmt::format("erpnext_index_advice{{bench=\"b\",site=\"a.example\",doctype=\"{}"
                                 "\",columns=\"item\",kind=\"duplicate\"}}",
                                 doctype)) == "1";
  };
  for (int i = 1; i <= 25; ++i) EXPECT_EQ(i > 5, shown(i)) << i;
}

}  // namespace
}  // namespace erpnext
