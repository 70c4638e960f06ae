// SPDX-License-Identifier: Apache-2.0
#include "sources/innodb_tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sources/testing/fake_mariadb.h"

namespace erpnext {
namespace {

using testing::HasSubstr;
using Row = std::vector<std::optional<std::string>>;

class InnodbTablesTest : public testing::Test {
 protected:
  InnodbTablesTest() {
    server_.answers = {
        {"/* x */ SELECT GROUP_CONCAT(TABLE_ID, X'00' ", [this] { return columns_; }},
        {"/* x */ SELECT GROUP_CONCAT", [this] { return tables_; }}};
  }
  auto Read() {
    constexpr unsigned kCollations[] = {46, 224};
    return ReadInnodbTables(server_, "x", {"_a", "_b"}, kCollations,
                            Deadline::After(std::chrono::minutes(5)));
  }

  FakeMariadb server_;
  Result<MariadbTable> columns_ = PackedEntries({{"3"}, {"3"}, {"6"}, {"99"}});
  Result<MariadbTable> tables_ = PackedEntries({{"1", "_a", "tabBin", "1"},
                                                {"2", "_a", "tabOld", "0"},
                                                {"3", "_a", "tabError Log", "1"},
                                                {"4", "_not", "tabX", "0"},
                                                {"5", "_b", "tabParts", "0"},
                                                {"6", "_b", "tabParts", "1"},
                                                {"7", "_a", "", "0"}});
};

TEST_F(InnodbTablesTest, TellsOfEachTableOfTheseSchemas) {
  const auto tables = Read().value();
  ASSERT_TRUE(tables);
  const std::map<std::string, InnodbTable, std::less<>> a{
      {"tabBin", {}}, {"tabError Log", {true, true}}, {"tabOld", {false, false}}};
  EXPECT_EQ(a, tables->at("_a"));
  EXPECT_EQ((InnodbTable{false, true}), tables->at("_b").at("tabParts"));
  EXPECT_EQ(2u, tables->size());
  EXPECT_THAT(server_.statements.at(0), HasSubstr("NOT IN (63, 46, 224)"));
}

TEST_F(InnodbTablesTest, WhoMayNotSeeThemHasNone) {
  columns_ = Fail(ErrorKind::kPermission, "Access denied; you need PROCESS");
  EXPECT_EQ(std::nullopt, Read().value());
  columns_ = Fail(ErrorKind::kUnsupported, "as in MySQL 8");
  EXPECT_EQ(std::nullopt, Read().value());
}

TEST_F(InnodbTablesTest, ListsThatAreCutAreNone) {
  tables_ = MariadbTable{{"LIST", "ENTRIES"}, {Row{std::string("1\0_a\0t\0", 7), "1"}}};
  EXPECT_EQ(ErrorKind::kMalformed, Read().error().kind);
  tables_ = PackedEntries({{"x", "_a", "t", "1"}});
  EXPECT_EQ(ErrorKind::kMalformed, Read().error().kind);
  columns_ = PackedEntries({{"x"}});
  EXPECT_EQ(ErrorKind::kMalformed, Read().error().kind);
  columns_ = Fail(ErrorKind::kTimeout, "no answer in time");
  EXPECT_EQ(ErrorKind::kTimeout, Read().error().kind);
}

}  // namespace
}  // namespace erpnext
