// SPDX-License-Identifier: Apache-2.0
// Only tables that a statement read as a whole are asked for more.
#include "collectors/missing_index_finder.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace erpnext {

Status MissingIndexFinder::Read(MariadbServer& server, std::string_view subject,
                                std::span<const StatementDigest> digests,
                                const std::vector<SiteSchema>& sites, IndexCatalogue& catalogue,
                                Deadline deadline) {
  judges_ = true;
  lookups_ = LookupsOf(digests, limits_);
  std::size_t left = sites.size();
  for (const SiteSchema& site : sites) {
    Status status = ReadSite(server, subject, site, catalogue, deadline.Share(left--));
    if (!status) return status;
  }
  return {};
}

Status MissingIndexFinder::ReadSite(MariadbServer& server, std::string_view subject,
                                    const SiteSchema& site, IndexCatalogue& catalogue,
                                    Deadline deadline) {
  std::map<std::string_view, std::vector<const Lookup*>> lookups;
  for (const Lookup& lookup : lookups_) {
    if (lookup.schema == site.schema) lookups[lookup.filter.table].push_back(&lookup);
  }
  if (lookups.empty()) return {};
  std::vector<std::string_view> names;
  names.reserve(lookups.size());
  for (const auto& [name, unused] : lookups) names.push_back(name);
  const auto statistics =
      ReadTableStatistics(server, subject, site.schema, names, limits_.rows, deadline);
  if (!statistics) return Fail(statistics.error());
  if (!*statistics) {
    judges_ = false;  // without the rows of tables nothing is certain
    return {};
  }
  for (IndexedTable& table : catalogue.TablesOf(site.schema)) {
    const auto wanted = lookups.find(table.name);
    const auto known = (*statistics)->find(table.name);
    if (wanted == lookups.end() || known == (*statistics)->end()) continue;
    std::erase_if(wanted->second, [&](const Lookup* lookup) {
      return !ReadsTable(*lookup, known->second.rows, limits_);
    });
    if (wanted->second.empty()) continue;
    found_.push_back({&site, std::move(table), known->second, std::move(wanted->second)});
  }
  return {};
}

std::vector<std::uint64_t> MissingIndexFinder::Tables() const {
  std::vector<std::uint64_t> tables;
  tables.reserve(found_.size());
  for (const Found& each : found_) tables.push_back(each.table.id);
  return tables;
}

std::vector<SiteAdvice> MissingIndexFinder::Advise(const ColumnCache& columns) const {
  std::vector<SiteAdvice> advice;
  for (const Found& each : found_) {
    const ColumnsByName* known = columns.Find(each.table.id);
    if (known == nullptr) continue;
    for (IndexAdvice& one : MissingIndexes(each.table, each.statistics, *known, each.lookups)) {
      advice.push_back({*each.site, std::move(one)});
    }
  }
  return advice;
}

}  // namespace erpnext
