// SPDX-License-Identifier: Apache-2.0
#include "collectors/mariadb/gtid_positions.h"

#include <algorithm>
#include <optional>

#include "core/text.h"

namespace erpnext {
namespace {

constexpr std::size_t kMostPositions = 64;  // a server has one domain, or one for each source

std::optional<GtidPosition> ParsePosition(std::string_view text) {
  const auto parts = Split(text, '-');
  if (parts.size() != 3) return std::nullopt;
  const auto domain = ParseNumber<std::uint32_t>(parts[0]);
  const auto server = ParseNumber<std::uint32_t>(parts[1]);
  const auto sequence = ParseNumber<std::uint64_t>(parts[2]);
  if (!domain || !server || !sequence) return std::nullopt;
  return GtidPosition{*domain, *server, *sequence};
}

}  // namespace

std::vector<GtidPosition> ParseGtidPositions(std::string_view text) {
  std::vector<GtidPosition> positions;
  for (std::size_t at = 0; at < text.size() && positions.size() < kMostPositions;) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    if (const auto position = ParsePosition(text.substr(at, end - at))) {
      positions.push_back(*position);
    }
    at = end + 1;
  }
  return positions;
}

}  // namespace erpnext
