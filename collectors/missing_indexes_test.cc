// SPDX-License-Identifier: Apache-2.0
#include "collectors/missing_indexes.h"

#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

namespace erpnext {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class MissingIndexesTest : public testing::Test {
 protected:
  // A kind of statement that was executed ten times, read the whole table and found `found` rows.
  void Add(const std::string& text, double found = 20, double seconds = 30) {
    StatementDigest digest;
    digest.schema = "_s";
    digest.text = text;
    digest.cost.executions = 10;
    digest.cost.seconds = seconds;
    digest.cost.rows_examined = 1e6;
    digest.cost.rows_sent = found;
    digests_.push_back(digest);
  }
  void Where(const std::string& conditions, double found = 20, double seconds = 30) {
    Add("SELECT `name` FROM `tabX` WHERE " + conditions, found, seconds);
  }
  void Index(std::string_view name, std::vector<std::string_view> columns) {
    table_.indexes.push_back({name, IndexType::kPlain, std::move(columns)});
  }
  std::vector<IndexAdvice> Advice() {
    const auto lookups = LookupsOf(digests_, limits_);
    std::vector<const Lookup*> wanted;
    for (const Lookup& lookup : lookups) {
      if (ReadsTable(lookup, statistics_.rows, limits_)) wanted.push_back(&lookup);
    }
    return MissingIndexes(table_, statistics_, columns_, wanted);
  }
  std::vector<std::string> Columns() {
    std::vector<std::string> texts;
    for (const IndexAdvice& each : Advice()) {
      EXPECT_EQ(AdviceKind::kMissing, each.kind);
      texts.push_back(fmt::format("{}", fmt::join(each.columns, " ")));
    }
    return texts;
  }

  AdviceLimits limits_;
  std::vector<StatementDigest> digests_;
  IndexedTable table_{
      "tabX",
      1,
      {{"PRIMARY", IndexType::kPrimary, {"name"}}, {"creation", IndexType::kPlain, {"creation"}}}};
  TableStatistics statistics_{1e5, {}};
  ColumnsByName columns_ = {{"name", {false}}, {"creation", {false}}, {"a", {false}},
                            {"b", {false}},    {"c", {false}},        {"d", {false}},
                            {"e", {false}},    {"note", {true}}};
};

TEST_F(MissingIndexesTest, EqualColumnsThenRangeOrOrder) {
  Where("`a` = ?");
  EXPECT_THAT(Columns(), ElementsAre("a"));
  digests_.clear();
  Where("`c` > ? AND `b` = ? AND `a` = ?");
  EXPECT_THAT(Columns(), ElementsAre("b a c"));
  digests_.clear();
  Where("`a` = ? ORDER BY `c` LIMIT ?");
  EXPECT_THAT(Columns(), ElementsAre("a c"));
  digests_.clear();
  Where("`c` BETWEEN ? AND ?");
  EXPECT_THAT(Columns(), ElementsAre("c"));
  digests_.clear();
  Add("SELECT `name` FROM `tabX` ORDER BY `c` LIMIT ?");
  EXPECT_THAT(Columns(), ElementsAre("c"));
  digests_.clear();
  Where("`a` = ? ORDER BY `name` LIMIT ?");
  EXPECT_THAT(Columns(), ElementsAre("a"));
}

TEST_F(MissingIndexesTest, CarriesItsEvidence) {
  Where("`a` = ?", 1e5 / 10, 30);
  const auto advice = Advice();
  ASSERT_EQ(1u, advice.size());
  EXPECT_EQ("tabX", advice[0].table);
  EXPECT_EQ(1e5, advice[0].rows);
  EXPECT_EQ((StatementEvidence{1, 10, 30, 1e6, 1e4, 30 * 0.99}), advice[0].evidence);
}

TEST_F(MissingIndexesTest, OnlyWhereItIsCertain) {
  // Not all conditions are known, rows sent are not rows found, or the end comes after sorting.
  Where("`a` = ? AND `b` LIKE ?");
  Where("`a` = ? AND `b` > ? AND `c` > ?");
  Where("`a` = ? AND `note` = ?");
  Where("`a` = ? AND `other` = ?");
  Where("`a` = ? ORDER BY `b` , `c` LIMIT ?");
  Where("`a` IN (...) ORDER BY `b` LIMIT ?");
  Where("`a` > ? ORDER BY `b` LIMIT ?");
  Where("`a` = ? OR `b` = ?");
  Where("`a` = ? AND `b` = ? AND `c` = ? AND `d` = ? AND `e` = ?");
  Where("`note` = ?");
  Add("SELECT COUNT ( * ) FROM `tabX` WHERE `a` = ?");
  Add("SELECT `name` FROM `tabX` ORDER BY `a`");
  Add("UPDATE `tabX` SET `b` = ? WHERE `a` = ?");
  EXPECT_THAT(Columns(), IsEmpty());
}

TEST_F(MissingIndexesTest, NotWhatFindsManyRows) {
  Where("`a` = ?", 1e5);
  EXPECT_THAT(Columns(), ElementsAre("a"));
  digests_[0].cost.rows_sent += 1;
  EXPECT_THAT(Columns(), IsEmpty());
}

TEST_F(MissingIndexesTest, NotWhatAnIndexLeadsTo) {
  Where("`a` = ? AND `b` = ?");
  Index("c_a", {"c", "a"});
  EXPECT_THAT(Columns(), ElementsAre("a b"));
  Index("a_c", {"a", "c"});
  EXPECT_THAT(Columns(), IsEmpty());
  digests_.clear();
  Where("`name` = ? AND `b` = ?");
  Where("`creation` > ?");
  EXPECT_THAT(Columns(), IsEmpty());
}

TEST_F(MissingIndexesTest, AnIndexThatLeadsToTooManyRowsDoesNotHelp) {
  Where("`a` = ? AND `b` = ?");
  Index("a", {"a"});
  statistics_.indexes["a"].distinct[1] = 9;
  EXPECT_THAT(Columns(), ElementsAre("a b"));
  statistics_.indexes["a"].distinct[1] = 10;
  EXPECT_THAT(Columns(), IsEmpty());
  // But the one that is wanted is there, whatever is known of its beginning.
  table_.indexes.pop_back();
  Index("ba", {"b", "a"});
  statistics_.indexes["ba"].distinct[1] = 2;
  statistics_.indexes["ba"].distinct[2] = 4;
  EXPECT_THAT(Columns(), IsEmpty());
  digests_.clear();
  Where("`b` = ? AND `a` > ?");
  EXPECT_THAT(Columns(), IsEmpty());
}

TEST_F(MissingIndexesTest, NeverFromFewExecutionsSmallTablesOrPartsOfThem) {
  Where("`a` = ?");
  digests_[0].cost.executions = 4;
  EXPECT_THAT(Columns(), IsEmpty());
  digests_[0].cost.executions = 21;
  EXPECT_THAT(Columns(), IsEmpty());
  digests_[0].cost.executions = 20;
  EXPECT_THAT(Columns(), ElementsAre("a"));
  statistics_.rows = 999;
  EXPECT_THAT(Columns(), IsEmpty());
  statistics_.rows = 1000;
  EXPECT_THAT(Columns(), ElementsAre("a"));
}

TEST_F(MissingIndexesTest, OnlyWhatWastesRowsOrTime) {
  Where("`a` = ?", 1e6 / 99, 9.9);
  EXPECT_THAT(Columns(), IsEmpty());
  digests_[0].cost.seconds = 10;
  EXPECT_THAT(Columns(), ElementsAre("a"));
  digests_[0].cost.seconds = 1;
  digests_[0].cost.rows_sent = 1e6 / 100;
  EXPECT_THAT(Columns(), ElementsAre("a"));
}

TEST_F(MissingIndexesTest, OneIndexForSeveralKindsOfStatements) {
  Where("`a` = ? AND `b` = ?", 20, 1);
  Where("`b` = ?", 20, 2);
  Where("`b` = ? AND `a` = ? AND `c` > ?", 20, 4);
  Where("`d` = ?", 20, 6);
  EXPECT_THAT(Columns(), ElementsAre("b a c", "d"));
  const auto advice = Advice();
  EXPECT_EQ(3u, advice[0].evidence.kinds);
  EXPECT_EQ(7, advice[0].evidence.seconds);
}

TEST_F(MissingIndexesTest, WhatWasTakenInKeepsItsBeginning) {
  Where("`a` = ? AND `b` = ?");
  Where("`a` = ?", 20, 2);
  Where("`b` = ?", 20, 1);
  // (a, b) cannot begin with both.
  EXPECT_EQ(2u, Columns().size());
  digests_.clear();
  Where("`a` = ? AND `b` > ?");
  Where("`b` = ?");
  EXPECT_EQ(2u, Columns().size());
}

}  // namespace
}  // namespace erpnext
