// SPDX-License-Identifier: Apache-2.0
#include "sources/cron.h"

#include <gtest/gtest.h>

#include <string>

#include "sources/site_time.h"

namespace erpnext {
namespace {

std::string After(const char* line, const char* time) {
  const auto cron = CronLine::Parse(line);
  if (!cron) return "not known";
  const auto next = cron->Next(static_cast<std::int64_t>(ParseLocalTime(time).value()));
  return next ? SiteZone::Find("UTC")->FromUnix(static_cast<double>(*next)).value() : "never";
}

// The expected times are croniter's.
TEST(Cron, TheNextTime) {
  struct {
    const char *line, *after, *next;
  } const cases[] = {
      {"*/4 * * * *", "2026-11-24 10:00:00", "2026-11-24 10:04:00"},
      {"*/4 * * * *", "2026-11-24 10:03:59", "2026-11-24 10:04:00"},
      {"0 * * * *", "2026-11-24 10:00:01", "2026-11-24 11:00:00"},
      {"0 * * * *", "2026-11-24 23:30:00", "2026-11-25 00:00:00"},
      {"0 0 * * *", "2026-11-24 00:00:00", "2026-11-25 00:00:00"},
      {"0 0 * * 0", "2026-11-24 12:00:00", "2026-11-29 00:00:00"},
      {"0 0 * * 7", "2026-11-24 12:00:00", "2026-11-29 00:00:00"},
      {"0 0 1 * *", "2026-11-24 12:00:00", "2026-12-01 00:00:00"},
      {"0 0 1 1 *", "2026-11-24 12:00:00", "2027-01-01 00:00:00"},
      {"0/15 * * * *", "2026-11-24 10:16:00", "2026-11-24 10:30:00"},
      {"5/15 * * * *", "2026-11-24 10:51:00", "2026-11-24 11:05:00"},
      {"30 3,12-14 * * *", "2026-11-24 12:31:00", "2026-11-24 13:30:00"},
      {"10-20/5 * * * *", "2026-11-24 10:20:00", "2026-11-24 11:10:00"},
      {"0 0 29 2 *", "2026-11-24 12:00:00", "2028-02-29 00:00:00"},
      {"0 0 29 2 *", "2096-03-01 12:00:00", "2104-02-29 00:00:00"},
      {"0 0 31 2 *", "2026-11-24 12:00:00", "never"},
      {"0 0 13 * 5", "2026-11-24 12:00:00", "2026-11-27 00:00:00"},
      {"0 0 25 * 5", "2026-11-24 12:00:00", "2026-11-25 00:00:00"},
      {"0 0 * * 1-5", "2026-11-27 12:00:00", "2026-11-30 00:00:00"},
      {"  0   0 * * *  ", "2026-11-24 00:00:00", "2026-11-25 00:00:00"},
      {"0 0 * * *", "1969-12-31 23:00:00", "1970-01-01 00:00:00"},
      {"*/4294967295 * * * *", "2026-11-24 10:00:00", "2026-11-24 11:00:00"},
  };
  for (const auto& test : cases) {
    EXPECT_EQ(test.next, After(test.line, test.after)) << test.line << " after " << test.after;
  }
}

TEST(Cron, WhatIsNotKnownIsNotGuessed) {
  const std::string lines[] = {"",
                               "* * * *",
                               "* * * * * *",
                               "@daily",
                               "60 * * * *",
                               "* 24 * * *",
                               "* * 0 * *",
                               "* * * 13 *",
                               "* * * * 8",
                               "*/0 * * * *",
                               "9-5 * * * *",
                               "a * * * *",
                               "* * * jan *",
                               "1,,2 * * * *",
                               "-1 * * * *",
                               "* * L * *",
                               "* * * * 1#2",
                               std::string(100'000, '*'),
                               "1- * * * *"};
  for (const std::string& line : lines) {
    EXPECT_FALSE(CronLine::Parse(line)) << line.substr(0, 40);
  }
}

TEST(Cron, TimesBeyondAllCalendarsHaveNoNext) {
  const auto line = CronLine::Parse("* * * * *").value();
  EXPECT_FALSE(line.Next(INT64_MAX));
  EXPECT_FALSE(line.Next(INT64_MIN));
}

}  // namespace
}  // namespace erpnext
