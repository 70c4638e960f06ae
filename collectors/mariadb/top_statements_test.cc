// SPDX-License-Identifier: Apache-2.0
#include "collectors/mariadb/top_statements.h"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <nlohmann/json.hpp>

namespace erpnext {
namespace {

const SiteKey kSite{"b", "a.example"};

StatementCost Took(double seconds) { return {.executions = 1, .seconds = seconds}; }

std::size_t Named(const TopStatements& top) {
  std::size_t named = 0;
  for (const auto& [statement, counts] : top.statements()) named += counts.is_named ? 1 : 0;
  return named;
}

bool IsNamed(const TopStatements& top, const std::string& id) {
  const auto found = top.statements().find({kSite, id});
  return found != top.statements().end() && found->second.is_named;
}

double SecondsOf(const TopStatements& top, const std::string& id) {
  return top.statements().at({kSite, id}).named.seconds;
}

// Thirty kinds, "0" to "29", of which the last ones take most time.
void AddThirty(TopStatements& top, double factor = 1) {
  for (int i = 0; i < 30; ++i) {
    top.Add(kSite, fmt::format("{}", i), "SELECT ?", Took((i + 1) * factor));
  }
}

TEST(TopStatements, NamesTheTwentyThatTookMostTime) {
  TopStatements top;
  AddThirty(top);
  top.Rank(SteadyTime{});
  EXPECT_EQ(20u, Named(top));
  EXPECT_TRUE(IsNamed(top, "10"));
  EXPECT_FALSE(IsNamed(top, "9"));
  // What was before they had names is of the rest, and stays there.
  EXPECT_EQ(30 * 31 / 2, top.rest().at(kSite).seconds);
  EXPECT_EQ(0, SecondsOf(top, "29"));
  AddThirty(top);
  EXPECT_EQ(30, SecondsOf(top, "29"));
  EXPECT_EQ(30 * 31 / 2 + 10 * 11 / 2, top.rest().at(kSite).seconds);
}

TEST(TopStatements, StayNamedForAnHour) {
  TopStatements top;
  SteadyTime now{};
  AddThirty(top);
  top.Rank(now);
  for (int i = 0; i < 10; ++i) top.Add(kSite, fmt::format("{}", i), "", Took(1e6));
  top.Rank(now += std::chrono::minutes(1));
  EXPECT_TRUE(IsNamed(top, "0"));
  EXPECT_TRUE(IsNamed(top, "10"));  // no longer among the first
  EXPECT_EQ(30u, Named(top));
  top.Rank(now += TopStatements::kStay);
  EXPECT_TRUE(IsNamed(top, "29"));
  EXPECT_FALSE(IsNamed(top, "10"));
  EXPECT_EQ(20u, Named(top));
}

TEST(TopStatements, ACounterGoesOnWhenItsNameComesBack) {
  TopStatements top;
  SteadyTime now{};
  AddThirty(top);
  top.Rank(now);
  top.Add(kSite, "10", "", Took(5));
  for (int i = 0; i < 10; ++i) top.Add(kSite, fmt::format("{}", i), "", Took(1e6));
  top.Rank(now);
  top.Rank(now += 2 * TopStatements::kStay);
  ASSERT_FALSE(IsNamed(top, "10"));
  const double rest = top.rest().at(kSite).seconds;
  top.Add(kSite, "10", "", Took(1e7));
  EXPECT_EQ(rest + 1e7, top.rest().at(kSite).seconds);
  top.Rank(now);
  ASSERT_TRUE(IsNamed(top, "10"));
  EXPECT_EQ(5, SecondsOf(top, "10"));
}

TEST(TopStatements, WhatTookNoTimeHasNoName) {
  TopStatements top;
  top.Add(kSite, "a", "COMMIT", Took(0));
  top.Rank(SteadyTime{});
  EXPECT_EQ(0u, Named(top));
  EXPECT_EQ(1, top.rest().at(kSite).executions);
}

TEST(TopStatements, WithoutAnIdAreOfTheRest) {
  TopStatements top;
  top.Add(kSite, "", "", Took(3));
  top.Rank(SteadyTime{});
  EXPECT_EQ(0u, top.statements().size());
  EXPECT_EQ(3, top.rest().at(kSite).seconds);
}

TEST(TopStatements, KindsWithoutEndAreForgotten) {
  TopStatements top;
  top.Add(kSite, "slow", "SELECT ?", Took(1e9));
  top.Rank(SteadyTime{});
  for (int i = 0; i < 20'000; ++i) {
    top.Add(kSite, fmt::format("{}", i), "SELECT ?", Took(1));
    EXPECT_LE(top.statements().size(), 2 * TopStatements::kMostKnown);
  }
  top.Rank(SteadyTime{});
  EXPECT_LE(top.statements().size(), TopStatements::kMostKnown);
  EXPECT_TRUE(IsNamed(top, "slow"));
  EXPECT_EQ(20'000, top.rest().at(kSite).seconds - 1e9);
}

TEST(TopStatements, OutliveARestart) {
  TopStatements top;
  AddThirty(top);
  top.Rank(SteadyTime{});
  AddThirty(top);
  const TopStatements again =
      TopStatements::FromJson(nlohmann::json::parse(top.ToJson().dump()), SteadyTime{});
  EXPECT_EQ(20u, Named(again));
  EXPECT_EQ(30, SecondsOf(again, "29"));
  EXPECT_EQ(top.rest(), again.rest());
}

RC_GTEST_PROP(TopStatements, LoseNothingAndNeverFall, ()) {
  TopStatements top;
  SteadyTime now{};
  double added = 0;
  std::map<std::string, double> before;
  double rest_before = 0;
  const auto rounds = *rc::gen::inRange(1, 40);
  for (int round = 0; round < rounds; ++round) {
    for (int i = 0; i < 60; ++i) {
      const double seconds = *rc::gen::inRange(1, 100);
      top.Add(kSite, fmt::format("{}", i), "", Took(seconds));
      added += seconds;
    }
    top.Rank(now += std::chrono::minutes(*rc::gen::inRange(1, 50)));
    RC_ASSERT(Named(top) <= TopStatements::kMostNamed);
    RC_ASSERT(Named(top) >= TopStatements::kTop);
    double sum = top.rest().at(kSite).seconds;
    RC_ASSERT(sum >= rest_before);
    rest_before = sum;
    for (const auto& [statement, counts] : top.statements()) {
      RC_ASSERT(counts.named.seconds >= before[statement.id]);
      before[statement.id] = counts.named.seconds;
      sum += counts.named.seconds;
    }
    RC_ASSERT(sum == added);
  }
}

}  // namespace
}  // namespace erpnext
