// SPDX-License-Identifier: Apache-2.0
#include "sources/monitor_line.h"

#include <gtest/gtest.h>

#include <string>

namespace erpnext {
namespace {

constexpr std::string_view kRequest =
    R"({"duration":12345,"request":{"ip":"203.0.113.7","method":"GET","path":"/api/method/ping?x=1",)"
    R"("response_length":18,"status_code":200},"site":"erp.example.com",)"
    R"("timestamp":"2025-02-05 10:00:00.123456+00:00","transaction_type":"request","uuid":"u"})";
constexpr std::string_view kJob =
    R"({"duration":512345,"exception":"ValueError","job":{"method":"frappe.email.queue.flush",)"
    R"("scheduled":true,"wait":23456},"site":"erp.example.com",)"
    R"("timestamp":"2025-02-05 10:00:00","transaction_type":"job","uuid":"erp.example.com::x"})";

std::string Changed(std::string_view line, std::string_view from, std::string_view to) {
  std::string text(line);
  const std::size_t at = text.find(from);
  EXPECT_NE(std::string::npos, at) << from;
  return text.replace(at, from.size(), to);
}

TEST(MonitorLine, ReadsARequest) {
  const auto entry = ParseMonitorLine(kRequest);
  ASSERT_TRUE(entry);
  EXPECT_EQ(MonitorEntry::Type::kRequest, entry->type);
  EXPECT_EQ("erp.example.com", entry->site);
  EXPECT_DOUBLE_EQ(0.012345, entry->seconds);
  EXPECT_EQ("/api/method/ping", entry->path);
  EXPECT_EQ(200, entry->status);
  EXPECT_DOUBLE_EQ(1738749600.123456, entry->started_at.value());
  EXPECT_EQ("", entry->exception);
}

TEST(MonitorLine, ReadsAJob) {
  const auto entry = ParseMonitorLine(kJob);
  ASSERT_TRUE(entry);
  EXPECT_EQ(MonitorEntry::Type::kJob, entry->type);
  EXPECT_DOUBLE_EQ(0.512345, entry->seconds);
  EXPECT_TRUE(entry->scheduled);
  EXPECT_DOUBLE_EQ(0.023456, entry->wait_seconds.value());
  EXPECT_EQ("ValueError", entry->exception);
  EXPECT_DOUBLE_EQ(1738749600, entry->started_at.value());
}

TEST(MonitorLine, AWaitThatMakesNoSenseIsNone) {
  for (const char* wait : {R"("wait":-1)", R"("wait":"1")", R"("wait":1e300)", R"("weight":1)"}) {
    const auto entry = ParseMonitorLine(Changed(kJob, R"("wait":23456)", wait));
    ASSERT_TRUE(entry) << wait;
    EXPECT_FALSE(entry->wait_seconds) << wait;
  }
}

TEST(MonitorLine, RefusesWhatCannotBeCounted) {
  for (const std::string_view line : {"", "{", "[]", "null", "1", "{}", "\"job\"", "\xFF\xFE"}) {
    EXPECT_FALSE(ParseMonitorLine(line)) << line;
  }
  const std::string_view duration = R"("duration":12345)";
  for (const std::string_view other :
       {R"("duration":-1)", R"("duration":"5")", R"("duration":null)", R"("duration":1e999)",
        R"("duration":1e300)", R"("duration":[1])", R"("duration":true)", R"("other":1)",
        R"("duration":99999999999999999999)", R"("duration":NaN)"}) {
    EXPECT_FALSE(ParseMonitorLine(Changed(kRequest, duration, other))) << other;
  }
  for (const std::string_view status :
       {"-200", "99", "600", "\"200\"", "200.5", "null", "1e30", "18446744073709551615"}) {
    EXPECT_FALSE(ParseMonitorLine(Changed(kRequest, "200}", std::string(status) + "}"))) << status;
  }
  EXPECT_FALSE(ParseMonitorLine(Changed(kRequest, "\"request\":{", "\"r\":{")));
  EXPECT_FALSE(ParseMonitorLine(Changed(kRequest, "n_type\":\"request\"", "n_type\":\"job\"")));
  EXPECT_FALSE(ParseMonitorLine(Changed(kRequest, "n_type\":\"request\"", "n_type\":\"cron\"")));
  EXPECT_FALSE(ParseMonitorLine(Changed(kRequest, "\"erp.example.com\"", "7")));
  EXPECT_FALSE(ParseMonitorLine(std::string(60'000, '[')));
}

TEST(MonitorLine, TimesAreUtc) {
  EXPECT_DOUBLE_EQ(1738749600, ParseMonitorTime("2025-02-05 10:00:00+00:00").value());
  EXPECT_DOUBLE_EQ(1738749600.5, ParseMonitorTime("2025-02-05 10:00:00.500000").value());
  for (const char* text : {"", "2025-02-05", "2025-02-05T10:00:00", "2025-02-05 10:00:00+05:30",
                           "2025-02-05 10:00:00Z", "2025-02-30 10:00:00", "2025-02-05 24:00:00"}) {
    EXPECT_FALSE(ParseMonitorTime(text)) << text;
  }
}

}  // namespace
}  // namespace erpnext
