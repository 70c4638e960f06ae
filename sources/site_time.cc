// SPDX-License-Identifier: Apache-2.0
// Converts through Howard Hinnant's date library, which reads the system's zoneinfo.
#include "sources/site_time.h"

#include <date/tz.h>

#include <chrono>
#include <cmath>
#include <exception>

#include "core/text.h"

namespace erpnext {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

constexpr double kYear10000 = 253402300800.0;

std::optional<unsigned> Digits(std::string_view text, std::size_t at, std::size_t count) {
  return ParseNumber<unsigned>(text.substr(at, count));
}

// "12", "123456": what follows the point, as microseconds.
std::optional<microseconds> Fraction(std::string_view digits) {
  if (digits.empty() || digits.size() > 6) return std::nullopt;
  std::string padded(digits);
  padded.resize(6, '0');
  const auto value = ParseNumber<unsigned>(padded);
  if (!value) return std::nullopt;
  return microseconds(*value);
}

}  // namespace

// MariaDB writes a DATETIME in this one form.
std::optional<double> ParseLocalTime(std::string_view text) {
  constexpr std::size_t kWhole = 19;  // "2026-11-24 10:11:12"
  if (text.size() < kWhole || text[4] != '-' || text[7] != '-' || text[10] != ' ' ||
      text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  const auto year = Digits(text, 0, 4), month = Digits(text, 5, 2), day = Digits(text, 8, 2);
  const auto hour = Digits(text, 11, 2), minute = Digits(text, 14, 2), second = Digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const date::year_month_day ymd{date::year(static_cast<int>(*year)), date::month(*month),
                                 date::day(*day)};
  if (!ymd.ok() || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  microseconds fraction{};
  if (text.size() > kWhole) {
    if (text[kWhole] != '.') return std::nullopt;
    const auto given = Fraction(text.substr(kWhole + 1));
    if (!given) return std::nullopt;
    fraction = *given;
  }
  const auto whole = date::local_days(ymd).time_since_epoch() + std::chrono::hours(*hour) +
                     std::chrono::minutes(*minute) + seconds(*second);
  return std::chrono::duration<double>(whole + fraction).count();
}

// The library throws what it has against a zone or its file; nothing of that leaves this module.
Result<SiteZone> SiteZone::Find(std::string_view name) {
  try {
    const date::time_zone* zone = date::locate_zone(std::string(name));
    zone->get_info(date::sys_seconds{});  // reads its file
    return SiteZone(zone);
  } catch (const std::exception&) {
    return Fail(ErrorKind::kUnsupported,
                "time zone {}: this host does not know it; install tzdata, or correct the time "
                "zone in System Settings",
                RepairUtf8(CutUtf8(name, 64)));
  }
}

std::optional<double> SiteZone::ToUnix(std::string_view text, double now) const {
  const auto local = ParseLocalTime(text);
  return local ? ToUnix(*local, now) : std::nullopt;
}

std::optional<double> SiteZone::ToUnix(double local_seconds, double now) const {
  if (!(local_seconds > -kYear10000 && local_seconds < kYear10000)) return std::nullopt;
  const auto before = [&](seconds offset) {
    return local_seconds - static_cast<double>(offset.count());
  };
  try {
    const date::local_info info = zone_->get_info(
        date::local_seconds(seconds(static_cast<std::int64_t>(std::floor(local_seconds)))));
    if (info.result == date::local_info::ambiguous) {
      const double later = before(info.second.offset);
      if (later <= now) return later;
    }
    return before(info.first.offset);
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

std::optional<std::string> SiteZone::FromUnix(double unix_seconds) const {
  if (!(unix_seconds >= 0 && unix_seconds < kYear10000 - 86400)) return std::nullopt;
  try {
    const date::sys_seconds time{seconds(static_cast<std::int64_t>(std::floor(unix_seconds)))};
    const auto local = zone_->to_local(time);
    const auto day = date::floor<date::days>(local);
    const date::year_month_day ymd{day};
    const auto clock = date::make_time(local - day);
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", static_cast<int>(ymd.year()),
                       static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace erpnext
