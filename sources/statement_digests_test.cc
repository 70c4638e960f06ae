// SPDX-License-Identifier: Apache-2.0
#include "sources/statement_digests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/text.h"
#include "sources/testing/fake_mariadb.h"

namespace erpnext {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

Deadline Soon() { return Deadline::After(std::chrono::seconds(5)); }

MariadbTable Table(std::vector<std::vector<std::optional<std::string>>> rows) {
  // Not in the order in which they are asked for: columns are found by name.
  return {{"DIGEST_TEXT", "DIGEST", "SCHEMA_NAME", "SUM_TIMER_WAIT", "COUNT_STAR", "SUM_LOCK_TIME",
           "SUM_ROWS_SENT", "SUM_ROWS_EXAMINED", "SUM_ROWS_AFFECTED", "SUM_NO_INDEX_USED",
           "SUM_SELECT_SCAN", "SUM_CREATED_TMP_DISK_TABLES"},
          std::move(rows)};
}

FakeMariadb Answering(Result<MariadbTable> answer) {
  FakeMariadb server;
  server.answers = {{"", [answer] { return answer; }}};
  return server;
}

TEST(StatementDigests, AreReadByTheNamesOfColumns) {
  FakeMariadb server = Answering(Table(
      {{"SELECT `name` FROM `tabToDo` WHERE `owner` = ? ", "ab12", "_site", "2500000000000", "4",
        "500000000", "6", "70", "8", "3", "2", "1"},
       {std::nullopt, std::nullopt, std::nullopt, "1", "1", "0", "0", "0", "0", "0", "0", "0"}}));
  const auto digests = ReadStatementDigests(server, Soon());
  ASSERT_TRUE(digests && *digests);
  ASSERT_THAT(**digests, SizeIs(2));
  const StatementDigest& first = (**digests)[0];
  EXPECT_EQ("_site", first.schema);
  EXPECT_EQ("ab12", first.digest);
  EXPECT_EQ("SELECT `name` FROM `tabToDo` WHERE `owner` = ?", first.text);
  EXPECT_EQ((StatementCost{.executions = 4,
                           .seconds = 2.5,
                           .lock_seconds = 0.0005,
                           .rows_sent = 6,
                           .rows_examined = 70,
                           .rows_affected = 8,
                           .without_index = 3,
                           .full_scans = 2,
                           .tmp_disk_tables = 1}),
            first.cost);
  const StatementDigest& rest = (**digests)[1];
  EXPECT_EQ("", rest.digest + rest.text + rest.schema);
  EXPECT_EQ(1, rest.cost.executions);
}

TEST(StatementDigests, AskForLittleAndForNoStatementItself) {
  FakeMariadb server = Answering(Table({}));
  (void)ReadStatementDigests(server, Soon());
  (void)ReadSchemaCosts(server, Soon());
  ASSERT_THAT(server.statements, SizeIs(2));
  for (const std::string& statement : server.statements) {
    EXPECT_THAT(statement, StartsWith("/* statement_digests */ SELECT SCHEMA_NAME"));
    EXPECT_THAT(statement, HasSubstr(" LIMIT "));
    EXPECT_THAT(statement, Not(HasSubstr("*,")));
    EXPECT_THAT(statement, Not(HasSubstr("SAMPLE")));
  }
  EXPECT_THAT(server.statements[0], HasSubstr("LEFT(DIGEST_TEXT, 1024)"));
}

TEST(StatementDigests, AreNothingWhereTheyAreOffOrNotForUs) {
  FakeMariadb off = Answering(Table({}));
  FakeMariadb denied = Answering(Fail(ErrorKind::kPermission, "permission (error 1142)"));
  FakeMariadb missing = Answering(Fail(ErrorKind::kUnsupported, "unsupported (error 1146)"));
  for (FakeMariadb* server : {&off, &denied, &missing}) {
    const auto digests = ReadStatementDigests(*server, Soon());
    ASSERT_TRUE(digests);
    EXPECT_FALSE(*digests);
    const auto schemas = ReadSchemaCosts(*server, Soon());
    ASSERT_TRUE(schemas);
    EXPECT_FALSE(*schemas);
  }
}

TEST(StatementDigests, FailWithTheServer) {
  FakeMariadb server = Answering(Fail(ErrorKind::kTimeout, "no answer in time"));
  const auto digests = ReadStatementDigests(server, Soon());
  ASSERT_FALSE(digests);
  EXPECT_EQ(ErrorKind::kTimeout, digests.error().kind);
}

TEST(StatementDigests, StayBoundedWhateverTheServerSends) {
  const std::string longest = std::string(1023, 'x') + "\xC3\xA4 more";
  FakeMariadb server = Answering(
      Table({{longest, "d", "s", "nan", "-4", "inf", "1e999", "x", "", "7 ", std::nullopt},
             {},
             {"\xFF\xFE"}}));
  const auto digests = ReadStatementDigests(server, Soon());
  ASSERT_TRUE(digests && *digests);
  ASSERT_THAT(**digests, SizeIs(3));
  EXPECT_EQ(std::string(1023, 'x'), (**digests)[0].text);
  EXPECT_EQ(StatementCost{}, (**digests)[0].cost);
  EXPECT_TRUE(IsValidUtf8((**digests)[2].text));
}

TEST(StatementCost, SinceIsWhatWasAdded) {
  const StatementCost before{.executions = 5, .seconds = 2, .rows_sent = 10};
  StatementCost after = before;
  after += {.executions = 1, .seconds = 3, .rows_sent = 0};
  EXPECT_EQ((StatementCost{.executions = 1, .seconds = 3}), after.Since(before));
  // TRUNCATE of the table, or a restart.
  const StatementCost again{.executions = 4, .seconds = 9};
  EXPECT_EQ(again, again.Since(before));
  EXPECT_EQ(0, (StatementCost{.executions = 6, .seconds = 1}.Since(before).seconds));
}

}  // namespace
}  // namespace erpnext
