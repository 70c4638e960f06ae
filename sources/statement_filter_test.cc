// SPDX-License-Identifier: Apache-2.0
#include "sources/statement_filter.h"

#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "sources/statement_digests.h"
#include "sources/statement_tokens.h"

namespace erpnext {
namespace {

// "table: a b | range c | order d, limited, lists, part, summed"; "nothing".
std::string Shown(std::string_view text) {
  const auto filter = FilterOf(text);
  if (!filter) return "nothing";
  std::string out = filter->schema.empty() ? filter->table : filter->schema + "." + filter->table;
  out += fmt::format(": {}", fmt::join(filter->equal, " "));
  if (!filter->range.empty()) out += fmt::format(" | range {}", fmt::join(filter->range, " "));
  if (filter->is_sorted) out += " | order " + filter->order;
  if (filter->is_limited) out += ", limited";
  if (filter->has_lists) out += ", lists";
  if (!filter->is_whole) out += ", part";
  if (filter->is_summed) out += ", summed";
  return out;
}

TEST(FilterOfTest, ConditionsOfOneTable) {
  // As performance_schema of MariaDB 10.11 writes what Frappe 16 sends.
  EXPECT_EQ("tabDocType: name | order creation, limited",
            Shown("SELECT * FROM `tabDocType` WHERE `name` = ? ORDER BY `creation` DESC LIMIT ? "));
  EXPECT_EQ(
      "tabDocField: fieldtype options | order creation, lists",
      Shown("SELECT `parent` FROM `tabDocField` WHERE `tabDocField` . `fieldtype` IN (...) AND "
            "`tabDocField` . `options` = ? ORDER BY `tabDocField` . `creation` ASC "));
  EXPECT_EQ(
      "tabUser: language | order creation",
      Shown("SELECT `tabUser` . `name` FROM `tabUser` WHERE `tabUser` . `language` = ? ORDER BY "
            "`tabUser` . `creation` DESC "));
  EXPECT_EQ(
      "_s.tabX: a b c, lists",
      Shown("SELECT `name` FROM `_s` . `tabX` AS `x` WHERE `x` . `a` IN (?) AND `b` <=> ? AND "
            "`c` IN (...)"));
  EXPECT_EQ("tabX: status value",
            Shown("SELECT NAME FROM `tabX` WHERE STATUS = ? AND VALUE IS NULL FOR UPDATE"));
  EXPECT_EQ("tabX: a | range b c",
            Shown("SELECT `name` FROM `tabX` WHERE `a` = ? AND `b` BETWEEN ? AND ? AND `c` >= ?"));
  EXPECT_EQ(
      "tabX: a | range b",
      Shown("SELECT `name` FROM `tabX` WHERE `b` BETWEEN ? AND ? AND ( `a` = ? AND ( `a` = ? ) )"));
  EXPECT_EQ("tabX: a, limited",
            Shown("SELECT `name` FROM `tabX` WHERE ? = ? AND `a` = - ? LIMIT ?, ..."));
  EXPECT_EQ("tabX: , limited", Shown("SELECT `name` FROM `tabX` LIMIT ? OFFSET ? ;"));
  EXPECT_EQ("tabX: a", Shown("DELETE FROM `tabX` WHERE `a` = ?"));
  EXPECT_EQ("tabX: a, summed", Shown("UPDATE `tabX` SET `b` = ? , `c` = NOW ( ) WHERE `a` = ?"));
}

TEST(FilterOfTest, WhatLeavesOutMoreRowsIsSaid) {
  for (const std::string_view condition :
       {"`b` LIKE ?", "`b` != ?", "`b` NOT IN (...)", "NOT `b` = ?", "`b` IS NOT NULL", "`b` = `c`",
        "`ifnull` ( `b` , ? ) = ?", "( `b` = ? OR `c` = ? )", "`b` = ? + ?", "`b`",
        "`other` . `b` = ?", "`b` = NOW ( )", "( `b` , `c` ) IN (...)", "`b` NOT BETWEEN ? AND ?",
        "BINARY `b` = ?"}) {
    EXPECT_EQ("tabX: a, part",
              Shown(fmt::format("SELECT `name` FROM `tabX` WHERE {} AND `a` = ?", condition)));
    EXPECT_EQ("tabX: a, part",
              Shown(fmt::format("SELECT `name` FROM `tabX` WHERE `a` = ? AND {}", condition)));
  }
}

TEST(FilterOfTest, WithOrNothingIsCertain) {
  EXPECT_EQ("tabX: , part", Shown("SELECT `name` FROM `tabX` WHERE `a` = ? OR `b` = ?"));
  EXPECT_EQ("tabX: , part",
            Shown("SELECT `name` FROM `tabX` WHERE `a` = ? AND `c` = ? || `b` = ?"));
}

TEST(FilterOfTest, RowsSentAreNotAlwaysRowsFound) {
  for (const std::string_view list :
       {"COUNT ( * )", "`a` , SUM ( `b` )", "DISTINCT `a`", "`my_sum` ( `a` )"}) {
    EXPECT_EQ("tabX: a, summed", Shown(fmt::format("SELECT {} FROM `tabX` WHERE `a` = ?", list)));
  }
  EXPECT_EQ(
      "tabX: a | order , limited, summed",
      Shown("SELECT `b` FROM `tabX` WHERE `a` = ? GROUP BY `b` HAVING `b` > ? ORDER BY `b` , `c` "
            "LIMIT ?"));
  EXPECT_EQ("tabX: a", Shown("SELECT IFNULL ( `b` , ? ) FROM `tabX` WHERE `a` = ?"));
}

TEST(FilterOfTest, WhatIsNotUnderstoodIsLeftAlone) {
  for (const std::string_view text :
       {"", "COMMIT", "SELECT ?", "INSERT INTO `tabX` VALUES (...)",
        "SELECT `a` FROM `x` , `y` WHERE `a` = ?", "SELECT `a` FROM `x` JOIN `y` ON `a` = ?",
        "SELECT `a` FROM `x` USE INDEX ( `b` ) WHERE `a` = ?",
        "SELECT `a` FROM ( SELECT `a` FROM `x` ) `y` WHERE `a` = ?",
        "SELECT `a` FROM `x` WHERE `a` IN ( SELECT `b` FROM `y` ) AND `c` = ?",
        "SELECT `a` FROM `x` WHERE `a` = ? UNION SELECT `a` FROM `y`", "SELECT `a` FROM `x` WHERE",
        "SELECT `a` FROM `x` WHERE `a` = ? INTO OUTFILE ?", "DELETE `x` FROM `x` WHERE `a` = ?",
        "SELECT `a` FROM `x` WHERE CASE WHEN ? THEN `b` AND `a` = ? AND `c` ELSE ? END",
        "UPDATE `x` , `y` SET `a` = ? WHERE `a` = ?", "SELECT `a` FROM `x` WHERE `a = ?",
        "SELECT `a` FROM `x` WHERE `a` = ? ORDER `b`",
        "SELECT `a` FROM `x` WHERE `a` = ? AND ..."}) {
    EXPECT_EQ("nothing", Shown(text)) << text;
  }
}

TEST(FilterOfTest, ATextThatWasCutMayHaveEndedInOr) {
  std::string text = "SELECT `name` FROM `tabX` WHERE `a` = ?";
  EXPECT_EQ("tabX: a", Shown(text));
  text += std::string(StatementDigest::kMaxText - 3 - text.size(), ' ');
  EXPECT_EQ("nothing", Shown(text));
}

TEST(FilterOfTest, TakesDeepTexts) {
  const std::string deep = "SELECT `name` FROM `tabX` WHERE " + std::string(200, '(') +
                           " `a` = ? " + std::string(200, ')') + " AND `b` = ?";
  EXPECT_EQ("tabX: b, part", Shown(deep));
}

TEST(TokensOfTest, NamesWordsAndSigns) {
  const auto tokens = TokensOf("SELECT`a``b`.c_1>=?,(...)@@x \xC3\xA4 ...");
  ASSERT_TRUE(tokens);
  std::vector<std::string> texts;
  for (const StatementToken& token : *tokens) texts.push_back(token.text);
  EXPECT_EQ((std::vector<std::string>{"SELECT", "a`b", ".", "c_1", ">=", "?", ",", "(...)", "@@x",
                                      "\xC3\xA4", "..."}),
            texts);
  EXPECT_TRUE((*tokens)[0].Is("select"));
  EXPECT_FALSE((*tokens)[1].Is("a`b"));
  EXPECT_TRUE((*tokens)[9].IsName());
  EXPECT_FALSE((*tokens)[8].IsName());
}

}  // namespace
}  // namespace erpnext
