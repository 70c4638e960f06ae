// SPDX-License-Identifier: Apache-2.0
// Which MariaDB servers the benches use.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/context.h"
#include "core/deadline.h"
#include "core/result.h"
#include "sources/bench.h"
#include "sources/mariadb_target.h"

namespace erpnext {

struct BenchServer {
  MariadbOptions options;
  std::vector<const Bench*> benches;  // of the inventory; never empty
  bool of_sites_only = false;         // no bench has it as its own
};

// Each server once, in the order of the benches, with the login of the first that has it. Benches
// that keep their data in another kind of database have none. The names of mysqld_exporter know
// one server only: that is the first.
std::vector<BenchServer> BenchServersOf(const Inventory& inventory, const MariadbLogin& login);

// Those, and behind them the servers that only sites name for themselves. Each has all benches that
// have a site there. For what is told by site: of a bench there would be two figures.
std::vector<BenchServer> SiteServersOf(const Inventory& inventory, const MariadbLogin& login);

// Asks one after the other, each with its share of the time that is left. The first error is kept,
// and keeps none from being asked.
Status AskEach(const std::vector<BenchServer>& servers, Deadline deadline,
               const std::function<Status(const BenchServer& server, Deadline deadline)>& ask);

struct SiteSchema {
  std::string bench;
  std::string site;
  std::string schema;
};

// The sites whose databases are on this server. Sites with a login of their own are no exception:
// InnoDB's dictionary tells of all schemas.
std::vector<SiteSchema> SiteSchemasOf(const BenchServer& server, const MariadbLogin& login);

// That first one, for the present inventory. Null when no bench has a MariaDB.
std::shared_ptr<MariadbServer> FirstServer(const CollectorContext& context);

struct SiteKey {
  std::string bench;
  std::string site;  // "other" for what belongs to none

  friend auto operator<=>(const SiteKey&, const SiteKey&) = default;
};

// Whose a schema or a user of a server is.
class SchemaOwners {
 public:
  // Of the sites whose databases are on this server. What is nobody's belongs to "other" at its
  // first bench.
  SchemaOwners(const BenchServer& server, const MariadbLogin& login);

  const SiteKey& Of(std::string_view schema) const { return Find(schemas_, schema); }
  // Frappe logs in as a user of the schema's name, or as db_user of Frappe 15.
  const SiteKey& OfUser(std::string_view user) const { return Find(users_, user); }

  // The schema's, else the user's.
  const SiteKey& Of(std::string_view schema, std::string_view user) const {
    const SiteKey& of_schema = Of(schema);
    return of_schema == nobody_ ? OfUser(user) : of_schema;
  }

  // The user's, else the schema's: a session may look at another site's database.
  const SiteKey& OfLogin(std::string_view user, std::string_view schema) const {
    const SiteKey& of_user = OfUser(user);
    return of_user == nobody_ ? Of(schema) : of_user;
  }

  const SiteKey& nobody() const { return nobody_; }
  // All there are, and nobody.
  const std::set<SiteKey>& sites() const { return sites_; }

 private:
  using Owners = std::map<std::string, SiteKey, std::less<>>;

  const SiteKey& Find(const Owners& owners, std::string_view name) const {
    const auto found = owners.find(name);
    return found == owners.end() ? nobody_ : found->second;
  }

  SiteKey nobody_;
  Owners schemas_;
  Owners users_;
  std::set<SiteKey> sites_;
};

}  // namespace erpnext
