// SPDX-License-Identifier: Apache-2.0
// Names and times of RQ.
#include "sources/rq.h"

#include <chrono>

#include "core/text.h"

namespace erpnext {
namespace {

std::optional<int> Digits(std::string_view text, std::size_t at, std::size_t count) {
  if (text.size() < at + count) return std::nullopt;
  const auto number = ParseNumber<unsigned>(text.substr(at, count));
  return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

}  // namespace

std::optional<double> ParseRqTime(std::string_view text) {
  const auto year = Digits(text, 0, 4), month = Digits(text, 5, 2), day = Digits(text, 8, 2);
  const auto hour = Digits(text, 11, 2), minute = Digits(text, 14, 2), second = Digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  if (text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  double fraction = 0;
  std::string_view rest = text.substr(19);
  if (rest.starts_with('.')) {
    rest.remove_suffix(rest.ends_with('Z') ? 1 : 0);
    const auto number = ParseNumber<unsigned>(rest.substr(1));
    if (!number || rest.size() > 10) return std::nullopt;
    fraction = *number;
    for (std::size_t i = 1; i < rest.size(); ++i) fraction /= 10;
  } else if (!rest.empty() && rest != "Z") {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const auto days = std::chrono::sys_days(date).time_since_epoch();
  return std::chrono::duration<double>(days).count() + *hour * 3600 + *minute * 60 + *second +
         fraction;
}

std::string RqNamePrefix(const Bench& bench) {
  return bench.frappe_major.value_or(14) >= 14 ? bench.id + ":" : std::string();
}

std::optional<std::string_view> FrappeQueueName(std::string_view rq_name, std::string_view prefix) {
  if (!rq_name.starts_with(prefix)) return std::nullopt;
  rq_name.remove_prefix(prefix.size());
  // Without a prefix, names that have one are those of newer benches on the same Redis.
  if (rq_name.empty() || (prefix.empty() && rq_name.find(':') != std::string_view::npos)) {
    return std::nullopt;
  }
  return rq_name;
}

std::optional<std::string> RqJobOfExecution(std::string_view member) {
  constexpr std::size_t kDigits = 32;
  const std::size_t colon = member.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || member.size() - colon - 1 != kDigits ||
      member.find_first_not_of("0123456789abcdef", colon + 1) != std::string_view::npos) {
    return std::nullopt;
  }
  return std::string(member.substr(0, colon));
}

}  // namespace erpnext
