// SPDX-License-Identifier: Apache-2.0
// Since when a server counts in userstat which indexes are used. It may be switched on, and what it
// counted be emptied, while the server runs, and does not tell when. Nor does it tell when an index
// was made, but InnoDB numbers them in that order.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sources/index_usage.h"

namespace erpnext {

// Of one server, by the clock of its uptime.
class CountedUse {
 public:
  // For how many seconds the server has been seen to count the use of these schemas' indexes. 0 at
  // the first look, and at the next after it was off or emptied, or after the server was restarted.
  double Look(const IndexUsage& usage, std::span<const std::string_view> schemas);

  // At each look: the greatest id of an index that is there.
  void SawIndexes(double uptime, std::uint64_t newest);
  // Indexes with a greater id were not there `seconds` ago, or a quarter of a day later. The
  // greatest number where that is not known of any.
  std::uint64_t NewestIndexFor(double seconds) const;

  // What ToJson() gave. Throws json::exception.
  void Restore(const nlohmann::json& saved);
  nlohmann::json ToJson() const;

 private:
  struct Mark {
    double uptime_seconds = 0;
    std::uint64_t newest = 0;
  };

  bool GoesOn(double uptime, std::span<const std::string_view> schemas,
              const std::map<std::string, double>& reads) const;

  bool counts_ = false;
  double since_seconds_ = 0;             // uptime at the first look
  double uptime_seconds_ = 0;            // at the last look
  std::map<std::string, double> reads_;  // then, by schema
  std::vector<Mark> marks_;              // the last one last
  double seen_seconds_ = 0;              // uptime when indexes were looked at last
};

// Where the collector saves it of all servers: {"servers": {address: what ToJson() gave}}.
inline constexpr const char* kCountedUseState = "mariadb_indexes.json";

// What is there, by address. Throws json::exception.
std::map<std::string, CountedUse> CountedUsesOf(const nlohmann::json& saved);

}  // namespace erpnext
