// SPDX-License-Identifier: Apache-2.0
#include "collectors/known_indexes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace erpnext {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

IndexedTable Table(std::string_view name, std::vector<std::string_view> first) {
  IndexedTable table{name, 1, {{"PRIMARY", IndexType::kPrimary, {"name"}}}};
  for (const std::string_view column : first) {
    table.indexes.push_back({"i", IndexType::kPlain, {column, "x"}});
  }
  return table;
}

TEST(KnownIndexesTest, EachIsThereOnceAndHasASource) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const KnownIndex& known : KnownIndexes()) {
    EXPECT_TRUE(seen.emplace(known.doctype, known.first).second) << known.doctype;
    EXPECT_TRUE(known.source.starts_with("frappe/erpnext#")) << known.doctype;
    EXPECT_FALSE(known.version.empty());
  }
}

TEST(KnownMissingTest, WhatTheTableLacks) {
  const auto advice = KnownMissing(Table("tabStock Ledger Entry", {"voucher_no"}));
  ASSERT_EQ(1u, advice.size());
  EXPECT_EQ(AdviceKind::kKnown, advice[0].kind);
  EXPECT_EQ("tabStock Ledger Entry", advice[0].table);
  EXPECT_THAT(advice[0].columns, ElementsAre("voucher_detail_no"));
  EXPECT_EQ("14", advice[0].version);
  EXPECT_EQ("frappe/erpnext#27866", advice[0].source);
  EXPECT_EQ(2u, KnownMissing(Table("tabDelivery Note Item", {"dn_detail"})).size());
}

TEST(KnownMissingTest, WhatIsThereIsNotAdvised) {
  EXPECT_THAT(KnownMissing(Table("tabStock Ledger Entry", {"voucher_detail_no"})), IsEmpty());
  EXPECT_THAT(KnownMissing(
                  Table("tabAdvance Payment Ledger Entry", {"voucher_no", "against_voucher_type"})),
              IsEmpty());
  EXPECT_THAT(KnownMissing(Table("tabMine", {})), IsEmpty());
  EXPECT_THAT(KnownMissing(Table("Stock Ledger Entry", {})), IsEmpty());
}

}  // namespace
}  // namespace erpnext
