// SPDX-License-Identifier: Apache-2.0
#include "exporter/collector_options.h"

#include <fmt/core.h>

#include <chrono>

#include "collectors/all_collectors.h"
#include "exporter/setting_values.h"

namespace erpnext {
namespace {

// The alert ErpnextCollectorStale waits for 15 minutes.
constexpr std::chrono::milliseconds kShortestInterval = std::chrono::seconds(1);
constexpr std::chrono::milliseconds kLongestInterval = std::chrono::minutes(10);

}  // namespace

void AddCollectorFlags(std::vector<Option>& options) {
  for (const CollectorEntry* entry : AllCollectors()) {
    if (entry->required) continue;
    Option flag{.name = fmt::format("collector.{}", entry->name),
                .help = fmt::format("Collect {}.", entry->summary)};
    flag.apply = [name = std::string(entry->name)](Settings& s,
                                                   const std::vector<std::string>& values) {
      return ParseSetting(values.front(), s.collectors[name]);
    };
    flag.show = [enabled = entry->enabled_by_default](const Settings&) {
      return ShowSetting(enabled);
    };
    options.push_back(std::move(flag));
  }
}

void AddIntervals(std::vector<Option>& options) {
  for (const CollectorEntry* entry : AllCollectors()) {
    if (!entry->paced()) continue;
    Option option{
        .name = fmt::format("interval.{}", entry->name),
        .value_name = "DURATION",
        .help = fmt::format("How often {} collects, from {} to {}.", entry->name,
                            ShowSetting(kShortestInterval), ShowSetting(kLongestInterval))};
    option.apply = [name = std::string(entry->name)](
                       Settings& s, const std::vector<std::string>& values) -> Status {
      std::chrono::milliseconds interval{};
      if (Status status = ParseSetting(values.front(), interval); !status) return status;
      if (interval < kShortestInterval || interval > kLongestInterval) {
        return Fail(ErrorKind::kMalformed, "'{}' is not from {} to {}", values.front(),
                    ShowSetting(kShortestInterval), ShowSetting(kLongestInterval));
      }
      s.intervals[name] = interval;
      return {};
    };
    option.show = [interval = entry->interval](const Settings&) { return ShowSetting(interval); };
    options.push_back(std::move(option));
  }
}

}  // namespace erpnext
