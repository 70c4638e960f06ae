// SPDX-License-Identifier: Apache-2.0
// Texts of statements, which clients choose.
#include "sources/statement_filter.h"
#include "sources/statement_tokens.h"
#include "tests/fuzz/fuzz.h"

using erpnext::fuzz::Require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = erpnext::fuzz::AsText(data, size);
  std::size_t bytes = 0;
  const auto tokens = erpnext::TokensOf(text);
  if (tokens) {
    for (const erpnext::StatementToken& token : *tokens) bytes += token.text.size();
  }
  Require(bytes <= text.size(), "tokens are parts of the text");
  const auto filter = erpnext::FilterOf(text);
  if (!filter) return 0;
  Require(tokens.has_value(), "what is understood has tokens");
  Require(filter->order.empty() || filter->is_sorted, "an order sorts");
  for (const auto* columns : {&filter->equal, &filter->range}) {
    for (const std::string& column : *columns) Require(!column.empty(), "a column has a name");
  }
  return 0;
}
