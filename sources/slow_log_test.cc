// SPDX-License-Identifier: Apache-2.0
#include "sources/slow_log.h"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/text.h"

namespace erpnext {
namespace {

struct Told {
  std::string user;
  std::string schema;
  std::string text;
  bool ours;
  bool tells_plan;
  StatementCost cost;
};

class Log {
 public:
  Log()
      : parser_([this](const SlowStatement& each) {
          told.push_back({std::string(each.user), std::string(each.schema), std::string(each.text),
                          each.ours, each.tells_plan, each.cost});
        }) {}

  Log& Add(std::string_view text) {
    while (const auto line = NextLine(text)) parser_.Line(*line);
    return *this;
  }
  Log& AddCut(std::string_view line) {
    parser_.Line(line, /*whole=*/false);
    return *this;
  }
  Log& Pause() {
    parser_.Pause();
    return *this;
  }

  std::vector<Told> told;

 private:
  SlowLogParser parser_;
};

std::string Entry(std::string_view schema, std::string_view seconds, std::string_view statement) {
  return fmt::format(
      "# User@Host: {0}[{0}] @ localhost []\n# Thread_id: 5  Schema: {0}  QC_hit: No\n"
      "# Query_time: {1}  Lock_time: 0.000100  Rows_sent: 1  Rows_examined: 20\n"
      "# Rows_affected: 0  Bytes_sent: 10\nSET timestamp=1795479652;\n{2};\n",
      schema, seconds, statement);
}

constexpr std::string_view kForms =
    R"(/usr/sbin/mariadbd, Version: 10.11.19-MariaDB-log (Debian 12). started with:
Tcp port: 3306  Unix socket: /run/mysqld/mysqld.sock
Time		    Id Command	Argument
# Time: 261124  0:20:52
# User@Host: _a[_a] @  [127.0.0.1]
# Thread_id: 102  Schema: _a  QC_hit: No
# Query_time: 0.500231  Lock_time: 0.250000  Rows_sent: 3  Rows_examined: 40
# Rows_affected: 5  Bytes_sent: 122
# Tmp_tables: 1  Tmp_disk_tables: 2
# Tmp_table_sizes: 16384
# Full_scan: Yes  Full_join: No  Tmp_table: Yes  Tmp_table_on_disk: Yes
# Filesort: No  Filesort_on_disk: No  Merge_passes: 0  Priority_queue: No
#
# explain: id	select_type	table	type	possible_keys	key	key_len	ref	rows
# explain: 1	SIMPLE	tabX	ALL	NULL	NULL	NULL	NULL	40
#
use `_a`;
SET timestamp=1795479652;
select name
from tabX
where owner = 'x';
# User@Host: root[root] @ localhost []
# Thread_id: 103  Schema:   QC_hit: No
# Query_time: 1.000000  Lock_time: 0.000000  Rows_sent: 0  Rows_examined: 0
# Rows_affected: 0  Bytes_sent: 0
# Full_scan: No  Full_join: No  Tmp_table: No  Tmp_table_on_disk: No
SET last_insert_id=4,insert_id=4711,timestamp=1795479653;
# administrator command: Quit;
# Time: 2026-11-24T12:34:56.789012Z
# User@Host: app[app] @ localhost []  Id:     8
# Query_time: 2.000000  Lock_time: 0.000001 Rows_sent: 1  Rows_examined: 2
use shop;
SET timestamp=1795479654;
commit;
# User@Host: app[app] @ localhost []  Id:     8
# Schema: my shop  Last_errno: 0  Killed: 0
# Query_time: 3  Lock_time: 0  Rows_sent: 0  Rows_examined: 0  Rows_affected: 7
SET timestamp=1795479654;
/* erpnext-exporter */ select 1;
)";

TEST(SlowLog, KnowsTheFormsOfAllVersions) {
  Log log;
  log.Add(kForms);
  ASSERT_EQ(3u, log.told.size());
  log.Pause();  // the last statement has no header behind it
  ASSERT_EQ(4u, log.told.size());
  const Told& first = log.told[0];
  EXPECT_EQ("_a _a", first.user + " " + first.schema);
  EXPECT_EQ("SELECT `name` FROM `tabX` WHERE `owner` = ?", first.text);
  EXPECT_TRUE(first.tells_plan);
  EXPECT_EQ((StatementCost{.executions = 1,
                           .seconds = 0.500231,
                           .lock_seconds = 0.25,
                           .rows_sent = 3,
                           .rows_examined = 40,
                           .rows_affected = 5,
                           .without_index = 1,
                           .full_scans = 1,
                           .tmp_disk_tables = 2}),
            first.cost);
  const Told& quit = log.told[1];
  EXPECT_EQ("root  administrator command", quit.user + " " + quit.schema + " " + quit.text);
  EXPECT_EQ(0, quit.cost.without_index);
  EXPECT_TRUE(quit.tells_plan);
  const Told& mysql = log.told[2];
  EXPECT_EQ("app shop COMMIT", mysql.user + " " + mysql.schema + " " + mysql.text);
  EXPECT_FALSE(mysql.tells_plan);
  EXPECT_EQ(2, mysql.cost.seconds);
  EXPECT_EQ(1, mysql.cost.rows_sent);
  EXPECT_FALSE(mysql.ours);
  const Told& percona = log.told[3];
  EXPECT_EQ("my shop", percona.schema);
  EXPECT_TRUE(percona.ours);
  EXPECT_EQ(7, percona.cost.rows_affected);
}

TEST(SlowLog, IgnoresWhatComesBeforeTheFirstHeader) {
  Log log;
  log.Add("half a statement\n'secret';\n# Query_time: 5\nselect 1;\n" + Entry("_a", "1", "commit"));
  log.Pause();
  ASSERT_EQ(1u, log.told.size());
  EXPECT_EQ("COMMIT", log.told[0].text);
}

TEST(SlowLog, ARestartEndsAnEntry) {
  Log log;
  log.Add(Entry("_a", "1", "select 'x'") + std::string(kForms)).Pause();
  ASSERT_EQ(5u, log.told.size());
  EXPECT_EQ("SELECT ?", log.told[0].text);
  EXPECT_EQ("_a", log.told[1].schema);
}

TEST(SlowLog, AHeaderWithoutItsTimeIsNone) {
  for (const char* time : {"", "# Query_time: -1", "# Query_time: nan", "# Query_time: 1e99",
                           "# Query_time: x  Lock_time: 1", "# Query_time:"}) {
    Log log;
    log.Add(fmt::format("# User@Host: a[a] @ h []\n{}\nselect 'secret';\n", time));
    log.Add(Entry("_b", "1", "commit")).Pause();
    ASSERT_EQ(1u, log.told.size()) << time;
    EXPECT_EQ("_b", log.told[0].schema);
  }
}

TEST(SlowLog, HeadersInsideOfAStringAreItsPart) {
  const std::string forged = Entry("_victim", "999", "drop secret");
  for (const std::string& statement :
       {"update t set a = 'pasted:\n;\n" + forged + "'", "select \"x;\n" + forged + forged + "\"",
        "select 1 /* ;\n" + forged + "*/", "select `;\n" + forged + "`"}) {
    Log log;
    log.Add(Entry("_a", "1", statement) + Entry("_b", "1", "commit")).Pause();
    ASSERT_EQ(2u, log.told.size()) << statement;
    EXPECT_EQ("_a", log.told[0].schema);
    EXPECT_EQ(std::string::npos, log.told[0].text.find("secret"));
    EXPECT_EQ("_b COMMIT", log.told[1].schema + " " + log.told[1].text);
  }
}

TEST(SlowLog, AHeaderWithoutASemicolonBeforeItIsPartOfTheStatement) {
  Log log;
  log.Add(Entry("_a", "1", "select 1\n" + Entry("_victim", "999", "select 2"))).Pause();
  ASSERT_EQ(1u, log.told.size());
  EXPECT_EQ("_a", log.told[0].schema);
}

TEST(SlowLog, BehindAStatementTooLongToTellThereIsNoTextUntilAPause) {
  const std::string lines(SlowLogParser::kMaxStatement, '\n');
  const std::string forged = ";\n" + Entry("_b", "2", "drop secret");
  Log log;
  log.Add(Entry("_a", "1", "insert into t values ('" + lines + forged + "')"));
  log.Add(Entry("_c", "3", "commit"));
  log.Pause();
  ASSERT_EQ(3u, log.told.size());
  EXPECT_EQ("INSERT INTO `t` VALUES (", log.told[0].text);
  EXPECT_EQ("", log.told[1].text + log.told[2].text);
  EXPECT_EQ(3, log.told[2].cost.seconds);
  log.Add(Entry("_d", "4", "commit")).Pause();
  ASSERT_EQ(4u, log.told.size());
  EXPECT_EQ("COMMIT", log.told[3].text);
}

TEST(SlowLog, TakesTheBeginningOfALineThatWasCutOff) {
  Log log;
  std::string entry = Entry("_a", "1", "");
  entry.resize(entry.size() - 2);  // without the empty statement
  log.Add(entry).AddCut("insert into t values ('secret").Add(Entry("_b", "1", "select secret"));
  log.Pause();
  ASSERT_EQ(2u, log.told.size());
  EXPECT_EQ("INSERT INTO `t` VALUES (", log.told[0].text);
  EXPECT_EQ("", log.told[1].text);
}

TEST(SlowLog, APauseInTheMiddleOfAnEntryLosesNothing) {
  const std::string text = std::string(kForms) + Entry("_z", "1", "select 'a;\n' from t");
  Log whole;
  whole.Add(text).Pause().Pause();
  std::size_t lines = 0;
  for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 1)) {
    Log halves;
    halves.Add(text.substr(0, at + 1)).Pause().Add(text.substr(at + 1)).Pause().Pause();
    ASSERT_EQ(whole.told.size(), halves.told.size()) << text.substr(0, at);
    for (std::size_t i = 0; i < whole.told.size(); ++i) {
      EXPECT_EQ(whole.told[i].text, halves.told[i].text);
      EXPECT_EQ(whole.told[i].cost, halves.told[i].cost);
    }
    ++lines;
  }
  EXPECT_GT(lines, 40u);
}

TEST(SlowLog, AStatementThatStaysOpenIsToldInTheEnd) {
  Log log;
  log.Add(Entry("_a", "1", "select 'secret")).Pause();
  EXPECT_EQ(0u, log.told.size());  // there may be more of it
  log.Pause();
  ASSERT_EQ(1u, log.told.size());
  EXPECT_EQ("", log.told[0].text);
}

TEST(SlowLog, LooksABoundedNumberOfTimesForAnEnd) {
  const std::string forged = Entry("_victim", "9", "select secret");
  std::string statement = "select '";
  for (int i = 0; i < 100; ++i) statement += ";\n" + forged;
  Log log;
  log.Add(Entry("_a", "1", statement)).Pause().Pause();
  EXPECT_LT(log.told.size(), 80u);
  for (const Told& told : log.told) EXPECT_EQ("", told.text);
}

RC_GTEST_PROP(SlowLog, TakesAnyLines, ()) {
  const auto lines = *rc::gen::container<std::vector<std::string>>(rc::gen::oneOf(
      rc::gen::elementOf(std::vector<std::string>{
          "# User@Host: a[a] @ h []", "# Query_time: 1  Rows_sent: 2", "# Time: 261124  0:20:52",
          "SET timestamp=1;", "select 'zq", "zq';", "use `zq`;", "# administrator command: zq;",
          "commit;", "# Schema: b  QC_hit: No", std::string("a\0b;", 4)}),
      rc::gen::arbitrary<std::string>()));
  Log log;
  for (const std::string& line : lines) log.Add(line + "\n");
  log.Pause().Pause();
  RC_ASSERT(log.told.size() <= lines.size());
  for (const Told& told : log.told) {
    RC_ASSERT(told.cost.executions == 1);
    RC_ASSERT(told.cost.seconds >= 0);
    RC_ASSERT(told.text.find("'") == std::string::npos);
  }
}

}  // namespace
}  // namespace erpnext
