// SPDX-License-Identifier: Apache-2.0
// Captured monitor logs of real benches, through the collector; counted again here by plain text.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "captures.h"
#include "collectors/frappe/monitor_log.h"
#include "collectors/testing/collect.h"
#include "core/text.h"

namespace erpnext {
namespace {

// Unique lines by site and kind. Frappe writes compact JSON with sorted keys, so a plain search
// finds each value.
struct Counts {
  std::map<std::pair<std::string, std::string>, int> jobs;
  std::map<std::pair<std::string, std::string>, int> exceptions;
  int unique = 0;
  int repeated = 0;
};

std::string Between(const std::string& line, const std::string& before) {
  const std::size_t at = line.find(before);
  if (at == std::string::npos) return "";
  const std::size_t begin = at + before.size();
  return line.substr(begin, line.find('"', begin) - begin);
}

Counts CountPlainly(const std::string& text) {
  Counts counts;
  std::set<std::string> seen;
  std::string_view rest = text;
  while (const auto next = NextLine(rest)) {
    const std::string line(*next);
    if (!seen.insert(line).second) {
      ++counts.repeated;
      continue;
    }
    ++counts.unique;
    const std::string site = Between(line, R"("site":")");
    EXPECT_EQ("job", Between(line, R"("transaction_type":")"));
    const bool scheduled = line.find(R"("scheduled":true)") != std::string::npos;
    ++counts.jobs[{site, scheduled ? "scheduled" : "background"}];
    const std::string exception = Between(line, R"("exception":")");
    if (!exception.empty()) ++counts.exceptions[{site, exception}];
  }
  return counts;
}

TEST(CapturedMonitor, JobsAreCountedOnce) {
  REQUIRE_CAPTURES();
  for (const auto& captured : CapturedBenches()) {
    SCOPED_TRACE(captured.filename());
    const std::string text = ReadBytes(captured / "logs" / "monitor.json.log");
    const Counts expected = CountPlainly(text);
    ASSERT_GT(expected.unique, 0);

    TempFolder folder;
    folder.MakeFolder("logs");
    Bench bench = MakeBench("b");
    bench.path = folder.path();
    for (const auto& [key, count] : expected.jobs) {
      if (bench.sites.empty() || bench.sites.back().name != key.first) AddSite(bench, key.first);
    }
    CollectorContext context;
    Publish(context, {bench});
    const auto collector = kMonitorLogCollector.make(context);
    ASSERT_TRUE(Collect(kMonitorLogCollector, *collector).status);  // an empty folder so far
    folder.Write("logs/monitor.json.log", text);
    const Collected ours = Collect(kMonitorLogCollector, *collector);
    ASSERT_TRUE(ours.status);

    const auto lines = [&](std::string_view result) {
      return ours.Value(
          fmt::format(R"(erpnext_monitor_lines_total{{bench="b",result="{}"}})", result));
    };
    EXPECT_EQ(std::to_string(expected.unique), lines("counted"));
    EXPECT_EQ(std::to_string(expected.repeated), lines("duplicate"));
    EXPECT_EQ("0", lines("malformed"));
    for (const auto& [key, count] : expected.jobs) {
      const std::string labels =
          fmt::format(R"({{bench="b",site="{}",kind="{}"}})", key.first, key.second);
      const std::string found = ours.Value("erpnext_job_duration_seconds_count" + labels);
      fmt::print("{:18}{:20}{:12}{:>6}{:>6}\n", captured.filename().string(), key.first, key.second,
                 count, found);
      EXPECT_EQ(std::to_string(count), found) << labels;
    }
    for (const auto& [key, count] : expected.exceptions) {
      EXPECT_EQ(std::to_string(count),
                ours.Value(fmt::format(
                    R"(erpnext_job_exceptions_total{{bench="b",site="{}",exception="{}"}})",
                    key.first, key.second)))
          << key.second;
    }
  }
}

}  // namespace
}  // namespace erpnext
