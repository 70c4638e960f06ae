// SPDX-License-Identifier: Apache-2.0
// Positions in MariaDB's replication, as Gtid_IO_Pos and Gtid_Slave_Pos of a replica list them.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace erpnext {

struct GtidPosition {
  std::uint32_t domain;    // gtid_domain_id of who wrote the transaction
  std::uint32_t server;    // its server_id
  std::uint64_t sequence;  // grows by one with each transaction of the domain

  friend bool operator==(const GtidPosition&, const GtidPosition&) = default;
};

// Of "0-11-42,1-11-7": one for each domain, the first 64 of the text. What is no position is left
// out.
std::vector<GtidPosition> ParseGtidPositions(std::string_view text);

}  // namespace erpnext
