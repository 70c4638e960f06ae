// SPDX-License-Identifier: Apache-2.0
#include "sources/site_time.h"

#include <gtest/gtest.h>

#include <cmath>

namespace erpnext {
namespace {

constexpr double kLater = 4e9;  // no time of these tests lies in its future

SiteZone Zone(std::string_view name) { return SiteZone::Find(name).value(); }

TEST(SiteTime, LocalTimeToUnix) {
  struct {
    const char *zone, *text;
    double unix_seconds;
  } const cases[] = {
      {"Asia/Kolkata", "2026-11-24 17:30:00", 1795521600},
      {"Asia/Kolkata", "1970-01-01 05:30:00", 0},
      {"Asia/Calcutta", "2026-11-24 17:30:00.000000", 1795521600},  // its old name
      {"UTC", "2026-11-24 12:00:00.250000", 1795521600.25},
      {"UTC", "2026-11-24 12:00:00.5", 1795521600.5},
      {"UTC", "2024-02-29 00:00:00", 1709164800},
      {"Asia/Kathmandu", "2026-11-24 17:45:00", 1795521600},
      {"Pacific/Chatham", "2026-11-25 01:45:00", 1795521600},  // +13:45 in summer
      {"America/St_Johns", "2026-11-24 08:30:00", 1795521600},
      // Berlin: 02:00 to 03:00 on 29 March 2026 never was, 02:00 to 03:00 on 25 October came twice.
      {"Europe/Berlin", "2026-03-29 01:59:59", 1774745999},
      {"Europe/Berlin", "2026-03-29 02:00:00", 1774746000},
      {"Europe/Berlin", "2026-03-29 02:30:00", 1774747800},
      {"Europe/Berlin", "2026-03-29 03:00:00", 1774746000},
      {"Europe/Berlin", "2026-03-29 03:30:00", 1774747800},
      {"Europe/Berlin", "2026-10-25 01:59:59", 1792886399},
      {"Europe/Berlin", "2026-10-25 02:30:00", 1792891800},
      {"Europe/Berlin", "2026-10-25 03:00:00", 1792893600},
      // New York: 8 March and 1 November 2026.
      {"America/New_York", "2026-03-08 01:59:59", 1772953199},
      {"America/New_York", "2026-03-08 02:15:00", 1772954100},
      {"America/New_York", "2026-03-08 03:00:00", 1772953200},
      {"America/New_York", "2026-11-01 00:59:59", 1793509199},
      {"America/New_York", "2026-11-01 01:30:00", 1793514600},
      {"America/New_York", "2026-11-01 02:00:00", 1793516400},
      // Lord Howe moves its clocks by half an hour: 01:30 to 02:00 comes twice on 5 April 2026.
      {"Australia/Lord_Howe", "2026-04-05 01:45:00", 1775315700},
  };
  for (const auto& test : cases) {
    EXPECT_EQ(test.unix_seconds, Zone(test.zone).ToUnix(test.text, kLater).value_or(-1))
        << test.zone << " " << test.text;
  }
}

TEST(SiteTime, AnHourThatComesTwiceIsTheLaterOneUnlessThatIsStillToCome) {
  const SiteZone berlin = Zone("Europe/Berlin");
  constexpr double kFirst = 1792888200, kSecond = 1792891800;  // 02:30 in summer and in winter time
  EXPECT_EQ(kFirst, berlin.ToUnix("2026-10-25 02:30:00", kFirst));
  EXPECT_EQ(kFirst, berlin.ToUnix("2026-10-25 02:30:00", kSecond - 1));
  EXPECT_EQ(kSecond, berlin.ToUnix("2026-10-25 02:30:00", kSecond));
}

TEST(SiteTime, WhatIsNoTimeGivesNothing) {
  using namespace std::string_literals;
  const std::string texts[] = {"",
                               "0000-00-00 00:00:00",
                               "0000-00-00 00:00:00.000000",
                               "2026-00-10 00:00:00",
                               "2026-02-29 00:00:00",
                               "2026-13-01 00:00:00",
                               "2026-11-24 24:00:00",
                               "2026-11-24 23:60:00",
                               "2026-11-24 23:59:60",
                               "2026-11-24",
                               "2026-11-24T10:00:00",
                               "2026-11-24 10:00:00Z",
                               "2026-11-24 10:00:00.",
                               "2026-11-24 10:00:00.1234567",
                               "2026-11-24 10:00:00.12x",
                               "+026-11-24 10:00:00",
                               "2026-1 -24 10:00:00",
                               "2026\0-11-24 10:00:00"s,
                               "NULL",
                               std::string(100'000, '9')};
  for (const std::string& text : texts) {
    EXPECT_FALSE(Zone("Europe/Berlin").ToUnix(text, kLater)) << text.substr(0, 40);
  }
}

TEST(SiteTime, UnixToLocalTimeAndBack) {
  struct {
    const char* zone;
    double unix_seconds;
    const char* text;
  } const cases[] = {
      {"Asia/Kolkata", 1795521600, "2026-11-24 17:30:00"},
      {"America/New_York", 1795521600.9, "2026-11-24 07:00:00"},
      {"Europe/Berlin", 1774746000, "2026-03-29 03:00:00"},
      {"Europe/Berlin", 1792891800, "2026-10-25 02:30:00"},
      {"UTC", 0, "1970-01-01 00:00:00"},
  };
  for (const auto& test : cases) {
    EXPECT_EQ(test.text, Zone(test.zone).FromUnix(test.unix_seconds).value_or(""));
    EXPECT_EQ(std::floor(test.unix_seconds), Zone(test.zone).ToUnix(test.text, kLater));
  }
  for (const double outside : {-1.0, 1e18, std::nan(""), -1e300}) {
    EXPECT_FALSE(Zone("UTC").FromUnix(outside)) << outside;
  }
}

TEST(SiteTime, AnUnknownZoneIsUnsupported) {
  using namespace std::string_literals;
  // Some of these are files of tzdata that are no zones.
  const std::string names[] = {"",
                               "Europe/Atlantis",
                               "europe/berlin",
                               "../../../etc/passwd",
                               "/etc/localtime",
                               "Europe",
                               "tzdata.zi",
                               "zone.tab",
                               "leapseconds",
                               "leap-seconds.list",
                               "Europe/Berlin\0"s,
                               std::string(1'000'000, 'x')};
  for (const std::string& name : names) {
    const auto zone = SiteZone::Find(name);
    ASSERT_FALSE(zone) << name.substr(0, 40);
    EXPECT_EQ(ErrorKind::kUnsupported, zone.error().kind);
    EXPECT_LT(zone.error().message.size(), 300u);
  }
}

}  // namespace
}  // namespace erpnext
