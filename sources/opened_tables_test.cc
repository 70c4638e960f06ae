// SPDX-License-Identifier: Apache-2.0
#include "sources/opened_tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sources/testing/fake_mariadb.h"

namespace erpnext {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Row = std::vector<std::optional<std::string>>;

const Deadline kDeadline = Deadline::After(std::chrono::minutes(5));
const std::string kOfA =
    "/* x */ SELECT TABLE_SCHEMA, TABLE_NAME, ENGINE FROM information_schema.TABLES WHERE "
    "TABLE_SCHEMA = '_a' AND TABLE_NAME IN (";

TEST(OpenTables, AsksEachSchemaForTheNamedTablesAlone) {
  FakeMariadb server;
  server.answers = {
      {kOfA,
       [] {
         return MariadbTable{
             {"TABLE_SCHEMA", "TABLE_NAME", "ENGINE"},
             {Row{"_a", "tabBin", "InnoDB"}, Row{"_a", "tabbin", "InnoDB"},  // equal to the server
              Row{"_A", "tabBin", "InnoDB"}, Row{}, Row{"_a"}, Row{"_a", std::nullopt, ""}}};
       }},
      {"/* x */", [] { return Result<MariadbTable>(Fail(ErrorKind::kTimeout, "")); }}};
  const auto opened = OpenTables(server, "x", "ENGINE",
                                 {{"_a", {"tabBin", "tabO'Neil"}}, {"_b", {"t"}}}, kDeadline);
  ASSERT_EQ(2u, server.statements.size());
  EXPECT_EQ(kOfA + "'tabBin', 'tabO''Neil')", server.statements[0]);
  ASSERT_FALSE(opened.status);
  EXPECT_EQ(ErrorKind::kTimeout, opened.status.error().kind);
  EXPECT_THAT(opened.table.rows, ElementsAre(Row{"_a", "tabBin", "InnoDB"}));
}

TEST(OpenTables, AsksForManyInPieces) {
  FakeMariadb server;
  server.answers = {{"/* x */", [] { return MariadbTable{}; }}};
  const auto opened =
      OpenTables(server, "x", "ENGINE", {{"_a", std::vector<std::string>(1001, "t")}}, kDeadline);
  EXPECT_TRUE(opened.status);
  ASSERT_EQ(3u, server.statements.size());
  EXPECT_THAT(server.statements[2], HasSubstr("IN ('t')"));
}

TEST(OpenTables, AsksNothingForNoTable) {
  FakeMariadb server;
  EXPECT_TRUE(OpenTables(server, "x", "ENGINE", {{"_a", {}}}, kDeadline).status);
  EXPECT_THAT(server.statements, ElementsAre());
}

}  // namespace
}  // namespace erpnext
