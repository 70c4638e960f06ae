// SPDX-License-Identifier: Apache-2.0
// Rows of SHOW GLOBAL STATUS of any server.
#include "collectors/mariadb/status_values.h"
#include "collectors/mariadb_values.h"
#include "tests/fuzz/fuzz.h"

using erpnext::StatusGroup;
using erpnext::fuzz::Require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = erpnext::fuzz::AsText(data, size);
  (void)erpnext::ParseStatusValue(text);
  (void)erpnext::StatusKind(text);
  const erpnext::GroupedStatus grouped = erpnext::GroupOf(text);
  Require(text.ends_with(grouped.label), "the label is the rest of the name");
  Require(grouped.group != StatusGroup::kNone || grouped.label.empty(), "no group, no label");
  return 0;
}
