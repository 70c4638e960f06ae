// SPDX-License-Identifier: Apache-2.0
#include "sources/index_metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "sources/testing/fake_mariadb.h"

namespace erpnext {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using Row = std::vector<std::optional<std::string>>;

constexpr std::string_view kSchemas[] = {"_a", "_b"};

// A list as the server makes it: "1 _a tabBin" with a NUL behind each word.
std::string List(std::string words) {
  std::replace(words.begin(), words.end(), ' ', '\0');
  return words + '\0';
}

MariadbTable Lists(std::vector<std::pair<std::string, std::string>> lists) {
  MariadbTable table{{"LIST", "ENTRIES"}, {}};
  for (auto& [list, entries] : lists) table.rows.push_back(Row{std::move(list), entries});
  return table;
}

class IndexMetadataTest : public testing::Test {
 protected:
  IndexMetadataTest() {
    const auto answer = [this](const std::string& key, Result<MariadbTable>& table) {
      server_.answers.emplace_back("/* x */ SELECT GROUP_CONCAT(" + key,
                                   [&table] { return table; });
    };
    answer("TABLE_ID, X'00', CONVERT", tables_);
    answer("TABLE_ID, X'00', INDEX_ID", indexes_);
    answer("INDEX_ID, X'00', NAME", fields_);
  }
  Result<IndexCatalogue> Read() {
    return ReadIndexes(server_, "x", kSchemas, Deadline::After(std::chrono::seconds(5)));
  }

  Result<MariadbTable> tables_ = Lists({{List("7 _a tabBin 8 _b tabBin 9 other tabBin"), "3"},
                                        {List("70 _a tab__Doc 71 _a #sql-ib9"), "2"}});
  Result<MariadbTable> indexes_ =
      Lists({{List("7 20 3 PRIMARY 7 12 0 by_item 7 13 2 rule 7 14 32 words 7 15 0 ?new"), "5"},
             {List("8 30 3 PRIMARY 9 31 3 PRIMARY 70 32 1 GEN_CLUST_INDEX"), "3"}});
  Result<MariadbTable> fields_ = Lists({{List("12 item 12 warehouse 13 item 14 text 15 x"), "5"},
                                        {List("20 name 30 name 31 name"), "3"}});
  FakeMariadb server_;
};

TEST_F(IndexMetadataTest, PutsTablesIndexesAndColumnsTogether) {
  auto catalogue = Read();
  ASSERT_TRUE(catalogue) << catalogue.error().message;
  const auto tables = catalogue->TablesOf("_a");
  ASSERT_EQ(2u, tables.size());
  EXPECT_EQ("tabBin", tables[0].name);
  EXPECT_EQ(7u, tables[0].id);
  ASSERT_EQ(4u, tables[0].indexes.size());
  const auto& indexes = tables[0].indexes;
  EXPECT_EQ("by_item", indexes[0].name);
  EXPECT_EQ(IndexType::kPlain, indexes[0].type);
  EXPECT_THAT(indexes[0].columns, ElementsAre("item", "warehouse"));
  EXPECT_EQ(IndexType::kUnique, indexes[1].type);
  EXPECT_EQ(IndexType::kOther, indexes[2].type);
  EXPECT_EQ(IndexType::kPrimary, indexes[3].type);
  EXPECT_EQ("tab__Doc", tables[1].name);
  EXPECT_TRUE(tables[1].indexes[0].columns.empty());
  EXPECT_EQ(1u, catalogue->TablesOf("_b").size());
  EXPECT_TRUE(catalogue->TablesOf("other").empty());
  EXPECT_EQ(3u, catalogue->table_count());
}

TEST_F(IndexMetadataTest, AsksInnodbOnlyAndBounded) {
  ASSERT_TRUE(Read());
  ASSERT_EQ(3u, server_.statements.size());
  for (const std::string& statement : server_.statements) {
    EXPECT_THAT(statement, HasSubstr("FROM information_schema.INNODB_SYS_"));
    EXPECT_THAT(statement, HasSubstr(" LIMIT "));
  }
}

TEST_F(IndexMetadataTest, AListThatWasCutIsNoList) {
  fields_ = Lists({{List("12 item 12 warehouse"), "3"}});
  auto catalogue = Read();
  ASSERT_FALSE(catalogue);
  EXPECT_EQ(ErrorKind::kMalformed, catalogue.error().kind);
}

TEST_F(IndexMetadataTest, TakesHostileLists) {
  for (const std::string& list : {""s, "7"s, List("7 _a"), List("x _a tabBin"), "\0\0\0"s}) {
    tables_ = Lists({{list, "1"}});
    EXPECT_FALSE(Read()) << list;
  }
  tables_ = MariadbTable{{}, {Row{std::nullopt, "1"}}};
  EXPECT_FALSE(Read());
  tables_ = MariadbTable{{}, {Row{}}};
  EXPECT_FALSE(Read());
}

TEST_F(IndexMetadataTest, TellsWhyItCouldNotRead) {
  indexes_ = Fail(ErrorKind::kPermission, "PROCESS is missing");
  EXPECT_EQ(ErrorKind::kPermission, Read().error().kind);
}

TEST(ColumnCacheTest, AsksOnceForEachTable) {
  FakeMariadb server;
  server.answers = {{"/* x */ SELECT TABLE_ID, NAME, MTYPE FROM", [] {
                       return MariadbTable{{},
                                           {Row{"7", "note", "5"}, Row{"7", "item", "12"},
                                            Row{std::nullopt, "a", "5"}, Row{}}};
                     }}};
  const Deadline deadline = Deadline::After(std::chrono::seconds(5));
  ColumnCache cache;
  ASSERT_TRUE(cache.Learn(server, "x", {7}, deadline));
  ASSERT_TRUE(cache.Learn(server, "x", {7}, deadline));
  ASSERT_EQ(1u, server.statements.size());
  EXPECT_THAT(server.statements[0], HasSubstr("TABLE_ID IN (7)"));
  const ColumnsByName* columns = cache.Find(7);
  ASSERT_NE(nullptr, columns);
  EXPECT_TRUE(columns->at("note").is_text);
  EXPECT_FALSE(columns->at("item").is_text);
  EXPECT_EQ(nullptr, cache.Find(8));
  server.answers.clear();
  EXPECT_FALSE(cache.Learn(server, "x", {7, 8}, deadline));
}

}  // namespace
}  // namespace erpnext
