// SPDX-License-Identifier: Apache-2.0
// Benches that share a server share its answers.
#include "collectors/mariadb_servers.h"

#include <algorithm>

#include "sources/site_database.h"

namespace erpnext {

std::vector<BenchServer> BenchServersOf(const Inventory& inventory, const MariadbLogin& login) {
  std::vector<BenchServer> servers;
  for (const Bench& bench : inventory.benches) {
    if (bench.database.type != "mariadb") continue;
    const MariadbOptions options = MariadbOptionsFor(bench, login);
    auto known = std::find_if(servers.begin(), servers.end(),
                              [&](const BenchServer& each) { return each.options == options; });
    if (known == servers.end()) known = servers.insert(servers.end(), BenchServer{options, {}});
    known->benches.push_back(&bench);
  }
  return servers;
}

std::shared_ptr<MariadbServer> FirstServer(const CollectorContext& context) {
  const auto inventory = context.inventory->Current();
  const auto servers = BenchServersOf(*inventory, context.settings.mariadb);
  return servers.empty() ? nullptr : context.mariadb_server(servers[0].options);
}

SchemaOwners::SchemaOwners(const BenchServer& server, const MariadbLogin& login)
    : nobody_{server.benches[0]->name, "other"} {
  sites_.insert(nobody_);
  for (const Bench* bench : server.benches) {
    for (const SiteTarget& target : SiteTargetsOf(*bench, login).sites) {
      // Here a schema of that name would be another one, and none would look like one unused.
      if (target.options.address != server.options.address) continue;
      const SiteKey site{bench->name, target.site};
      sites_.insert(site);
      schemas_.emplace(target.schema, site);
      users_.emplace(target.schema, site);
    }
    for (const Site& site : bench->sites) {
      const SiteKey key{bench->name, site.name};
      const auto user = site.config.Text("db_user");
      if (user && sites_.contains(key)) users_.emplace(*user, key);
    }
  }
}

}  // namespace erpnext
