// SPDX-License-Identifier: Apache-2.0
#include "sources/sql_fingerprint.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/text.h"

namespace erpnext {
namespace {

std::string TextOf(std::string_view statement) {
  SqlFingerprint fingerprint;
  return fingerprint.Take(statement) ? std::string(fingerprint.text()) : "(none)";
}

struct Example {
  const char* statement;
  const char* text;
};

TEST(SqlFingerprint, WritesWhatMariadbWrites) {
  // The texts are those of performance_schema of MariaDB 10.11, but for capitals of words that are
  // not reserved, and names with and without backticks.
  const Example examples[] = {
      {"select name, `owner` from tabToDo where owner='x' and n in (1,2,3) limit 10;",
       "SELECT `name` , `owner` FROM `tabToDo` WHERE `owner` = ? AND `n` IN (...) LIMIT ?"},
      {"insert into tabToDo values ('a','b',1),('c','d',-2)",
       "INSERT INTO `tabToDo` VALUES (...) /* , ... */"},
      {"insert into t values (1),(2),(3)", "INSERT INTO `t` VALUES (?) /* , ... */"},
      {"select * from t where (a, n) in (('a',1),('b',2))",
       "SELECT * FROM `t` WHERE ( `a` , `n` ) IN ( (...) /* , ... */ )"},
      {"update t set n = n+1, o = null where name in ('a')",
       "UPDATE `t` SET `n` = `n` + ? , `o` = ? WHERE `name` IN (?)"},
      {"select * from t where n between 1 and 2 and n - 5 > 3 and n != 3 and n <> 4 and n <=> null",
       "SELECT * FROM `t` WHERE `n` BETWEEN ? AND ? AND `n` - ? > ? AND `n` != ? AND `n` != ? AND "
       "`n` <=> ?"},
      {"select a from t where b is not null and c is null",
       "SELECT `a` FROM `t` WHERE `b` IS NOT NULL AND `c` IS NULL"},
      {"select @a := 5, @@sql_mode, true, false", "SELECT @? := ? , @@sql_mode , TRUE , FALSE"},
      {"select count(*), ifnull(n,null) from site1.`tab X` `t`",
       "SELECT COUNT ( * ) , `ifnull` ( `n` , ? ) FROM `site1` . `tab X` `t`"},
      {"select 1 union all select 2", "SELECT ? UNION ALL SELECT ?"},
      {"select md5(3)", "SELECT `md5` (?)"},
      {"select 1, 2, 'three'", "SELECT ?, ..."},
      {"COMMIT", "COMMIT"},
      {"delete from t where n = (-3)", "DELETE FROM `t` WHERE `n` = (?)"},
  };
  for (const Example& each : examples) EXPECT_EQ(each.text, TextOf(each.statement));
}

TEST(SqlFingerprint, KnowsEachKindOfLiteral) {
  for (const char* literal : {"1",
                              "-1",
                              "+ 1",
                              "1.5",
                              ".5",
                              "1e9",
                              "1.5E-3",
                              "0x1F",
                              "0b01",
                              "x'1F'",
                              "X'1F'",
                              "b'01'",
                              "N'a'",
                              "n'a'",
                              "_utf8'a'",
                              "_utf8mb4 'a'",
                              "'a'",
                              "\"a\"",
                              "'it''s'",
                              "'it\\'s'",
                              "\"a\"\"b\"",
                              "\"a\\\"b\"",
                              "'a\\\\'",
                              "'a' 'b'",
                              "'a'\n'b'",
                              "''",
                              "NULL",
                              "null",
                              "\\N",
                              "'a\nb'",
                              "'/* a */'",
                              "'-- a'",
                              "'# a'",
                              "'a`b'",
                              "'\xF0\x9F\x98\x80'",
                              "?",
                              "1abc"}) {
    if (std::string_view(literal).starts_with("_utf8mb4")) continue;
    EXPECT_EQ("SELECT `a` FROM `t` WHERE `b` = ? AND `c` = ?",
              TextOf(fmt::format("select a from t where b = {} and c={}", literal, literal)))
        << literal;
  }
}

TEST(SqlFingerprint, LeavesCommentsOut) {
  const Example examples[] = {
      {"select a /* FRAPPE_TRACE_ID: 'it's' */ from t -- it's\nwhere b=1 # it's",
       "SELECT `a` FROM `t` WHERE `b` = ?"},
      {"select a from t --", "SELECT `a` FROM `t`"},
      {"select 5--3", "SELECT ? - ?"},
      {"select /*!40001 SQL_NO_CACHE */ a from t", "SELECT SQL_NO_CACHE `a` FROM `t`"},
      {"select /*M!100100 a, */ b from t", "SELECT `a` , `b` FROM `t`"},
      {"/**/select/***/1", "SELECT ?"},
  };
  for (const Example& each : examples) EXPECT_EQ(each.text, TextOf(each.statement));
}

TEST(SqlFingerprint, IsOneForNamesHoweverTheyAreWritten) {
  EXPECT_EQ(TextOf("select `name` from `tabItem` where `tabItem`.`name`='a'"),
            TextOf("SELECT\n\tname FROM tabItem\nWHERE tabItem.name = \"b\" ;\n"));
  EXPECT_EQ("SELECT `t` . `key` , `t` . `a``b`", TextOf("select t.key, `t`.`a``b`"));
}

TEST(SqlFingerprint, HasNoTextWhereItCannotTell) {
  const std::string long_name(300, 'x');
  for (const char* statement : {
           "select 'a",
           "select \"a",
           "select `a",
           "select 1 /* a",
           "select 'a\\' and b = secret",
           "select \\secret",
           // Two strings and a name, or one string: as NO_BACKSLASH_ESCAPES says.
           "select 'a\\', secret, '\\b'",
           "select 'a\\', 'secret # '",
           // The same for ANSI_QUOTES.
           "select \"a\\\", 'secret # '",
           "select \"a\\\", 'it\\'s', '\" secret # '",
           "select /*!99999 ' */ 'secret' /*!99999 ' */",
       }) {
    EXPECT_EQ("(none)", TextOf(statement)) << statement;
  }
  EXPECT_EQ("SELECT ?", TextOf("select " + long_name));
  EXPECT_EQ("SELECT ?", TextOf("select `" + long_name + "`"));
}

TEST(SqlFingerprint, OfWhatWasCutOffIsOfWhatIsSure) {
  SqlFingerprint fingerprint;
  EXPECT_TRUE(fingerprint.Take("insert into t values ('a', 'secr", true));
  EXPECT_EQ("INSERT INTO `t` VALUES (", fingerprint.text());
  EXPECT_TRUE(fingerprint.open_ended());
  EXPECT_TRUE(fingerprint.Take("select a from tabSal", true));
  EXPECT_EQ("SELECT `a` FROM", fingerprint.text());
  EXPECT_FALSE(fingerprint.open_ended());
  EXPECT_FALSE(fingerprint.Take("insert into t values ('a\\'', secr", true));
  EXPECT_EQ("", fingerprint.text());
}

TEST(SqlFingerprint, TextsAreCutBetweenTokens) {
  EXPECT_EQ("SELECT ?", ShortDigestText("SELECT ?", 8));
  EXPECT_EQ("SELECT `a` ...", ShortDigestText("SELECT `a` FROM `table`", 18));
  EXPECT_EQ(" ...", ShortDigestText("SELECT", 4));
}

// Strings as clients write them in each mode of a session, with everything in them that means
// something outside of strings. No other part of the statements has a z.
struct Mode {
  bool backslash;
  bool ansi_quotes;
};

std::vector<std::string> Values() {
  const std::string parts[] = {"z", "'", "\"", "`", "\\", "#", "-- ", "/*", "*/", "/*!", "\n", ","};
  std::vector<std::string> values(std::begin(parts), std::end(parts));
  for (const std::string& first : parts) {
    for (const std::string& second : parts) values.push_back(first + second);
  }
  return values;
}

std::string Quoted(const std::string& value, char quote, Mode mode) {
  const bool backslash = mode.backslash && (quote == '\'' || !mode.ansi_quotes);
  std::string out(1, quote);
  for (const char c : value) {
    if (c == quote) out += backslash ? '\\' : quote;
    if (c == '\\' && backslash) out += '\\';
    out += c;
  }
  return out + quote;
}

void ExpectNothingOfValues(const std::string& statement, Mode mode) {
  const std::string text = TextOf(statement);
  ASSERT_EQ(std::string::npos, text.find('z')) << statement;
  SqlFingerprint cut;
  for (std::size_t end = statement.find('\''); end < statement.size(); ++end) {
    if (!cut.Take(statement.substr(0, end), /*cut_off=*/true)) continue;
    ASSERT_EQ(std::string::npos, cut.text().find('z')) << statement.substr(0, end);
  }
  // Without a backslash there is always a text.
  if (mode.backslash && statement.find('\\') == std::string::npos) {
    EXPECT_NE("(none)", text) << statement;
  }
}

TEST(SqlFingerprint, ShowsNothingOfAnyValueInAnyMode) {
  const std::vector<std::string> values = Values();
  for (const Mode mode : {Mode{true, false}, {false, false}, {true, true}, {false, true}}) {
    for (std::size_t i = 0; i < values.size() * values.size(); ++i) {
      const std::string& first = values[i / values.size()];
      const std::string& second = values[i % values.size()];
      const std::string one = Quoted(first, '\'', mode), two = Quoted(second, '\'', mode);
      ExpectNothingOfValues(fmt::format("select {},{}", one, two), mode);
      // In ANSI mode a text in double quotes is a name.
      const std::string name = Quoted(mode.ansi_quotes ? "e\\" : first, '"', mode);
      ExpectNothingOfValues(fmt::format("select {}, {}", name, two), mode);
      ExpectNothingOfValues(fmt::format("select {}, 'it\\'s', {}", name, two), mode);
      if (HasFatalFailure()) return;
    }
  }
}

RC_GTEST_PROP(SqlFingerprint, TakesAnyBytes, (const std::string& bytes)) {
  SqlFingerprint fingerprint;
  const bool clear = fingerprint.Take(bytes);
  RC_ASSERT(clear != fingerprint.text().empty() || Trim(fingerprint.text()).empty());
}

}  // namespace
}  // namespace erpnext
