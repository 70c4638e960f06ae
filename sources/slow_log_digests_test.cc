// SPDX-License-Identifier: Apache-2.0
#include "sources/slow_log_digests.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "core/testing/temp_folder.h"
#include "sources/testing/fake_mariadb.h"

namespace erpnext {
namespace {

class SlowLogDigestsTest : public testing::Test {
 protected:
  SlowLogDigestsTest() {
    options_.address = {"", "127.0.0.1", 3306};
    server_.answers = {
        {"/* slow_log */", [this] {
           return MariadbTable{{}, {{on_ ? "1" : "0", "FILE", "slow.log", folder_.path()}}};
         }}};
  }

  // Sums of each schema and text.
  std::map<std::pair<std::string, std::string>, StatementCost> Read() {
    const auto read = digests_.Read(server_, options_, Deadline::After(std::chrono::seconds(5)));
    EXPECT_TRUE(read);
    there_ = read && read->has_value();
    std::map<std::pair<std::string, std::string>, StatementCost> sums;
    if (!there_) return sums;
    for (const StatementDigest& each : **read) sums[{each.schema, each.text}] = each.cost;
    return sums;
  }
  void Log(const std::string& statement, const std::string& schema = "_a") {
    folder_.Append(
        "slow.log",
        fmt::format("# User@Host: _b[_b] @ h []\n# Thread_id: 5  Schema: {}  QC_hit: No\n"
                    "# Query_time: 1.5  Lock_time: 0.0  Rows_sent: 1  Rows_examined: 20\n"
                    "SET timestamp=1795479652;\n{};\n",
                    schema, statement));
  }

  bool on_ = true;
  bool there_ = false;
  TempFolder folder_;
  FakeMariadb server_;
  MariadbOptions options_;
  SlowLogDigests digests_;
};

TEST_F(SlowLogDigestsTest, SumsAllThatTheLogHoldsAndGoesOn) {
  folder_.Write("slow.log", "");
  Log("SELECT a FROM t WHERE b = 'canary'");
  Log("SELECT a FROM t WHERE b = 'other'");
  Log("/* erpnext-exporter */ SELECT 1");
  Log("SELECT a FROM t WHERE b = 'x'", "");  // no schema: whose user it is
  auto sums = Read();
  ASSERT_EQ(2u, sums.size());
  const auto& [key, cost] = *sums.begin();
  EXPECT_EQ("_a", key.first);
  EXPECT_EQ(std::string::npos, key.second.find("canary"));
  EXPECT_EQ(2, cost.executions);
  EXPECT_EQ(3, cost.seconds);
  EXPECT_EQ(40, cost.rows_examined);
  EXPECT_EQ("_b", sums.rbegin()->first.first);
  Log("SELECT a FROM t WHERE b = 'third'");
  sums = Read();
  EXPECT_EQ(3, sums.begin()->second.executions);
}

TEST_F(SlowLogDigestsTest, WhatOccurredOnceGivesWay) {
  folder_.Write("slow.log", "");
  Log("SELECT a FROM often");
  Log("SELECT a FROM often");
  for (std::size_t i = 0; i < 2 * SlowLogDigests::kMostKnown; ++i) {
    Log(fmt::format("SELECT a FROM t{}", i));
  }
  const auto sums = Read();
  EXPECT_LE(sums.size(), SlowLogDigests::kMostKnown);
  EXPECT_EQ(1, std::count_if(sums.begin(), sums.end(),
                             [](const auto& each) { return each.second.executions == 2; }));
}

TEST_F(SlowLogDigestsTest, LongTextsTakeNoMemory) {
  folder_.Write("slow.log", "");
  std::string columns = "a";
  for (int i = 0; i < 500; ++i) columns += fmt::format(", b{}", i);
  Log("SELECT " + columns + " FROM t");
  Log("SELECT a FROM t");
  const auto sums = Read();
  ASSERT_EQ(1u, sums.size());
  EXPECT_LT(sums.begin()->first.second.size(), 50u);
}

TEST_F(SlowLogDigestsTest, WithoutALogThereIsNothing) {
  Read();
  EXPECT_FALSE(there_);
  folder_.Write("slow.log", "");
  on_ = false;
  Read();
  EXPECT_FALSE(there_);
}

}  // namespace
}  // namespace erpnext
