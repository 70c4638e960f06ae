// SPDX-License-Identifier: Apache-2.0
// Which site uses the database server: when all are slow, who is it?
#include "collectors/mariadb/share.h"

#include <map>

#include "collectors/context.h"
#include "collectors/mariadb/site_use.h"

namespace erpnext {
namespace {

constexpr Family kShare{
    .name = "erpnext_site_database_share",
    .labels = {"bench", "site", "resource"},
    .help =
        "Part of what the database server did in the last five minutes that it did for the site, 0 "
        "to 1: time, rows_read, rows_written, connections (made; from userstat alone). What it did "
        "for no site is other. Absent while it did nothing.",
    .source =
        "information_schema.USER_STATISTICS of the sites' users; else digests of "
        "performance_schema by schema; else the slow query log; every 30 seconds"};
constexpr Family kSource{
    .name = "erpnext_site_database_share_source_info",
    .labels = {"bench", "source"},
    .help =
        "What the shares are made of, with value 1: userstat and performance_schema know each "
        "statement, slow_log those above long_query_time. Absent when there is none for us.",
    .source = "what could be read"};
constexpr const Family* kFamilies[] = {&kShare, &kSource};

struct Resource {
  const char* name;
  std::optional<double> (*of)(const Use&);
};
constexpr Resource kResources[] = {
    {"time", [](const Use& use) { return std::optional(use.seconds); }},
    {"rows_read", [](const Use& use) { return std::optional(use.rows_read); }},
    {"rows_written", [](const Use& use) { return std::optional(use.rows_written); }},
    {"connections", [](const Use& use) { return use.connections; }},
};

void AddShares(const std::set<SiteKey>& sites, const std::map<SiteKey, Use>& uses,
               SampleSink& sink) {
  for (const Resource& resource : kResources) {
    std::map<SiteKey, double> used;
    for (const SiteKey& site : sites) used[site] = 0;
    double sum = 0;
    for (const auto& [site, use] : uses) {
      const double value = resource.of(use).value_or(0);
      sum += value;
      // Of a site that is gone meanwhile the whole is known, but no name.
      const auto found = used.find(site);
      if (found != used.end()) found->second += value;
    }
    if (sum <= 0) continue;
    for (const auto& [site, value] : used) {
      sink.Add(kShare, {site.bench, site.site, resource.name}, value / sum);
    }
  }
}

class MariadbShareCollector final : public Collector {
 public:
  explicit MariadbShareCollector(const CollectorContext& context) : context_(context) {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    const auto inventory = context_.inventory->Current();
    const auto servers = BenchServersOf(*inventory, context_.settings.mariadb);
    Status status;
    for (std::size_t i = 0; i < servers.size(); ++i) {
      const SchemaOwners owners(servers[i], context_.settings.mariadb);
      SiteUse& use = uses_[servers[i].options.address.Text()];
      const Status read =
          use.Read(*context_.mariadb_server(servers[i].options), servers[i].options, owners,
                   context_.clock->Steady(), deadline.Share(servers.size() - i));
      if (!read && status) status = read;
      // Shares of before would look like those of now.
      if (!read || use.source().empty()) continue;
      for (const Bench* bench : servers[i].benches) {
        sink.Add(kSource, {bench->name, use.source()}, 1);
      }
      AddShares(owners.sites(), use.window().Sum(), sink);
    }
    return status;
  }

 private:
  CollectorContext context_;
  std::map<std::string, SiteUse> uses_;  // by address of the server
};

}  // namespace

const CollectorEntry kMariadbShareCollector{
    .name = "mariadb_share",
    .summary = "which site the database server works for",
    .access =
        "MariaDB: userstat=ON and PROCESS; or performance_schema=ON and SELECT on its digests; or "
        "the slow query log, as mariadb_queries; else nothing",
    .mariadb_privileges = "PROCESS",
    .mariadb_tables = "performance_schema.events_statements_summary_by_digest",
    .interval = std::chrono::seconds(30),
    .timeout = std::chrono::seconds(15),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<MariadbShareCollector>(context);
    }};

}  // namespace erpnext
