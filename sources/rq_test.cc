// SPDX-License-Identifier: Apache-2.0
#include "sources/rq.h"

#include <fmt/chrono.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <ctime>

namespace erpnext {
namespace {

TEST(Rq, ReadsItsTimes) {
  EXPECT_DOUBLE_EQ(1795486403.698640, ParseRqTime("2026-11-24T02:13:23.698640Z").value());
  EXPECT_DOUBLE_EQ(1795486403, ParseRqTime("2026-11-24T02:13:23Z").value());
  EXPECT_DOUBLE_EQ(1795486403, ParseRqTime("2026-11-24T02:13:23").value());
  EXPECT_DOUBLE_EQ(1795486403.5, ParseRqTime("2026-11-24T02:13:23.5Z").value());
  EXPECT_DOUBLE_EQ(0, ParseRqTime("1970-01-01T00:00:00Z").value());
  for (const char* bad :
       {"", "b''", "2026-11-24", "2026-13-24T02:13:23Z", "2026-02-30T02:13:23Z",
        "2026-11-24T25:13:23Z", "2026-11-24 02:13:23", "2026-11-24T02:13:23+01:00",
        "2026-11-24T02:13:23.Z", "2026-11-24T02:13:23.12345678901Z", "-026-11-24T02:13:23Z"}) {
    EXPECT_EQ(std::nullopt, ParseRqTime(bad)) << bad;
  }
}

RC_GTEST_PROP(Rq, TakesAnyBytesForATime, (const std::string& bytes)) {
  const auto time = ParseRqTime(bytes);
  RC_ASSERT(!time || bytes.size() >= 19);
}

RC_GTEST_PROP(Rq, ReadsEveryTimeBackThatRqWrites, (std::uint32_t second)) {
  const auto micros = *rc::gen::inRange(0, 1'000'000);
  const std::string text = fmt::format("{:%Y-%m-%dT%H:%M:%S}", fmt::gmtime(std::time_t{second}));
  RC_ASSERT(ParseRqTime(text + "Z") == static_cast<double>(second));
  const auto time = ParseRqTime(fmt::format("{}.{:06}Z", text, micros));
  RC_ASSERT(std::abs(time.value() - (second + micros / 1e6)) < 1e-6);
}

RC_GTEST_PROP(Rq, TakesATimeWithAnyByteWrong, (char byte)) {
  std::string text = "2026-11-24T02:13:23.698640Z";
  text[static_cast<std::size_t>(*rc::gen::inRange(0, static_cast<int>(text.size())))] = byte;
  const auto time = ParseRqTime(text);
  RC_ASSERT(!time || (*time > -62'200'000'000.0 && *time < 253'402'300'800.0));
}

TEST(Rq, KnowsTheQueuesOfABench) {
  Bench bench;
  bench.id = "home-frappe-bench";
  EXPECT_EQ("home-frappe-bench:", RqNamePrefix(bench));
  bench.frappe_major = 13;
  EXPECT_EQ("", RqNamePrefix(bench));
  bench.frappe_major = 14;
  const std::string prefix = RqNamePrefix(bench);
  EXPECT_EQ("short", FrappeQueueName("home-frappe-bench:short", prefix));
  EXPECT_EQ("a:b", FrappeQueueName("home-frappe-bench:a:b", prefix));
  EXPECT_EQ(std::nullopt, FrappeQueueName("home-frappe-bench-2:short", prefix));
  EXPECT_EQ(std::nullopt, FrappeQueueName("home-frappe-bench:", prefix));
  EXPECT_EQ(std::nullopt, FrappeQueueName("short", prefix));
  EXPECT_EQ("short", FrappeQueueName("short", ""));
  EXPECT_EQ(std::nullopt, FrappeQueueName("home-frappe-bench:short", ""));
}

}  // namespace
}  // namespace erpnext
