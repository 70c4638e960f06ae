// SPDX-License-Identifier: Apache-2.0
#include "collectors/frappe/scheduled_types.h"

#include <gtest/gtest.h>

namespace erpnext {
namespace {

constexpr double kNow = 1795521600;  // 2026-11-24 12:00 UTC, a Tuesday

struct Case {
  const char *frequency, *cron, *last, *zone;
  const char* result;  // "frequency lateness overdue", empty when nothing is planned
  double interval = 240;
};

std::string ResultOf(const Case& test) {
  MariadbTable table;
  const auto last =
      test.last == std::string_view("never") ? std::nullopt : std::optional<std::string>(test.last);
  table.rows.push_back({"n", "m", test.frequency, test.cron, "0", last, "2026-11-20 10:00:00"});
  const ScheduledTypes types =
      ReadScheduledTypes(table, SiteZone::Find(test.zone).value(), kNow, test.interval);
  std::string out;
  for (const auto& [frequency, late] : types.lateness) {
    out += fmt::format("{} {} {}", frequency, late, types.overdue);
  }
  return out;
}

TEST(ScheduledTypes, HowLateATypeIs) {
  const Case cases[] = {
      {"All", "", "2026-11-24 11:56:10", "UTC", "all 0 0"},
      {"All", "", "2026-11-24 11:55:59", "UTC", "all 240 0"},
      {"All", "", "2026-11-24 11:40:00", "UTC", "all 960 0"},
      {"All", "", "2026-11-24 11:36:00", "UTC", "all 1200 1"},
      {"All", "", "2026-11-24 11:36:00", "UTC", "all 1200 0", 600},
      {"All", "", "2026-11-24 11:36:00", "UTC", "", 30},  // */0, which Frappe cannot plan either
      {"Hourly", "", "2026-11-24 11:00:05", "UTC", "hourly 0 0"},
      {"Hourly Long", "", "2026-11-24 10:59:00", "UTC", "hourly 3600 1"},
      {"Hourly Maintenance", "", "2026-11-24 10:59:00", "UTC", "hourly 0 0"},
      {"Hourly Maintenance", "", "2026-11-24 09:59:00", "UTC", "hourly 3600 1"},
      {"Daily", "", "2026-11-24 00:00:01", "UTC", "daily 0 0"},
      {"Daily", "", "2026-11-23 00:00:01", "UTC", "daily 43200 1"},
      // The same day in the site's zone: midnight there was at 18:30 UTC the day before.
      {"Daily", "", "2026-11-23 00:00:01", "Asia/Kolkata", "daily 63000 1"},
      {"Daily", "", "2026-11-23 00:00:01", "America/New_York", "daily 25200 1"},
      {"Weekly", "", "2026-11-22 00:00:01", "UTC", "weekly 0 0"},
      {"Weekly Long", "", "2026-11-15 00:00:01", "UTC", "weekly 216000 1"},
      {"Monthly", "", "2026-11-01 00:00:01", "UTC", "monthly 0 0"},
      {"Monthly Long", "", "2026-10-31 00:00:01", "UTC", "monthly 2030400 1"},
      {"Yearly", "", "2026-01-01 00:00:01", "UTC", "yearly 0 0"},
      {"Annual", "", "2025-06-01 00:00:01", "UTC", "yearly 28296000 1"},
      {"Cron", "45 0 * * *", "2026-11-24 00:45:02", "UTC", "cron 0 0"},
      {"Cron", "0/15 * * * *", "2026-11-24 11:30:00", "UTC", "cron 900 0"},
      {"Cron", "@daily", "2026-11-01 00:00:00", "UTC", ""},
      {"Cron", "", "2026-11-01 00:00:00", "UTC", ""},
      {"Hourly", "*/10 * * * *", "2026-11-24 11:50:00", "UTC", "hourly 0 0"},  // its own line wins
      {"Daily", "", "never", "UTC", "daily 302400 1"},  // due on the day after its creation
      {"Daily", "", "0000-00-00 00:00:00", "UTC", "daily 302400 1"},
      // Clocks were set back, or another host's are ahead.
      {"Hourly", "", "2026-11-24 12:30:00", "UTC", "hourly 0 0"},
      {"Sometimes", "", "2026-11-01 00:00:00", "UTC", ""},
      {"", "", "2026-11-01 00:00:00", "UTC", ""},
  };
  for (const Case& test : cases) {
    EXPECT_EQ(test.result, ResultOf(test))
        << test.frequency << " " << test.cron << " after " << test.last << " in " << test.zone;
  }
}

TEST(ScheduledTypes, TheNewestExecutionIsOfTypesThatAreNotStopped) {
  const MariadbTable table{{},
                           {{"a", "m.a", "All", "", "0", "2026-11-24 11:00:00.5", ""},
                            {"b", "m.b", "All", "", "0", "2026-11-24 11:30:00", ""},
                            {"c", "m.c", "All", "", "1", "2026-11-24 11:59:00", ""}}};
  const auto types = ReadScheduledTypes(table, SiteZone::Find("UTC").value(), kNow, 240);
  EXPECT_EQ(kNow - 1800, types.last_execution);
  EXPECT_EQ(2u, types.enabled);
  EXPECT_EQ(1u, types.stopped);
  EXPECT_EQ(3600 - 240, types.lateness.at("all")) << "the latest one";
  EXPECT_EQ("m.c", types.method_of_type.at("c"));
}

}  // namespace
}  // namespace erpnext
