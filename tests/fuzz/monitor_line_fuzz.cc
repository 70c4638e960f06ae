// SPDX-License-Identifier: Apache-2.0
// Lines of monitor.json.log: whatever they hold, the figures stay numbers and the labels few.
#include <cmath>
#include <string>

#include "collectors/frappe/monitor_counts.h"
#include "collectors/frappe/request_route.h"
#include "sources/monitor_line.h"
#include "tests/fuzz/fuzz.h"

using erpnext::fuzz::Require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = erpnext::fuzz::AsText(data, size);
  erpnext::MonitorCounts counts;
  std::uint64_t lines = 0;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (const auto entry = erpnext::ParseMonitorLine(line)) {
      Require(std::isfinite(entry->seconds) && entry->seconds >= 0, "a duration is a time");
      Require(!entry->wait_seconds || *entry->wait_seconds >= 0, "so is a wait");
      Require(erpnext::RequestRoute(entry->path).size() < 10, "a route is a word");
    }
    counts.Count(line, 2e9, [](const std::string&) { return std::string("other"); });
    ++lines;
  }
  Require(counts.results[0] + counts.results[1] + counts.results[2] == lines,
          "each line has a result");
  for (const auto& [key, histogram] : counts.requests) {
    Require(std::isfinite(histogram.sum), "a sum is a number");
  }
  Require(counts.requests.size() <= 50 && counts.jobs.size() <= 2, "labels are few");
  Require(!counts.last_entry || *counts.last_entry < 2e9 + 3601, "no entry is of the future");
  const auto saved = counts.ToJson();
  Require(erpnext::MonitorCounts::FromJson(saved).ToJson() == saved, "what is kept comes back");
  return 0;
}
