// SPDX-License-Identifier: Apache-2.0
// What was counted of one bench's monitor.json.log.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>

#include "core/histogram.h"
#include "sources/monitor_line.h"

namespace erpnext {

// Remembers lines, so that one that is written again is known.
//
// Frappe's flush leaves its last entry in Redis and writes it again at the next flush of that site,
// however many lines later; two flushes at once, which only version 16 prevents, write all twice.
// The first is found by the last line of each site, the second among the latest lines of all.
class RecentLines {
 public:
  static constexpr std::size_t kRemembered = 20'000;
  static constexpr std::size_t kKept = 1'000;  // of them over a restart

  // False when the line was seen before. Lines are compared as a whole, by hash: in versions 13 to
  // 15 a scheduled job has the same uuid each time it runs. `site` is one of few.
  bool Insert(const std::string& site, std::string_view line);

  nlohmann::json ToJson() const;
  static RecentLines FromJson(const nlohmann::json& json);  // throws json::exception

 private:
  bool Remember(std::uint64_t hash);

  std::deque<std::uint64_t> order_;
  std::unordered_set<std::uint64_t> hashes_;
  std::map<std::string, std::uint64_t> last_;  // by site
};

class MonitorCounts {
 public:
  using Key = std::array<std::string, 3>;  // the labels behind `bench`; the last ones may be empty
  enum Result { kCounted, kDuplicate, kMalformed, kResults };

  // `label_of` is the site's value of a label, for the name that the line has.
  void Count(std::string_view line, double now,
             const std::function<std::string(const std::string&)>& label_of);

  nlohmann::json ToJson() const;
  static MonitorCounts FromJson(const nlohmann::json& json);  // throws json::exception

  // A histogram without observations, with the bounds of all that are here.
  static Histogram Empty();

  std::map<Key, Histogram> requests;                // site, route, code
  std::map<Key, Histogram> jobs;                    // site, kind
  std::map<Key, Histogram> waits;                   // site
  std::map<Key, std::uint64_t> request_exceptions;  // site, class
  std::map<Key, std::uint64_t> job_exceptions;      // site, class
  std::array<std::uint64_t, kResults> results{};
  std::optional<double> last_entry;  // seconds since 1970

 private:
  std::string ExceptionLabel(const std::string& name);

  RecentLines recent_;
  std::set<std::string> classes_;  // exceptions that have a label of their own
};

}  // namespace erpnext
