// SPDX-License-Identifier: Apache-2.0
// Grants by column: of a table that also holds mails or tracebacks we can read the times alone.
#include "collectors/site_access.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/text.h"
#include "sources/site_database.h"

namespace erpnext {
namespace {

// The columns that several collectors read of a table, those apart that are not everywhere.
struct TableKey {
  std::string_view name;
  bool everywhere = true;
  friend auto operator<=>(const TableKey&, const TableKey&) = default;
};
using WantedTables = std::map<TableKey, std::set<std::string_view>>;

WantedTables TablesOf(const std::vector<const CollectorEntry*>& enabled) {
  WantedTables tables;
  for (const CollectorEntry* entry : enabled) {
    for (const SiteTable& table : entry->site_tables) {
      tables[{table.name, table.everywhere}].insert(table.columns.begin(), table.columns.end());
    }
  }
  return tables;
}

bool HasControlCharacters(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7F'; });
}

// "s: tabA, tabB cannot be read": tables that each Frappe has, but this login does not see.
std::optional<Error> Missing(const SiteDatabase& database, const WantedTables& tables) {
  std::vector<std::string> missing;
  for (const auto& [table, wanted] : tables) {
    const std::vector<std::string_view> columns(wanted.begin(), wanted.end());
    if (table.everywhere && !database.Has(table.name, columns)) missing.emplace_back(table.name);
  }
  if (missing.empty()) return std::nullopt;
  return Error{ErrorKind::kPermission,
               fmt::format("no access to all that is read of {}", fmt::join(missing, ", "))};
}

AccessCheck Failed(const SiteTarget& target, const Error& error) {
  AccessCheck check{.subject = fmt::format("database of site {} at {}", target.site,
                                           target.options.address.Text()),
                    .status = Fail(error)};
  check.remedy = error.kind == ErrorKind::kPermission
                     ? "run the SQL that `erpnext-exporter grants` prints, and again for new sites"
                     : "correct db_host, db_port and db_name in the site's site_config.json";
  return check;
}

std::string GrantOf(const std::string& schema, std::string_view table,
                    const std::set<std::string_view>& wanted, const std::string& user) {
  std::vector<std::string> columns;
  columns.reserve(wanted.size());
  for (std::string_view column : wanted) {
    columns.push_back(QuoteIdentifier(column).value_or(""));
  }
  return fmt::format("GRANT SELECT ({}) ON {}.{} TO '{}'@'localhost';\n", fmt::join(columns, ", "),
                     QuoteIdentifier(schema).value_or(""), QuoteIdentifier(table).value_or(""),
                     user);
}

std::string GrantsOf(const SiteTarget& target, const WantedTables& tables,
                     const std::string& user) {
  std::string always, sometimes;
  for (const auto& [table, wanted] : tables) {
    (table.everywhere ? always : sometimes) += GrantOf(target.schema, table.name, wanted, user);
  }
  std::string out = fmt::format("-- Site {}\n", RepairUtf8(target.site)) + always;
  if (!sometimes.empty()) {
    out +=
        "-- Not in each version or without its app: errors 1146 and 1054 here do no harm "
        "(mariadb --force).\n" +
        sometimes;
  }
  return out;
}

}  // namespace

std::vector<AccessCheck> CheckSites(const CollectorContext& context, const Bench& bench,
                                    const std::vector<const CollectorEntry*>& enabled,
                                    Deadline deadline) {
  const WantedTables wanted = TablesOf(enabled);
  if (wanted.empty()) return {};
  std::vector<std::vector<std::string_view>> columns;
  std::vector<SiteTable> tables;
  for (const auto& [table, names] : wanted) {
    columns.emplace_back(names.begin(), names.end());
    tables.push_back({table.name, columns.back(), table.everywhere});
  }
  std::vector<AccessCheck> checks;
  const SiteTargets targets = SiteTargetsOf(bench, context.settings.mariadb);
  std::size_t left = targets.sites.size(), readable = 0;
  for (const SiteTarget& target : targets.sites) {
    const auto server = context.mariadb_server(target.options);
    SiteDatabase database(target, server, "discover", tables);
    const Status opened = database.Open(context.clock->Steady(), deadline.Share(left--));
    const auto missing = opened ? Missing(database, wanted) : std::optional(opened.error());
    if (missing) checks.push_back(Failed(target, *missing));
    readable += missing ? 0 : 1;
    if (context.settings.mariadb.use_site_credentials) server->CloseIdle();
  }
  if (readable > 0) checks.push_back({.subject = fmt::format("databases of {} sites", readable)});
  for (const SkippedSite& skipped : targets.skipped) {
    AccessCheck check{.subject = fmt::format("database of site {}", skipped.site)};
    if (skipped.is_copy) check.subject += ": " + skipped.why;
    if (!skipped.is_copy) check.status = Fail(ErrorKind::kUnsupported, skipped.why);
    checks.push_back(std::move(check));
  }
  return checks;
}

std::string SiteGrantLines(const CollectorContext& context, const Inventory& inventory,
                           const std::vector<const CollectorEntry*>& enabled,
                           const std::string& user) {
  const WantedTables tables = TablesOf(enabled);
  if (tables.empty()) return {};
  if (context.settings.mariadb.use_site_credentials) {
    return "-- Sites are read with their own credentials (mariadb.use-site-credentials).\n";
  }
  std::string out =
      "-- Of each site's database these columns alone. A site that comes later needs its own:\n"
      "-- `erpnext-exporter discover` names those that are missing.\n";
  for (const Bench& bench : inventory.benches) {
    for (const SiteTarget& target : SiteTargetsOf(bench, context.settings.mariadb).sites) {
      if (HasControlCharacters(target.schema) || HasControlCharacters(target.site)) {
        out += "-- (a site whose name or database has control characters is left out)\n";
        continue;
      }
      out += GrantsOf(target, tables, user);
    }
  }
  return out;
}

}  // namespace erpnext
