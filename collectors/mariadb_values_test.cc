// SPDX-License-Identifier: Apache-2.0
#include "collectors/mariadb_values.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

namespace erpnext {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(StatusValue, NumbersWordsAndLogFiles) {
  struct {
    const char* text;
    std::optional<double> expected;
  } const cases[] = {
      {"0", 0},
      {"18446744073709551615", 18446744073709551615.0},
      {"-1", -1},
      {"1.500000", 1.5},
      {"1e3", 1000},
      {"ON", 1},
      {"on", 1},
      {"Yes", 1},
      {"Primary", 1},
      {"OFF", 0},
      {"No", 0},
      {"Connecting", 0},
      {"non-Primary", 0},
      {"Disconnected", 0},
      {"DISABLED", 0},
      {"mysql-bin.000042", std::nullopt},
      {"", std::nullopt},
      {" 1", std::nullopt},
      {"1 ", std::nullopt},
      {"0x10", std::nullopt},
      {"12 MB", std::nullopt},
      {".5.", std::nullopt},
      {"10.11.6-MariaDB", std::nullopt},
      {"127.0.0.1", std::nullopt},
      {"1.2.3", std::nullopt},
      {"nan", std::nullopt},
      {"inf", std::nullopt},
      {"Jan 01 00:00:00 2030 GMT", 1893456000},
      {"Jan  1 00:00:00 2030 GMT", 1893456000},
      {"Nov 28 21:09:31 2026 GMT", 1795900171},
      {"Feb 29 23:59:59 2096 GMT", 3981398399},
      {"Dec 31 23:59:59 9999 GMT", 253402300799},
      {"Jan  1 00:00:00 2030 UTC", std::nullopt},
      {"Jan  1 00:00:00 2030 GMTx", std::nullopt},
      {"Jan  1 00:00:00 12030 GMT", std::nullopt},
      {"Jab  1 00:00:00 2030 GMT", std::nullopt},
      {"Jan  1 25:00:00 2030 GMT", std::nullopt},
      {"2030-01-01 00:00:00 GMT ", std::nullopt},
      {"abcdefghijklmnopqrstuvwx", std::nullopt},
      {"mysql-bin.", std::nullopt},
      {"mysql-bin.-1", std::nullopt},
      {".42", 0.42},
  };
  for (const auto& test : cases) {
    EXPECT_EQ(test.expected, ParseStatusValue(test.text)) << '"' << test.text << '"';
  }
}

RC_GTEST_PROP(StatusValue, TakesAnyBytes, (const std::string& bytes)) {
  const auto value = ParseStatusValue(bytes);
  RC_ASSERT(!value || std::isfinite(*value));
}

RC_GTEST_PROP(StatusValue, ReadsEveryNumberBack, (double number)) {
  RC_ASSERT(ParseStatusValue(fmt::format("{}", number)) == number);
}

TEST(Pairs, AreRowsOfTwoTexts) {
  const MariadbTable table{{},
                           {{"Max_Connections", "151"},
                            {"alone"},
                            {"null", std::nullopt},
                            {std::nullopt, "1"},
                            {"three", "1", "2"}}};
  EXPECT_THAT(PairsOf(table), ElementsAre(Pair("max_connections", "151")));
}

TEST(Columns, AreFoundByNameInAnyCase) {
  const MariadbTable table{{"Master_Host", "PORT"},
                           {{"db2", "3306"}, {"alone"}, {std::nullopt, "x"}}};
  const MariadbColumns columns(table);
  EXPECT_TRUE(columns.Has("master_host"));
  EXPECT_FALSE(columns.Has("host"));
  EXPECT_EQ("db2", columns.Text(table.rows[0], "master_host"));
  EXPECT_EQ(3306, columns.Number(table.rows[0], "port"));
  EXPECT_EQ(std::nullopt, columns.Text(table.rows[0], "host"));
  EXPECT_EQ(std::nullopt, columns.Text(table.rows[1], "port"));
  EXPECT_EQ(std::nullopt, columns.Text(table.rows[2], "master_host"));
  EXPECT_EQ(std::nullopt, columns.Number(table.rows[2], "port"));
}

}  // namespace
}  // namespace erpnext
