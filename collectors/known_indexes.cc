// SPDX-License-Identifier: Apache-2.0
// Only what a pull request that was merged names by DocType and field. The version is the first
// major one that was made of the development branch after that; a hotfix may have brought it to the
// one before.
#include "collectors/known_indexes.h"

#include <algorithm>
#include <array>

#include "sources/innodb_locks.h"

namespace erpnext {
namespace {

constexpr std::array<KnownIndex, 10> kKnown = {{
    {"Stock Ledger Entry", "voucher_detail_no", "", "14", "frappe/erpnext#27866"},
    {"Delivery Note Item", "against_sales_invoice", "", "15", "frappe/erpnext#34509"},
    {"Delivery Note Item", "dn_detail", "", "16", "frappe/erpnext#37528"},
    {"Purchase Invoice", "return_against", "", "16", "frappe/erpnext#37881"},
    {"Stock Entry", "job_card", "", "16", "frappe/erpnext#39333"},
    {"Stock Entry Detail", "job_card_item", "", "16", "frappe/erpnext#39333"},
    {"Sales Invoice Item", "purchase_order", "", "16", "frappe/erpnext#40590"},
    {"Delivery Note Item", "purchase_order", "", "16", "frappe/erpnext#40590"},
    {"Advance Payment Ledger Entry", "against_voucher_type", "against_voucher_no", "16",
     "frappe/erpnext#50040"},
    {"Advance Payment Ledger Entry", "voucher_type", "voucher_no", "16", "frappe/erpnext#50040"},
}};

bool BeginsWithOneOf(const IndexMetadata& index, const KnownIndex& known) {
  if (index.type == IndexType::kOther || index.columns.empty()) return false;
  return index.columns[0] == known.first || index.columns[0] == known.second;
}

}  // namespace

std::span<const KnownIndex> KnownIndexes() { return kKnown; }

std::vector<IndexAdvice> KnownMissing(const IndexedTable& table) {
  std::vector<IndexAdvice> advice;
  const std::string_view doctype = DocTypeOf(table.name);
  if (doctype == table.name) return advice;
  for (const KnownIndex& known : kKnown) {
    const bool is_there =
        std::any_of(table.indexes.begin(), table.indexes.end(),
                    [&](const IndexMetadata& index) { return BeginsWithOneOf(index, known); });
    if (known.doctype != doctype || is_there) continue;
    IndexAdvice& each = advice.emplace_back();
    each.kind = AdviceKind::kKnown;
    each.table = table.name;
    each.columns.emplace_back(known.first);
    if (!known.second.empty()) each.columns.emplace_back(known.second);
    each.version = known.version;
    each.source = known.source;
  }
  return advice;
}

}  // namespace erpnext
