// SPDX-License-Identifier: Apache-2.0
// Counts the rows of a site's Error Log as they come.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "core/deadline.h"
#include "core/result.h"
#include "sources/site_database.h"

namespace erpnext {

inline constexpr std::string_view kErrorLog = "tabError Log";

// Errors of one site since we first looked, by family. Users and retention remove rows, and a row
// shows when its transaction ends, which may be an hour after its time of creation: so each row is
// counted once, by its name and that time, and no count falls. What comes from the queue in Redis
// has the time at which it was written. Of more than 10 000 rows between two readings the newest
// are counted.
class ErrorRows {
 public:
  // False when the table cannot be seen.
  Result<bool> Read(SiteDatabase& database, const SiteZone& zone, double now, Deadline deadline);

  // Each family, after the first reading; before it none.
  const std::map<std::string_view, double>& families() const { return families_; }

 private:
  struct Row {
    std::string name, creation;
    friend auto operator<=>(const Row&, const Row&) = default;
  };

  std::string Since(const SiteZone& zone, double now);
  Status Count(SiteDatabase& database, const std::vector<Row>& rows, Deadline deadline);

  std::map<std::string_view, double> families_;
  std::set<Row> known_;  // counted, or there before we looked, and not older than `since_`
  std::string since_;    // a local time
  double last_read_ = 0;
};

}  // namespace erpnext
