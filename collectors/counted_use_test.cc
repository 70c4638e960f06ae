// SPDX-License-Identifier: Apache-2.0
#include "collectors/counted_use.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace erpnext {
namespace {

constexpr double kDay = 86400;

IndexUsage At(double uptime, const std::map<std::string, double>& reads) {
  IndexUsage usage;
  usage.uptime_seconds = uptime;
  usage.userstat.emplace();
  for (const auto& [schema, count] : reads) {
    (*usage.userstat)[schema]["tabBin"].reads = {{"PRIMARY", count}};
  }
  return usage;
}

class CountedUseTest : public testing::Test {
 protected:
  double Look(const IndexUsage& usage) { return use_.Look(usage, schemas_); }

  std::vector<std::string_view> schemas_ = {"_a", "_b"};
  CountedUse use_;
};

TEST_F(CountedUseTest, WhatWasCountedBeforeTheFirstLookIsNotKnown) {
  EXPECT_EQ(0, Look(At(30 * kDay, {{"_a", 5e6}})));
  EXPECT_EQ(600, Look(At(30 * kDay + 600, {{"_a", 5e6}})));
  EXPECT_EQ(1200, Look(At(30 * kDay + 1200, {{"_a", 5e6}, {"_b", 1}})));
}

TEST_F(CountedUseTest, BeginsAgainAfterItWasOffOrEmptiedOrTheServerRestarted) {
  Look(At(1000, {{"_a", 100}}));
  EXPECT_EQ(600, Look(At(1600, {{"_a", 110}})));
  IndexUsage off;
  off.uptime_seconds = 2200;
  EXPECT_EQ(0, Look(off));
  EXPECT_EQ(0, Look(At(2800, {{"_a", 110}})));
  EXPECT_EQ(600, Look(At(3400, {{"_a", 120}})));
  EXPECT_EQ(0, Look(At(4000, {{"_a", 2}})));
  EXPECT_EQ(600, Look(At(4600, {{"_a", 90}})));
  EXPECT_EQ(0, Look(At(5200, {})));
  EXPECT_EQ(300, Look(At(5500, {})));
  EXPECT_EQ(0, Look(At(5499, {})));
}

TEST_F(CountedUseTest, GoesOnWhenATableOrASiteIsGone) {
  Look(At(1000, {{"_a", 100}, {"_b", 900}}));
  EXPECT_EQ(600, Look(At(1600, {{"_a", 60}, {"_b", 900}})));
  schemas_ = {"_a"};
  EXPECT_EQ(1200, Look(At(2200, {{"_a", 61}})));
}

TEST_F(CountedUseTest, BeginsAgainWhenNobodyLookedForMoreThanADay) {
  Look(At(1000, {}));
  EXPECT_EQ(kDay, Look(At(1000 + kDay, {})));
  EXPECT_EQ(0, Look(At(1001 + 2 * kDay, {})));
}

TEST_F(CountedUseTest, KnowsWhichIndexesAreYoung) {
  constexpr auto kNotKnown = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(kNotKnown, use_.NewestIndexFor(7 * kDay));
  use_.SawIndexes(30 * kDay, 100);
  EXPECT_EQ(100u, use_.NewestIndexFor(7 * kDay));
  for (int i = 1; i < 28; ++i) {
    use_.SawIndexes((30 + i / 4.0) * kDay, i < 4 ? 100 : 105);  // made after a day
    EXPECT_EQ(100u, use_.NewestIndexFor(7 * kDay)) << i;
  }
  const nlohmann::json saved = use_.ToJson();
  use_ = {};
  use_.Restore(saved);
  use_.SawIndexes(37.7 * kDay, 105);
  EXPECT_EQ(100u, use_.NewestIndexFor(7 * kDay));
  use_.SawIndexes(38 * kDay, 105);
  EXPECT_EQ(105u, use_.NewestIndexFor(7 * kDay)) << "it is a week old";
  IndexUsage off;
  Look(off);
  EXPECT_EQ(105u, use_.NewestIndexFor(7 * kDay)) << "has nothing to do with userstat";
  use_.SawIndexes(60, 110);  // the server was restarted
  EXPECT_EQ(110u, use_.NewestIndexFor(7 * kDay));
}

TEST_F(CountedUseTest, OfIndexesLittleIsKept) {
  for (int i = 0; i < 10'000; ++i) use_.SawIndexes(i * kDay / 144, 100);
  EXPECT_EQ(64u, use_.ToJson()["marks"].size());
}

TEST_F(CountedUseTest, IsKeptAsJson) {
  Look(At(1000, {{"_a", 100}}));
  const nlohmann::json saved = use_.ToJson();
  use_ = {};
  use_.Restore(saved);
  EXPECT_EQ(saved, use_.ToJson());
  EXPECT_EQ(600, Look(At(1600, {{"_a", 100}})));
  for (const char* text :
       {"3", "{}", R"({"counts": true, "since": "x", "uptime": 1, "reads": {}})",
        R"({"counts": true, "since": 1, "uptime": 1, "reads": {"_a": []}})",
        R"({"counts": true, "since": 1, "uptime": 1, "reads": {}, "marks": [1]})"}) {
    EXPECT_THROW(use_.Restore(nlohmann::json::parse(text)), nlohmann::json::exception) << text;
  }
  EXPECT_EQ(700, Look(At(1700, {{"_a", 100}})));
}

}  // namespace
}  // namespace erpnext
