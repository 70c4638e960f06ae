// SPDX-License-Identifier: Apache-2.0
#include "sources/packed_lists.h"

#include <fmt/format.h>

namespace erpnext {
namespace {

constexpr std::size_t kMostLists = 10'000;

}  // namespace

std::string DecodedFileName(std::string_view expression) {
  return fmt::format("CONVERT(CONVERT(CAST({} AS BINARY) USING filename) USING utf8mb4)",
                     expression);
}

std::string PackedStatement(const PackedQuery& query) {
  return fmt::format(
      "/* {} */ SELECT GROUP_CONCAT({} {} SEPARATOR '') AS LIST, COUNT(*) AS ENTRIES FROM "
      "information_schema.{} GROUP BY {} DIV 64 LIMIT {}",
      query.subject, query.pieces, query.order, query.table, query.group, kMostLists);
}

bool IsWholeList(const std::vector<std::optional<std::string>>& row, std::size_t pieces) {
  if (row.size() != 2 || !row[0] || !row[0]->ends_with('\0')) return false;
  const auto entries = ParseNumber<std::size_t>(row[1].value_or(""));
  return entries && static_cast<std::size_t>(std::count(row[0]->begin(), row[0]->end(), '\0')) ==
                        *entries * pieces;
}

std::optional<std::string_view> NextPiece(std::string_view& list) {
  const std::size_t end = list.find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view piece = list.substr(0, end);
  list.remove_prefix(end + 1);
  return piece;
}

}  // namespace erpnext
