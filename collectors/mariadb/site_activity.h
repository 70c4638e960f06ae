// SPDX-License-Identifier: Apache-2.0
// What the sessions of one database server do, put together by site.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "collectors/mariadb_servers.h"
#include "sources/mariadb_activity.h"

namespace erpnext {

struct SiteActivity {
  double connections = 0;
  double transactions = 0;
  // Nothing when there is none.
  std::optional<double> longest_transaction;
  std::optional<double> longest_statement;
  // By what is waited for: "row", "metadata", "other".
  std::map<std::string, double> waits;
  std::map<std::string, double> longest_wait;
  // By what the transaction that holds up most does: "idle" or "running".
  std::map<std::string, std::size_t> blocked;
};

class ServerActivity {
 public:
  // Each site of the server's benches has an entry, and the first bench one for nobody's sessions;
  // but those of which nothing was seen have none where the server does not show all sessions. Of a
  // server that only sites name nobody's are left out: there is one "other" of a bench.
  ServerActivity(const BenchServer& server, const MariadbLogin& login);

  void Take(const MariadbActivity& activity);

  // Whether the server told of its transactions and row locks.
  bool knows_transactions() const { return knows_transactions_; }
  const std::map<SiteKey, SiteActivity>& sites() const { return sites_; }

  struct DefinitionHolder {
    SiteKey site;  // of the table
    std::string doctype;
    bool sleeps = false;

    friend auto operator<=>(const DefinitionHolder&, const DefinitionHolder&) = default;
  };
  // Sessions that hold the definition of a table which another session wants to change.
  const std::map<DefinitionHolder, double>& definition_holders() const {
    return definition_holders_;
  }

  // Waits for rows by DocType, the `most` most frequent; the others of a site are "other".
  std::map<std::pair<SiteKey, std::string>, double> WaitsByDoctype(std::size_t most) const;

 private:
  struct Owner {
    SiteKey site;
    bool sleeps = false;
  };

  void TakeDefinitions(const MariadbActivity& activity);
  void TakeSession(const MariadbSession& session);
  void TakeTransactions(const MariadbActivity& activity);
  void TakeTransaction(const InnodbTransaction& transaction);
  void TakeBlocker(const std::string& transaction, std::size_t waiting);
  void LeaveOutOthers();

  SchemaOwners owners_;
  std::map<SiteKey, SiteActivity> sites_;
  std::map<std::string, Owner> by_session_;
  std::map<std::string, Owner> by_transaction_;
  std::map<std::pair<SiteKey, std::string>, double> by_doctype_;
  std::map<DefinitionHolder, double> definition_holders_;
  bool has_others_ = true;
  bool knows_transactions_ = false;
};

}  // namespace erpnext
