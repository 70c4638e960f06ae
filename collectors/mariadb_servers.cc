// SPDX-License-Identifier: Apache-2.0
// Benches that share a server share its answers.
#include "collectors/mariadb_servers.h"

#include <algorithm>

#include "sources/site_database.h"

namespace erpnext {

namespace {

// Adds it where there is none at this address. Two logins are no two servers: what is read of its
// log by one is gone for the other.
BenchServer& ServerAt(const MariadbOptions& options, std::vector<BenchServer>& servers) {
  auto known = std::find_if(servers.begin(), servers.end(), [&](const BenchServer& each) {
    return each.options.address == options.address;
  });
  if (known == servers.end()) known = servers.insert(known, BenchServer{options, {}});
  return *known;
}

}  // namespace

std::vector<BenchServer> BenchServersOf(const Inventory& inventory, const MariadbLogin& login) {
  std::vector<BenchServer> servers;
  for (const Bench& bench : inventory.benches) {
    if (bench.database.type != "mariadb") continue;
    ServerAt(MariadbOptionsFor(bench, login), servers).benches.push_back(&bench);
  }
  return servers;
}

std::vector<BenchServer> SiteServersOf(const Inventory& inventory, const MariadbLogin& login) {
  std::vector<BenchServer> servers = BenchServersOf(inventory, login);
  for (const Bench& bench : inventory.benches) {
    for (const SiteTarget& site : SiteTargetsOf(bench, login).sites) {
      BenchServer& server = ServerAt(site.options, servers);
      if (server.benches.empty()) server.of_sites_only = true;
      const auto& benches = server.benches;
      if (std::find(benches.begin(), benches.end(), &bench) == benches.end()) {
        server.benches.push_back(&bench);
      }
    }
  }
  return servers;
}

Status AskEach(const std::vector<BenchServer>& servers, Deadline deadline,
               const std::function<Status(const BenchServer& server, Deadline deadline)>& ask) {
  Status status;
  std::size_t left = servers.size();
  for (const BenchServer& server : servers) {
    const Status asked = ask(server, deadline.Share(left--));
    if (!asked && status) status = asked;
  }
  return status;
}

std::vector<SiteSchema> SiteSchemasOf(const BenchServer& server, const MariadbLogin& login) {
  std::vector<SiteSchema> schemas;
  for (const Bench* bench : server.benches) {
    for (const SiteTarget& target : SiteTargetsOf(*bench, login).sites) {
      if (target.options.address.Text() != server.options.address.Text()) continue;
      schemas.push_back({bench->name, target.site, target.schema});
    }
  }
  return schemas;
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
