// SPDX-License-Identifier: Apache-2.0
#include "collectors/mariadb/digests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/testing/collect.h"
#include "sources/testing/fake_mariadb.h"

namespace erpnext {
namespace {

using testing::HasSubstr;
using testing::Not;

Collected CollectFrom(Result<MariadbTable> answer, std::string* statement = nullptr) {
  const auto server = std::make_shared<FakeMariadb>();
  server->answers = {{"/* mariadb_digests */ SELECT", [&] { return answer; }}};
  CollectorContext context;
  context.mariadb_server = [&](const MariadbOptions&) { return server; };
  Bench bench = MakeBench("b");
  bench.database = {"mariadb", {"", "db1", 3306}};
  Publish(context, {bench});
  const Collected collected = CollectOnce(kMariadbDigestsCollector, context);
  if (statement != nullptr) *statement = server->statements.at(0);
  return collected;
}

TEST(MariadbDigests, HaveTheNamesOfMysqldExporter) {
  std::string statement;
  const Collected run = CollectFrom(
      MariadbTable{{"SCHEMA_NAME", "DIGEST", "DIGEST_TEXT", "COUNT_STAR", "SUM_TIMER_WAIT",
                    "SUM_ERRORS", "SUM_WARNINGS", "SUM_ROWS_AFFECTED", "SUM_ROWS_SENT",
                    "SUM_ROWS_EXAMINED", "SUM_CREATED_TMP_TABLES", "SUM_CREATED_TMP_DISK_TABLES",
                    "SUM_SORT_MERGE_PASSES", "SUM_SORT_ROWS", "SUM_NO_INDEX_USED"},
                   {{"_a", "aa11", "SELECT ? ", "2", "1500000000000", "3", "4", "5", "6", "7", "8",
                     "9", "10", "11", "12"}}},
      &statement);
  EXPECT_TRUE(run.status);
  ExpectGolden("mariadb_digests", run.text);
  EXPECT_THAT(statement, HasSubstr(" LIMIT 250"));
  EXPECT_THAT(statement, HasSubstr("LEFT(DIGEST_TEXT, 120)"));
  EXPECT_THAT(statement, Not(HasSubstr("SAMPLE")));
}

TEST(MariadbDigests, AreAbsentWhereTheyAreOffOrNotForUs) {
  EXPECT_EQ("", CollectFrom(MariadbTable{}).text);
  const Collected denied = CollectFrom(Fail(ErrorKind::kPermission, "permission (error 1142)"));
  EXPECT_TRUE(denied.status);
  EXPECT_EQ("", denied.text);
}

TEST(MariadbDigests, FailWithTheServer) {
  EXPECT_EQ("timeout", CollectFrom(Fail(ErrorKind::kTimeout, "no answer in time")).Kind());
}

TEST(MariadbDigests, TakeAnyRows) {
  const Collected run =
      CollectFrom(MariadbTable{{"SCHEMA_NAME", "DIGEST", "DIGEST_TEXT", "COUNT_STAR", "SUM_ERRORS"},
                               {{},
                                {std::nullopt, "x", "y", "1", "1"},
                                {"s", "\xFF", "\xFF\"\n", "-1", "nan"},
                                {"s", "d", std::nullopt, "4", "1e999"}}});
  EXPECT_TRUE(run.status);
  EXPECT_EQ("4", run.Value("mysql_perf_schema_events_statements_total{schema=\"s\",digest=\"d\","
                           "digest_text=\"\"}"));
}

}  // namespace
}  // namespace erpnext
