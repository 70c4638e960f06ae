// SPDX-License-Identifier: Apache-2.0
// Names first, and texts of new rows alone: of what MariaDB sends us a row costs its text once.
#include "collectors/frappe/error_rows.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "collectors/frappe/error_family.h"

namespace erpnext {
namespace {

// Longer than the hour that a clock falls back in autumn, plus one for transactions.
constexpr double kOverlap = 2 * 3600;
constexpr std::size_t kMostRows = 10'000;
constexpr std::size_t kMostTexts = 2000;  // in one reading; what is beyond counts as unread
constexpr std::size_t kTextsAtOnce = 200;
constexpr std::size_t kTail = 1500;  // characters; more than the last frame of most tracebacks

}  // namespace

std::string ErrorRows::Since(const SiteZone& zone, double now) {
  // After a time without a reading what came meanwhile is new.
  const double last = last_read_ > 0 ? std::min(last_read_, now) : now;
  const std::string since = zone.FromUnix(last - kOverlap).value_or("");
  if (since_ > zone.FromUnix(now).value_or("")) {  // the clock was ahead
    since_.clear();
    last_read_ = 0;
    known_.clear();
  }
  // Not back when clocks are: what has left the window would be counted again.
  return std::max(since_, since);
}

Status ErrorRows::Count(SiteDatabase& database, const std::vector<Row>& rows, Deadline deadline) {
  for (std::size_t begin = 0; begin < rows.size(); begin += kTextsAtOnce) {
    const std::size_t end = std::min(begin + kTextsAtOnce, rows.size());
    std::map<std::string, std::string_view> family_of;
    if (begin < kMostTexts) {
      std::vector<std::string> names;
      for (std::size_t i = begin; i < end; ++i) names.push_back(QuoteText(rows[i].name));
      const auto texts = database.Read(
          kErrorLog, {"name", "method", "error"},
          fmt::format("SELECT name, LEFT(method, 140), RIGHT(error, {}) FROM {{table}} WHERE name "
                      "IN ({}) LIMIT {}",
                      kTail, fmt::join(names, ", "), kTextsAtOnce),
          deadline);
      if (!texts) return Fail(texts.error());
      if (!*texts) return {};
      for (const auto& row : (*texts)->rows) {
        if (row.size() != 3 || !row[0]) continue;
        family_of[*row[0]] = FamilyOfError(row[1].value_or(""), row[2].value_or(""));
      }
    }
    for (std::size_t i = begin; i < end; ++i) {
      const auto family = family_of.find(rows[i].name);
      ++families_[family != family_of.end() ? family->second : "unread"];
      known_.insert(rows[i]);
    }
  }
  return {};
}

Result<bool> ErrorRows::Read(SiteDatabase& database, const SiteZone& zone, double now,
                             Deadline deadline) {
  const bool begins = families_.empty();
  const std::string since = Since(zone, now);
  const bool again = last_read_ <= 0;
  const auto answer = database.Read(
      kErrorLog, {"name", "creation", "modified", "method", "error"},
      fmt::format("SELECT name, creation FROM {{table}} WHERE creation > '{0}' AND modified > "
                  "'{0}' ORDER BY creation DESC LIMIT {1}",
                  since, kMostRows),
      deadline);
  if (!answer) return Fail(answer.error());
  if (!*answer) return false;
  std::set<Row> seen;
  std::vector<Row> fresh;
  for (const auto& row : (*answer)->rows) {
    if (row.size() != 2 || !row[0] || !row[1]) continue;
    Row each{*row[0], *row[1]};
    const bool counted = again || known_.contains(each);
    if (seen.insert(each).second && !counted) fresh.push_back(std::move(each));
  }
  if (begins) {
    for (std::string_view family : ErrorFamilies()) families_[family] = 0;
  }
  // What was counted before it failed stays known, and the rest is tried again.
  if (const Status counted = Count(database, fresh, deadline); !counted) {
    return Fail(counted.error());
  }
  known_ = std::move(seen);
  since_ = since;
  if ((*answer)->rows.size() >= kMostRows && !known_.empty()) {
    // Those before are not looked at any more, so they are not counted when newer ones are removed.
    since_ = std::min_element(known_.begin(), known_.end(), [](const Row& a, const Row& b) {
               return a.creation < b.creation;
             })->creation;
  }
  last_read_ = now;
  return true;
}

}  // namespace erpnext
