// SPDX-License-Identifier: Apache-2.0
#include "sources/index_usage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sources/testing/fake_mariadb.h"

namespace erpnext {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;
using Row = std::vector<std::optional<std::string>>;

constexpr std::string_view kSchemas[] = {"_a'", "_b"};
const Deadline kDeadline = Deadline::After(std::chrono::minutes(5));

class IndexUsageTest : public testing::Test {
 protected:
  IndexUsageTest() {
    const std::string usage = "/* x */ SELECT TABLE_SCHEMA, TABLE_NAME, ";
    server_.answers = {{"/* x */ SELECT @@userstat",
                        [this] {
                          return MariadbTable{{}, {settings_}};
                        }},
                       {"/* x */ SHOW GLOBAL STATUS",
                        [this] {
                          return FakeMariadb::Pairs(
                              {{"Performance_schema_index_stat_lost", lost_}, {"Uptime", "900"}});
                        }},
                       {usage + "GROUP_CONCAT", [this] { return reads_; }},
                       {usage + "NULL", [this] { return writes_; }},
                       {"/* x */ SELECT OBJECT_SCHEMA", [this] { return waits_; }},
                       {"/* x */ SELECT table_name, n_rows", [this] { return rows_; }},
                       {"/* x */ SELECT table_name, index_name", [this] { return indexes_; }}};
  }
  Result<IndexUsage> Read() { return ReadIndexUsage(server_, "x", kSchemas, kDeadline); }

  Row settings_ = {"1", "1"};
  std::string lost_ = "0";
  Result<MariadbTable> reads_ = MariadbTable{{},
                                             {Row{"_b", "tabBin",
                                                  "PRIMARY\0"
                                                  "40\0by_item\0"
                                                  "2\0"s,
                                                  std::nullopt}}};
  Result<MariadbTable> writes_ = MariadbTable{
      {},
      {Row{"_b", "tabBin", std::nullopt, "5"}, Row{"_b", "tabX", std::nullopt, "6"}, Row{},
       Row{std::nullopt, "tabX",
           "a\0"
           "1\0"s,
           "1"}}};
  Result<MariadbTable> waits_ = MariadbTable{{},
                                             {Row{"_b", "tabBin",
                                                  "by_item\0"
                                                  "0\0half"s,
                                                  "7"}}};
  Result<MariadbTable> rows_ = MariadbTable{{}, {Row{"tabBin", "1000"}, Row{"tabX", "-3"}, Row{}}};
  Result<MariadbTable> indexes_ = MariadbTable{
      {},
      {Row{"tabBin", "by_item", "n_diff_pfx01", "30", "16384"},
       Row{"tabBin", "by_item", "n_diff_pfx02", "900", "16384"},
       Row{"tabBin", "by_item", "n_diff_pfxzz", "1", "16384"},
       Row{"tabBin", "by_item", "size", "2", "16384"}, Row{"tabNew", "x", "size", "2", "16384"},
       Row{"tabBin", std::nullopt, "size", "2", "16384"}, Row{}}};
  FakeMariadb server_;
};

TEST_F(IndexUsageTest, ReadsBothSources) {
  const auto usage = Read();
  ASSERT_TRUE(usage) << usage.error().message;
  EXPECT_EQ(900, usage->uptime_seconds);
  ASSERT_TRUE(usage->userstat);
  const TableUsage& bin = usage->userstat->at("_b").at("tabBin");
  EXPECT_EQ(42, bin.AllReads());
  EXPECT_EQ(2, bin.reads.at("by_item"));
  EXPECT_EQ(5, bin.writes);
  EXPECT_TRUE(usage->userstat->at("_b").at("tabX").reads.empty());
  ASSERT_TRUE(usage->performance_schema);
  const TableUsage& waits = usage->performance_schema->at("_b").at("tabBin");
  EXPECT_EQ(0, waits.reads.at("by_item"));
  EXPECT_EQ(1u, waits.reads.size());
  EXPECT_EQ(7, waits.writes);
  for (const std::string& statement : server_.statements) {
    if (statement.find("SELECT @@") != std::string::npos) continue;
    if (statement.find("SHOW") != std::string::npos) continue;
    EXPECT_THAT(statement, HasSubstr("IN ('_a''', '_b')"));
    EXPECT_THAT(statement, HasSubstr(" LIMIT "));
  }
}

TEST_F(IndexUsageTest, WhatIsOffOrMayNotBeReadIsNotThere) {
  settings_ = {"0", "0"};
  auto usage = Read();
  ASSERT_TRUE(usage);
  EXPECT_FALSE(usage->userstat || usage->performance_schema);
  EXPECT_EQ(2u, server_.statements.size());
  settings_ = {"1", "1"};
  reads_ = Fail(ErrorKind::kPermission, "denied");
  waits_ = Fail(ErrorKind::kUnsupported, "no such table");
  usage = Read();
  ASSERT_TRUE(usage);
  EXPECT_FALSE(usage->userstat || usage->performance_schema);
  writes_ = Fail(ErrorKind::kTimeout, "no answer in time");
  reads_ = MariadbTable{};
  EXPECT_EQ(ErrorKind::kTimeout, Read().error().kind);
}

TEST_F(IndexUsageTest, CountsThatWereLostAreNoEvidence) {
  lost_ = "1";
  const auto usage = Read();
  ASSERT_TRUE(usage);
  EXPECT_TRUE(usage->userstat);
  EXPECT_FALSE(usage->performance_schema);
}

TEST_F(IndexUsageTest, ReadsSizesAndDistinctValues) {
  constexpr std::string_view kTables[] = {"tabBin", "tab'"};
  const auto found = ReadTableStatistics(server_, "x", "_a'", kTables, 1000, kDeadline);
  ASSERT_TRUE(found && *found);
  EXPECT_EQ(2u, (*found)->size());
  const TableStatistics& bin = (*found)->at("tabBin");
  EXPECT_EQ(1000, bin.rows);
  EXPECT_EQ(2 * 16384, bin.indexes.at("by_item").bytes);
  EXPECT_EQ(30, bin.indexes.at("by_item").distinct.at(1));
  EXPECT_EQ(900, bin.indexes.at("by_item").distinct.at(2));
  EXPECT_EQ(2u, bin.indexes.at("by_item").distinct.size());
  EXPECT_EQ(0, (*found)->at("tabX").rows);
  EXPECT_THAT(server_.statements[0],
              HasSubstr("database_name = '_a''' AND table_name IN ('tabBin', 'tab''') LIMIT"));
  EXPECT_THAT(server_.statements[1], HasSubstr("table_name IN ('tabBin') AND (stat_name"));
  ASSERT_TRUE(ReadTableStatistics(server_, "x", "_a", kTables, 1001, kDeadline));
  EXPECT_EQ(3u, server_.statements.size());
}

TEST_F(IndexUsageTest, StatisticsThatMayNotBeReadAreNotThere) {
  constexpr std::string_view kTables[] = {"tabBin"};
  indexes_ = Fail(ErrorKind::kPermission, "denied");
  auto found = ReadTableStatistics(server_, "x", "_a", kTables, 1000, kDeadline);
  ASSERT_TRUE(found && *found);
  EXPECT_TRUE((*found)->at("tabBin").indexes.empty());
  rows_ = Fail(ErrorKind::kPermission, "denied");
  found = ReadTableStatistics(server_, "x", "_a", kTables, 1000, kDeadline);
  ASSERT_TRUE(found);
  EXPECT_FALSE(*found);
  rows_ = Fail(ErrorKind::kTimeout, "no answer in time");
  EXPECT_FALSE(ReadTableStatistics(server_, "x", "_a", kTables, 1000, kDeadline));
}

}  // namespace
}  // namespace erpnext
