// SPDX-License-Identifier: Apache-2.0
// Many short rows of a server in few long ones: a row takes far more memory than what is in it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/deadline.h"
#include "core/result.h"
#include "core/text.h"
#include "sources/mariadb_client.h"

namespace erpnext {

// As SQL: a name in the charset of file names, "tabDoc@0020Type", becomes text again.
std::string DecodedFileName(std::string_view expression);

struct PackedQuery {
  std::string_view subject;
  std::string pieces;  // of an entry: SQL expressions with X'00' between them and behind the last
  std::string_view order;  // of the entries of a list
  std::string_view table;  // of information_schema, with a WHERE if there is one
  std::string_view group;  // a number, of which 64 that follow each other become a list
};

// Two columns, LIST and ENTRIES.
std::string PackedStatement(const PackedQuery& query);

// Whether a row holds all its entries: GROUP_CONCAT cuts a list that is too long.
bool IsWholeList(const std::vector<std::optional<std::string>>& row, std::size_t pieces);

// Cuts the next piece, which ends with a NUL, off `list`.
std::optional<std::string_view> NextPiece(std::string_view& list);

// Calls `add` with each `Size` pieces of the list. False when it is no list of these.
template <std::size_t Size, typename Add>
bool ForEachEntry(std::string_view list, const Add& add) {
  while (!list.empty()) {
    std::array<std::string_view, Size> pieces;
    for (std::string_view& piece : pieces) {
      const auto next = NextPiece(list);
      if (!next) return false;
      piece = *next;
    }
    if (!add(pieces)) return false;
  }
  return true;
}

// Gives each list of a PackedStatement to `add`, which tells whether it is one.
template <typename Add>
Status ReadLists(MariadbServer& server, const std::string& statement, std::size_t pieces,
                 Deadline deadline, const Add& add) {
  const auto rows = server.Query(statement, deadline);
  if (!rows) return Fail(rows.error());
  for (const auto& row : rows->rows) {
    if (!IsWholeList(row, pieces) || !add(*row[0])) {
      return Fail(ErrorKind::kMalformed, "InnoDB's dictionary is no list of names and numbers");
    }
  }
  return {};
}

}  // namespace erpnext
