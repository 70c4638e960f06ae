// SPDX-License-Identifier: Apache-2.0
// Server by server, as the collector does it, and what keeps it from more. Since when userstat
// counts only the collector can see, which left it in the state folder.
#include "collectors/index_reports.h"

#include <fmt/core.h>

#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "collectors/mariadb_servers.h"
#include "sources/saved_state.h"

namespace erpnext {
namespace {

void AddGaps(const AdviceReport& report, const std::string& name, std::vector<std::string>& gaps) {
  const auto add = [&](std::string_view what, std::string_view why) {
    gaps.push_back(fmt::format("{}: {} not known: {}", name, what, why));
  };
  if (report.sites.empty())
    add("indexes are", "the login needs PROCESS, or the server is not MariaDB");
  if (report.sites.empty()) return;
  if (!report.missing) {
    add("indexes that are missing are",
        "neither the digests of performance_schema nor the slow query log can be read, or not the "
        "rows of tables; see `erpnext-exporter grants`");
  }
  if (!report.unused) {
    add("indexes that are not used are",
        "performance_schema is OFF or may not be read, or the server has not run for a week; and "
        "the exporter has not seen userstat count for a week, or has no state.folder to tell of "
        "it");
  }
  if (!report.sizes) {
    add("tables that are small are",
        "the login needs SELECT on mysql.innodb_table_stats; what depends on it is left out");
  }
}

std::map<std::string, CountedUse> SavedUses(const CollectorContext& context,
                                            std::vector<std::string>& gaps) {
  std::map<std::string, CountedUse> uses;
  SavedState state(context.state, kCountedUseState, "userstat is no evidence");
  const Status status =
      state.Restore([&](const nlohmann::json& saved) { uses = CountedUsesOf(saved); });
  if (!status) gaps.push_back(status.error().message);
  return uses;
}

}  // namespace

IndexReports ReadIndexReports(const CollectorContext& context, const std::string& site,
                              Deadline deadline) {
  IndexReports reports;
  const auto uses = SavedUses(context, reports.gaps);
  const auto inventory = context.inventory->Current();
  const MariadbLogin& login = context.settings.mariadb;
  const auto servers = SiteServersOf(*inventory, login);
  std::size_t left = servers.size();
  for (const BenchServer& each : servers) {
    std::vector<SiteSchema> sites = SiteSchemasOf(each, login);
    std::erase_if(sites, [&](const SiteSchema& one) { return !site.empty() && one.site != site; });
    const Deadline share = deadline.Share(left--);
    if (sites.empty()) continue;
    IndexAdviser adviser;
    const auto use = uses.find(each.options.address.Text());
    if (use != uses.end()) adviser.counted_use() = use->second;
    auto report = adviser.Advise(*context.mariadb_server(each.options), each.options, sites, share);
    if (!report) {
      reports.gaps.push_back(report.error().message);
      continue;
    }
    AddGaps(*report, each.options.address.Text(), reports.gaps);
    if (!report->sites.empty()) reports.servers.push_back(std::move(*report));
  }
  return reports;
}

}  // namespace erpnext
