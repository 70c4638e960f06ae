// SPDX-License-Identifier: Apache-2.0
// Fields as bits; days one after the other.
#include "sources/cron.h"

#include <chrono>

#include "core/text.h"

namespace erpnext {
namespace {

constexpr std::int64_t kDay = 86400;
constexpr int kMaxDays = 9 * 366;  // from one 29 February to the next but one, 2096 to 2104

// One element of a list into the bits `low` to `high`.
template <std::size_t Size>
bool AddElement(std::string_view text, unsigned low, unsigned high, std::bitset<Size>& bits) {
  unsigned step = 1;
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos) {
    const auto given = ParseNumber<unsigned>(text.substr(slash + 1));
    if (!given || *given == 0) return false;
    step = *given;
    text = text.substr(0, slash);
  }
  unsigned first = low, last = high;
  if (text != "*") {
    const std::size_t dash = text.find('-');
    const auto from = ParseNumber<unsigned>(text.substr(0, dash));
    if (!from) return false;
    first = *from;
    if (dash != std::string_view::npos) {
      const auto to = ParseNumber<unsigned>(text.substr(dash + 1));
      if (!to) return false;
      last = *to;
    } else if (slash == std::string_view::npos) {
      last = first;
    }
  }
  if (first < low || last > high || first > last) return false;
  for (unsigned value = first; value <= last; value += std::min(step, high + 1)) bits.set(value);
  return true;
}

template <std::size_t Size>
bool AddField(std::string_view text, unsigned low, unsigned high, std::bitset<Size>& bits) {
  for (std::string_view element : Split(text, ',')) {
    if (!AddElement(element, low, high, bits)) return false;
  }
  return true;
}

}  // namespace

std::optional<CronLine> CronLine::Parse(std::string_view text) {
  constexpr std::size_t kLongest = 200;  // the column holds 140 characters
  const auto fields = SplitBlanks(Trim(text.substr(0, kLongest)));
  CronLine line;
  if (text.size() > kLongest || fields.size() != 5 || !AddField(fields[0], 0, 59, line.minutes_) ||
      !AddField(fields[1], 0, 23, line.hours_) || !AddField(fields[2], 1, 31, line.days_) ||
      !AddField(fields[3], 1, 12, line.months_) || !AddField(fields[4], 0, 7, line.weekdays_)) {
    return std::nullopt;
  }
  if (line.weekdays_[7]) line.weekdays_.set(0);  // both are Sunday
  line.any_day_ = fields[2] == "*";
  line.any_weekday_ = fields[4] == "*";
  return line;
}

bool CronLine::MatchesDay(std::int64_t day) const {
  const std::chrono::sys_days date{std::chrono::days(day)};
  const std::chrono::year_month_day ymd{date};
  if (!months_[static_cast<unsigned>(ymd.month())]) return false;
  const bool in_month = days_[static_cast<unsigned>(ymd.day())];
  const bool in_week = weekdays_[std::chrono::weekday(date).c_encoding()];
  // Where both are given, one of them is enough: crontab(5).
  if (any_day_ || any_weekday_) return in_month && in_week;
  return in_month || in_week;
}

std::optional<std::int64_t> CronLine::Next(std::int64_t after) const {
  constexpr std::int64_t kFarthest = 253402300800;  // the year 10000
  if (after < -kFarthest || after > kFarthest) return std::nullopt;
  const std::int64_t first_day = (after - ((after % kDay) + kDay) % kDay) / kDay;
  for (std::int64_t day = first_day; day < first_day + kMaxDays; ++day) {
    if (!MatchesDay(day)) continue;
    for (unsigned hour = 0; hour < 24; ++hour) {
      if (!hours_[hour]) continue;
      for (unsigned minute = 0; minute < 60; ++minute) {
        const std::int64_t time = day * kDay + hour * 3600L + minute * 60L;
        if (minutes_[minute] && time > after) return time;
      }
    }
  }
  return std::nullopt;
}

}  // namespace erpnext
