// SPDX-License-Identifier: Apache-2.0
#include "sources/innodb_locks.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace erpnext {
namespace {

TEST(RootBlockers, CountWhoWaitsThroughOthersToo) {
  struct {
    const char* what;
    std::vector<LockWait> waits;
    std::map<std::string, std::size_t> expected;
  } const cases[] = {
      {"nobody waits", {}, {}},
      {"one for one", {{"2", "1"}}, {{"1", 1}}},
      {"a chain", {{"2", "1"}, {"3", "2"}, {"4", "3"}}, {{"1", 3}}},
      {"a line for one lock", {{"2", "1"}, {"3", "1"}, {"3", "2"}}, {{"1", 2}}},
      {"two roots of one waiter", {{"3", "1"}, {"3", "2"}}, {{"1", 1}, {"2", 1}}},
      {"two locks of one pair", {{"2", "1"}, {"2", "1"}}, {{"1", 1}}},
      {"a circle", {{"1", "2"}, {"2", "1"}}, {}},
      {"a circle behind a root", {{"2", "1"}, {"3", "2"}, {"2", "3"}}, {{"1", 2}}},
      {"one that waits for itself", {{"1", "1"}}, {}},
  };
  for (const auto& test : cases) EXPECT_EQ(test.expected, RootBlockers(test.waits)) << test.what;
}

RC_GTEST_PROP(RootBlockers, AreThoseThatDoNotWait, ()) {
  const auto ids = *rc::gen::container<std::vector<std::pair<int, int>>>(
      rc::gen::pair(rc::gen::inRange(0, 12), rc::gen::inRange(0, 12)));
  std::vector<LockWait> waits;
  for (const auto& [waiter, blocker] : ids) {
    waits.push_back({std::to_string(waiter), std::to_string(blocker)});
  }
  for (const auto& [root, waiting] : RootBlockers(waits)) {
    for (const LockWait& wait : waits) RC_ASSERT(wait.waiter != root);
    RC_ASSERT(waiting >= 1u);
    RC_ASSERT(waiting < 12u);
  }
}

TEST(TableName, IsWhatInnodbWrites) {
  struct {
    std::string_view text;
    std::optional<TableName> expected;
  } const cases[] = {
      {"`_64ba`.`tabSales Invoice`", TableName{"_64ba", "tabSales Invoice"}},
      {"`a``b`.`t``.`", TableName{"a`b", "t`."}},
      {"`a``b`.`t```", TableName{"a`b", "t`"}},
      {"`s`.`t` /* Partition `p0` */", TableName{"s", "t"}},
      {"`s.x`.`t.y`", TableName{"s.x", "t.y"}},
      {"s.t", std::nullopt},
      {"`s`", std::nullopt},
      {"`s`.", std::nullopt},
      {"`s`.`", std::nullopt},
      {"``.`t`", std::nullopt},
      {"`s` `t`", std::nullopt},
      {"", std::nullopt},
  };
  for (const auto& test : cases) EXPECT_EQ(test.expected, ParseTableName(test.text)) << test.text;
}

RC_GTEST_PROP(TableName, AnyBytesAreTakenAndQuotedNamesComeBack,
              (const std::string& schema, const std::string& table)) {
  ParseTableName(schema);
  const auto quote = [](const std::string& name) {
    std::string quoted = "`";
    for (const char c : name) quoted += c == '`' ? std::string("``") : std::string(1, c);
    return quoted + "`";
  };
  const auto parsed = ParseTableName(quote(schema) + "." + quote(table));
  if (schema.empty() || table.empty()) {
    RC_ASSERT(!parsed);
  } else {
    RC_ASSERT((parsed == TableName{schema, table}));
  }
}

TEST(DocType, IsTheTableWithoutItsBeginning) {
  EXPECT_EQ("Sales Invoice", DocTypeOf("tabSales Invoice"));
  EXPECT_EQ("Singles", DocTypeOf("tabSingles"));
  EXPECT_EQ("__global_search", DocTypeOf("__global_search"));
  EXPECT_EQ("tab", DocTypeOf("tab"));
  EXPECT_EQ("Table", DocTypeOf("Table"));
}

}  // namespace
}  // namespace erpnext
