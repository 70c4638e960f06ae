// SPDX-License-Identifier: Apache-2.0
// What a site's database tells of its e-mails. No address, name or text of one is read.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "collectors/frappe/site_counts.h"

namespace erpnext {

inline constexpr std::string_view kEmailQueue = "tabEmail Queue";
inline constexpr std::string_view kEmailAccount = "tabEmail Account";
inline constexpr std::string_view kDefaults = "tabDefaultValue";

// Each part is nothing when it cannot be seen, or when reading it failed.
struct SiteEmail {
  std::optional<std::map<std::string, double>> by_status;  // of seven days
  std::optional<double> due;                               // not sent although their time has come
  std::optional<double> oldest_due_age;                    // seconds; nothing when none is due
  std::optional<double> stuck;                             // being sent for longer than 15 minutes
  std::optional<bool> queue_suspended;
  std::optional<bool> queue_held;          // by Frappe 13; nothing when nobody ever held it
  std::map<std::string, double> accounts;  // by state
  Status status;                           // the first of what failed
};

SiteEmail ReadSiteEmail(SiteDatabase& database, const SiteZone& zone, double now,
                        Deadline deadline);

}  // namespace erpnext
