// SPDX-License-Identifier: Apache-2.0
// Facts of Frappe 13 to 16 and RQ 1.8 to 2.6.
#include "sources/rq_job.h"

#include <algorithm>
#include <string>

namespace erpnext {
namespace {

constexpr std::size_t kMaxMethod = 140;
// What Frappe wraps documents' methods and scheduled jobs in: it says nothing of what is run.
constexpr std::string_view kScheduled = "scheduled_job";

std::size_t SeparatorAt(std::string_view id) { return std::min(id.find("::"), id.find("||")); }

// The value of the last ", name='...'", up to the quote that closes it.
std::optional<std::string_view> LastArgument(std::string_view text, std::string_view name) {
  for (const char quote : {'\'', '"'}) {
    const std::string begin = ", " + std::string(name) + "=" + quote;
    const std::size_t at = text.rfind(begin);
    if (at == std::string_view::npos) continue;
    const std::string_view rest = text.substr(at + begin.size());
    const std::size_t end = rest.find(quote);
    if (end != std::string_view::npos) return rest.substr(0, end);
  }
  return std::nullopt;
}

bool IsDottedPath(std::string_view text) {
  const auto is_part_of_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.';
  };
  return text.size() <= kMaxMethod && text.find('.') != std::string_view::npos &&
         text.find("..") == std::string_view::npos && !text.starts_with('.') &&
         !text.ends_with('.') && std::all_of(text.begin(), text.end(), is_part_of_name);
}

}  // namespace

std::optional<std::string_view> SiteOfJobId(std::string_view id) {
  const std::size_t at = SeparatorAt(id);
  if (at == std::string_view::npos || at == 0) return std::nullopt;
  return id.substr(0, at);
}

std::optional<std::string_view> SiteOfDescription(std::string_view description) {
  return LastArgument(description, "site");
}

std::optional<std::string_view> MethodOfJob(std::string_view id, std::string_view description) {
  const std::size_t at = SeparatorAt(id);
  if (at != std::string_view::npos) {
    const std::string_view rest = id.substr(at + 2);
    // Version 16 writes the name of the Scheduled Job Type there, which is no path.
    if (rest.starts_with(kScheduled) && rest.size() > kScheduled.size() + 2) {
      const std::string_view method = rest.substr(kScheduled.size() + 2);
      if (IsDottedPath(method)) return method;
    }
  }
  const auto method = LastArgument(description, "method");
  return method && IsDottedPath(*method) ? method : std::nullopt;
}

}  // namespace erpnext
