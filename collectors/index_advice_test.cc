// SPDX-License-Identifier: Apache-2.0
#include "collectors/index_advice.h"

#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace erpnext {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

IndexMetadata Plain(std::string_view name, std::vector<std::string_view> columns) {
  return {name, IndexType::kPlain, std::move(columns)};
}
IndexMetadata Unique(std::string_view name, std::vector<std::string_view> columns) {
  return {name, IndexType::kUnique, std::move(columns)};
}

IndexedTable Table(std::vector<IndexMetadata> indexes) {
  IndexedTable table{"tabX", 1, {{"PRIMARY", IndexType::kPrimary, {"name"}}}};
  table.indexes.insert(table.indexes.end(), indexes.begin(), indexes.end());
  return table;
}

std::vector<std::string> Texts(const std::vector<IndexAdvice>& advice) {
  std::vector<std::string> texts;
  texts.reserve(advice.size());
  for (const IndexAdvice& each : advice) {
    texts.push_back(fmt::format("{} {}{}{}", AdviceKindName(each.kind), each.index,
                                each.other.empty() ? "" : " by ", each.other));
  }
  return texts;
}

std::vector<std::string> Needless(std::vector<IndexMetadata> indexes) {
  return Texts(NeedlessIndexes(Table(std::move(indexes))));
}

TEST(NeedlessIndexesTest, OfTwoThatAreAlikeTheYoungerGoes) {
  EXPECT_THAT(Needless({Plain("a1", {"a", "b"}), Plain("a2", {"a", "b"})}),
              ElementsAre("duplicate a2 by a1"));
  EXPECT_THAT(Needless({Plain("a1", {"a"}), Plain("a2", {"a"}), Plain("a3", {"a"})}),
              ElementsAre("duplicate a2 by a1", "duplicate a3 by a1"));
  EXPECT_THAT(Needless({Plain("parent", {"parent"}), Plain("x", {"parent"})}),
              ElementsAre("duplicate x by parent"));
}

TEST(NeedlessIndexesTest, OneThatFrappeAsksForByNameStays) {
  EXPECT_THAT(Needless({Plain("status", {"status"}), Plain("status_index", {"status"})}),
              ElementsAre("duplicate status by status_index"));
}

TEST(NeedlessIndexesTest, ARuleStays) {
  EXPECT_THAT(Needless({Plain("a1", {"a"}), Unique("a2", {"a"})}),
              ElementsAre("duplicate a1 by a2"));
  EXPECT_THAT(Needless({Unique("a1", {"a"}), Unique("a2", {"a"})}),
              ElementsAre("duplicate a2 by a1"));
  EXPECT_THAT(Needless({Unique("a1", {"a"}), Plain("ab", {"a", "b"})}), IsEmpty());
  EXPECT_THAT(Needless({Unique("n", {"name"}), Plain("m", {"name"})}),
              ElementsAre("duplicate n by PRIMARY", "duplicate m by PRIMARY"));
}

TEST(NeedlessIndexesTest, OneThatAnotherBeginsWithGoes) {
  EXPECT_THAT(Needless({Plain("a", {"a"}), Plain("ab", {"a", "b"}), Plain("abc", {"a", "b", "c"})}),
              ElementsAre("redundant a by abc", "redundant ab by abc"));
  EXPECT_THAT(Needless({Plain("a", {"a"}), Unique("ab", {"a", "b"})}),
              ElementsAre("redundant a by ab"));
  EXPECT_THAT(Needless({Plain("b", {"b"}), Plain("ab", {"a", "b"}), Plain("ba", {"ba"})}),
              IsEmpty());
}

TEST(NeedlessIndexesTest, InnodbAppendsThePrimaryKey) {
  EXPECT_THAT(Needless({Plain("an", {"a", "name"}), Plain("a", {"a"})}),
              ElementsAre("redundant an by a"));
  EXPECT_THAT(Needless({Plain("abn", {"a", "b", "name"}), Unique("ab", {"a", "b"})}),
              ElementsAre("redundant abn by ab"));
  EXPECT_THAT(Needless({Plain("nb", {"name", "b"})}), IsEmpty());
  // (a) goes as (a, b) does its work, but that does not sort by name within a.
  EXPECT_THAT(Needless({Plain("an", {"a", "name"}), Plain("a", {"a"}), Plain("ab", {"a", "b"})}),
              ElementsAre("redundant a by ab"));
}

TEST(NeedlessIndexesTest, WhatFrappeGivesEachTableStays) {
  for (const std::string_view own : {"parent", "creation", "modified"}) {
    EXPECT_THAT(Needless({Plain(own, {own}), Plain("two", {own, "b"})}), IsEmpty()) << own;
  }
}

TEST(NeedlessIndexesTest, OthersSayNothing) {
  EXPECT_THAT(Needless({{"words", IndexType::kOther, {"a"}}, Plain("a", {"a"})}), IsEmpty());
  EXPECT_THAT(Needless({Plain("a", {"a"}), {"words", IndexType::kOther, {"a", "b"}}}), IsEmpty());
  EXPECT_THAT(Needless({Plain("broken", {}), Plain("a", {"a"})}), IsEmpty());
  // A table without primary key: its hidden one has no columns.
  IndexedTable table = Table({Plain("a", {"a"})});
  table.indexes[0] = {"GEN_CLUST_INDEX", IndexType::kPrimary, {}};
  EXPECT_THAT(NeedlessIndexes(table), IsEmpty());
}

class UnusedIndexesTest : public testing::Test {
 protected:
  UnusedIndexesTest() { usage_.uptime_seconds = usage_.userstat_seconds = 8 * 86400.0; }
  std::vector<std::string> Unused() {
    return Texts(UnusedIndexes(Table({Plain("a", {"a"}),
                                      Plain("b", {"b"}),
                                      Unique("u", {"u"}),
                                      Plain("parent", {"parent"}),
                                      {"words", IndexType::kOther, {"w"}}}),
                               "_s", usage_, AdviceLimits{}));
  }
  void Userstat(std::map<std::string, double, std::less<>> reads) {
    usage_.userstat = UsageOfSchemas{{"_s", {{"tabX", {std::move(reads), 5}}}}};
  }
  void Waits(std::map<std::string, double, std::less<>> reads) {
    usage_.performance_schema = UsageOfSchemas{{"_s", {{"tabX", {std::move(reads), 5}}}}};
  }

  IndexUsage usage_;
};

TEST_F(UnusedIndexesTest, OneThatWasNotUsedWhileOthersWere) {
  Userstat({{"PRIMARY", 999}, {"a", 1}});
  EXPECT_THAT(Unused(), ElementsAre("unused b"));
  Waits({{"PRIMARY", 5000}, {"a", 0}, {"b", 0}});
  EXPECT_THAT(Unused(), ElementsAre("unused b"));
  Waits({{"PRIMARY", 5000}, {"a", 0}, {"b", 1}});
  EXPECT_THAT(Unused(), IsEmpty());
  usage_.userstat.reset();
  EXPECT_THAT(Unused(), ElementsAre("unused a"));
}

TEST_F(UnusedIndexesTest, NotThoseThatAreTooYoung) {
  Userstat({{"PRIMARY", 5000}});
  IndexedTable table = Table({Plain("a", {"a"}), Plain("b", {"b"})});
  table.indexes[1].id = 104;
  table.indexes[2].id = 105;
  usage_.newest_index = 104;
  EXPECT_THAT(Texts(UnusedIndexes(table, "_s", usage_, AdviceLimits{})), ElementsAre("unused a"));
}

TEST_F(UnusedIndexesTest, NotWhenTooLittleIsKnown) {
  EXPECT_THAT(Unused(), IsEmpty());
  Userstat({{"PRIMARY", 998}, {"a", 1}});
  EXPECT_THAT(Unused(), IsEmpty());
  Userstat({{"PRIMARY", 5000}});
  EXPECT_THAT(Unused(), ElementsAre("unused a", "unused b"));
  usage_.userstat_seconds = 7 * 86400.0 - 1;
  EXPECT_THAT(Unused(), IsEmpty());
  usage_.userstat_seconds = 7 * 86400.0;
  EXPECT_THAT(Unused(), ElementsAre("unused a", "unused b"));
  usage_.userstat = UsageOfSchemas{{"_s", {{"tabOther", {{{"PRIMARY", 5000}}, 5}}}}};
  EXPECT_THAT(Unused(), IsEmpty());
}

TEST_F(UnusedIndexesTest, WhoHasCountedForAShortTimeKnowsWhatWasUsed) {
  Userstat({{"PRIMARY", 5000}, {"a", 1}});
  Waits({{"PRIMARY", 5000}});
  usage_.userstat_seconds = 600;
  EXPECT_THAT(Unused(), ElementsAre("unused b"));
  usage_.uptime_seconds = 7 * 86400.0 - 1;
  EXPECT_THAT(Unused(), IsEmpty());
}

TEST(HasUnknownPrefixTest, TextIsInAnIndexWithItsBeginningOnly) {
  IndexAdvice advice;
  advice.columns = {"a", "b"};
  EXPECT_TRUE(HasUnknownPrefix(advice, nullptr));
  ColumnsByName columns = {{"a", {false}}, {"b", {false}}, {"c", {true}}};
  EXPECT_FALSE(HasUnknownPrefix(advice, &columns));
  columns["b"].is_text = true;
  EXPECT_TRUE(HasUnknownPrefix(advice, &columns));
  columns.erase("b");
  EXPECT_TRUE(HasUnknownPrefix(advice, &columns));
}

}  // namespace
}  // namespace erpnext
