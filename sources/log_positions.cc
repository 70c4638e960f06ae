// SPDX-License-Identifier: Apache-2.0
// Positions to JSON and back.
#include "sources/log_positions.h"

namespace erpnext {

using nlohmann::json;

json PositionsToJson(const std::vector<LogPosition>& positions) {
  json out = json::array();
  for (const LogPosition& p : positions) {
    out.push_back({{"inode", p.inode},
                   {"born_ns", p.born_ns},
                   {"head_hash", p.head_hash},
                   {"head_size", p.head_size},
                   {"offset", p.offset},
                   {"in_long_line", p.in_long_line}});
  }
  return out;
}

std::vector<LogPosition> PositionsFromJson(const json& positions) {
  std::vector<LogPosition> out;
  for (const json& j : positions) {
    out.push_back({j.at("inode"), j.at("born_ns"), j.at("head_hash"), j.at("head_size"),
                   j.at("offset"), j.at("in_long_line")});
  }
  return out;
}

}  // namespace erpnext
