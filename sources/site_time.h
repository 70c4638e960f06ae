// SPDX-License-Identifier: Apache-2.0
// Points in time of a site's database: DATETIME without a zone, in the zone of the site.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace date {
class time_zone;
}

namespace erpnext {

// What Frappe takes when System Settings says nothing: get_system_timezone in frappe/utils/data.py.
inline constexpr std::string_view kDefaultSiteZone = "Asia/Kolkata";

// "2026-11-24 10:11:12.345678", the fraction may be missing, as seconds since 1970 of a clock in
// that zone. Nothing for what is no time, such as MariaDB's "0000-00-00 00:00:00".
std::optional<double> ParseLocalTime(std::string_view text);

// One zone of the host's time zone database (package tzdata), which is read when the first zone is
// asked for. Cheap to copy; thread-safe.
class SiteZone {
 public:
  // Unsupported when the host does not know the zone.
  static Result<SiteZone> Find(std::string_view name);

  // Seconds since 1970 of a local time. An hour that happens twice is the later one, unless that
  // is later than `now`; one that never was is as long after its day's midnight as it would have
  // been. Nothing for what ParseLocalTime takes for no time.
  std::optional<double> ToUnix(std::string_view text, double now) const;
  std::optional<double> ToUnix(double local_seconds, double now) const;

  // "2026-11-24 10:11:12", to compare columns with. Nothing outside the years 1970 to 9999.
  std::optional<std::string> FromUnix(double unix_seconds) const;

 private:
  explicit SiteZone(const date::time_zone* zone) : zone_(zone) {}

  const date::time_zone* zone_;
};

}  // namespace erpnext
