// SPDX-License-Identifier: Apache-2.0
#include "collectors/mariadb/drift.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/testing/collect.h"
#include "sources/testing/fake_mariadb.h"

namespace erpnext {
namespace {

using testing::HasSubstr;
using Row = std::vector<std::optional<std::string>>;

constexpr const char* kEngine =
    R"(erpnext_site_tables_drift{bench="b",site="a.example",property="engine"})";
constexpr const char* kRowFormat =
    R"(erpnext_site_tables_drift{bench="b",site="a.example",property="row_format"})";
constexpr const char* kCollation =
    R"(erpnext_site_tables_drift{bench="b",site="a.example",property="collation"})";

class MariadbDriftTest : public testing::Test {
 protected:
  MariadbDriftTest() {
    bench_.database = {"mariadb", {"", "db1", 3306}};
    AddSite(bench_, "a.example", R"({"db_host": "db1", "db_name": "_a"})");
    AddSite(bench_, "b.example", R"({"db_host": "db1", "db_name": "_b"})");
    AddSite(bench_, "far.example", R"({"db_host": "db9", "db_name": "_far"})");
    AddSite(bench_, "new.example", R"({"db_host": "db1", "db_name": "_new"})");
    const std::string begin = "/* mariadb_drift */ SELECT ";
    const std::string names = begin + "TABLE_NAME FROM information_schema.TABLES WHERE ";
    server_->answers = {
        {begin + "GROUP_CONCAT(TABLE_ID, X'00' ", [this] { return columns_; }},
        {begin + "GROUP_CONCAT", [this] { return tables_; }},
        {names + "TABLE_SCHEMA = '_a'", [this] { return names_; }},
        {names,
         [] {
           return MariadbTable{{"TABLE_NAME"}, {Row{"tabBin"}}};
         }},
        {begin + "TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, ENGINE", [this] { return engines_; }}};
    far_server_->answers = server_->answers;
    context_.mariadb_server = [this](const MariadbOptions& options) {
      return options.address.host == "db9" ? far_server_ : server_;
    };
    Publish(context_, {bench_});
  }
  Collected Run() { return CollectOnce(kMariadbDriftCollector, context_); }

  Result<MariadbTable> columns_ = PackedEntries({{"3"}, {"4"}, {"5"}, {"6"}});
  Result<MariadbTable> tables_ = PackedEntries({{"1", "_a", "tabBin", "1"},
                                                {"2", "_a", "tabOld", "0"},
                                                {"3", "_a", "tabLatin", "1"},
                                                {"4", "_a", "tabBoth", "0"},
                                                {"5", "_a", "__UserSettings", "1"},
                                                {"6", "other", "t", "0"},
                                                {"7", "_b", "tabBin", "1"},
                                                {"8", "_far", "tabBin", "0"}});
  Result<MariadbTable> names_ = MariadbTable{
      {"TABLE_NAME"},
      {Row{"tabBin"}, Row{"tabOld"}, Row{"tabLatin"}, Row{"tabBoth"}, Row{"__UserSettings"},
       Row{"__global_search"}, Row{"tabError Log"}, Row{"tabData Import Log"}, Row{"tabMy"},
       Row{"a_view"}, Row{"a_id_seq"}, Row{"tabAria"}, Row{"tabNew"}}};
  Result<MariadbTable> engines_ = MariadbTable{
      {"TABLE_SCHEMA", "TABLE_NAME", "TABLE_TYPE", "ENGINE"},
      {Row{"_a", "tabMy", "BASE TABLE", "MyISAM"}, Row{"_a", "a_view", "VIEW", std::nullopt},
       Row{"_a", "a_id_seq", "SEQUENCE", "MyISAM"},
       Row{"_a", "tabAria", "SYSTEM VERSIONED", "Aria"},
       Row{"_a", "tabNew", "BASE TABLE", "InnoDB"}}};
  std::shared_ptr<FakeMariadb> server_ = std::make_shared<FakeMariadb>();
  std::shared_ptr<FakeMariadb> far_server_ = std::make_shared<FakeMariadb>();  // one site's own
  CollectorContext context_;
  Bench bench_ = MakeBench("b");
};

TEST_F(MariadbDriftTest, CountsTablesOfEachSite) {
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  ExpectGolden("mariadb_drift", run.text);
}

TEST_F(MariadbDriftTest, ReadsNoDefinitionOfWhatInnodbKnows) {
  Run();
  for (const std::string& statement : server_->statements) {
    if (statement.find("ENGINE") == std::string::npos) continue;
    EXPECT_THAT(statement, HasSubstr("IN ('tabMy', 'a_view', 'a_id_seq', 'tabAria', 'tabNew')"));
  }
  EXPECT_EQ(5u, server_->statements.size())
      << "two of the server, two of the one site, one of the other";
  EXPECT_EQ(3u, far_server_->statements.size());
}

TEST_F(MariadbDriftTest, WhoDoesNotSeeAllTablesKnowsNoEngines) {
  names_->rows.erase(names_->rows.begin() + 1);
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("absent", run.Value(kEngine));
  EXPECT_EQ("2", run.Value(kRowFormat));
  EXPECT_EQ("2", run.Value(kCollation));
}

TEST_F(MariadbDriftTest, ATableThatSomebodyHasLockedIsNotJudgedAndNorIsTheSite) {
  const Row row = engines_->rows[0];
  engines_->rows[0] = Row{"_a", "tabMy", std::nullopt, std::nullopt};
  EXPECT_EQ("absent", Run().Value(kEngine));
  engines_->rows[0] = Row{"_a", "tabMy", "BASE TABLE", std::nullopt};
  Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("absent", run.Value(kEngine));
  EXPECT_EQ("2", run.Value(kRowFormat));
  engines_->rows.erase(engines_->rows.begin());
  run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("absent", run.Value(kEngine));
  engines_->rows.push_back(row);
  EXPECT_EQ("2", Run().Value(kEngine));
}

TEST_F(MariadbDriftTest, WithoutThePrivilegeThereIsNothing) {
  columns_ = tables_ = Fail(ErrorKind::kPermission, "Access denied; you need PROCESS");
  Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("", run.text);
  columns_ = Fail(ErrorKind::kRefused, "connection refused");
  run = Run();
  EXPECT_EQ("refused", run.Kind());
  EXPECT_EQ("", run.text);
}

TEST_F(MariadbDriftTest, OneQuestionThatFailsLeavesTheOthers) {
  engines_ = Fail(ErrorKind::kTimeout, "no answer in time");
  Collected run = Run();
  EXPECT_EQ("timeout", run.Kind());
  EXPECT_EQ("absent", run.Value(kEngine));
  EXPECT_EQ("2", run.Value(kCollation));
  EXPECT_THAT(run.text, HasSubstr("b.example"));
  names_ = Fail(ErrorKind::kTimeout, "no answer in time");
  run = Run();
  EXPECT_EQ("timeout", run.Kind());
  EXPECT_EQ("absent", run.Value(kEngine));
}

TEST_F(MariadbDriftTest, TakesHostileRows) {
  names_->rows.insert(names_->rows.end(), {Row{}, Row{std::nullopt}});
  engines_->rows.insert(engines_->rows.end(), {Row{}, Row{"_a"}, Row{std::nullopt, "tabMy"}});
  EXPECT_EQ("2", Run().Value(kEngine));
  names_->rows.push_back(Row{"\xFF"});
  EXPECT_EQ("absent", Run().Value(kEngine));
  names_->rows.pop_back();
  engines_->columns.clear();
  EXPECT_EQ("absent", Run().Value(kEngine));
}

}  // namespace
}  // namespace erpnext
