// SPDX-License-Identifier: Apache-2.0
// Whose a session is: its user's, else its schema's.
#include "collectors/mariadb/site_activity.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace erpnext {
namespace {

constexpr const char* kOther = "other";

void Take(std::optional<double>& longest, double seconds) {
  longest = std::max(longest.value_or(seconds), seconds);
}

}  // namespace

ServerActivity::ServerActivity(const BenchServer& server, const MariadbLogin& login)
    : owners_(server, login), has_others_(!server.of_sites_only) {
  for (const SiteKey& site : owners_.sites()) sites_[site];
}

void ServerActivity::Take(const MariadbActivity& activity) {
  for (const MariadbSession& session : activity.sessions) TakeSession(session);
  TakeDefinitions(activity);
  if (!activity.sees_all) {
    sites_.erase(owners_.nobody());  // our own
    std::erase_if(sites_, [](const auto& each) { return each.second.connections == 0; });
  }
  if (activity.transactions) TakeTransactions(activity);
  if (!has_others_) LeaveOutOthers();
}

void ServerActivity::TakeTransactions(const MariadbActivity& activity) {
  knows_transactions_ = true;
  for (const InnodbTransaction& transaction : *activity.transactions) TakeTransaction(transaction);
  if (!activity.waits) return;
  for (const auto& [root, count] : RootBlockers(*activity.waits, WaitingTransactions(activity))) {
    TakeBlocker(root, count);
  }
}

void ServerActivity::LeaveOutOthers() {
  const SiteKey& nobody = owners_.nobody();
  sites_.erase(nobody);
  std::erase_if(by_doctype_, [&](const auto& each) { return each.first.first == nobody; });
  std::erase_if(definition_holders_, [&](const auto& each) { return each.first.site == nobody; });
}

void ServerActivity::TakeSession(const MariadbSession& session) {
  const SiteKey& owner = owners_.OfLogin(session.user, session.schema);
  by_session_.emplace(session.id, Owner{owner, session.command == "Sleep"});
  SiteActivity& site = sites_[owner];
  ++site.connections;
  if (session.command == "Query" || session.command == "Execute") {
    erpnext::Take(site.longest_statement, session.seconds);
  }
  if (const auto kind = WaitOf(session)) {
    ++site.waits[*kind];
    double& longest = site.longest_wait[*kind];
    longest = std::max(longest, session.seconds);
  }
}

// Of a table whose definition somebody wants to change: who holds it and does not wait.
void ServerActivity::TakeDefinitions(const MariadbActivity& activity) {
  std::set<std::string> waiting;
  for (const MariadbSession& session : activity.sessions) {
    if (WaitsForDefinition(session)) waiting.insert(session.id);
  }
  std::set<std::pair<std::string, std::string>> wanted;
  for (const DefinitionLock& lock : activity.definitions) {
    if (waiting.contains(lock.session)) wanted.emplace(lock.table.schema, lock.table.table);
  }
  std::set<std::tuple<std::string, std::string, std::string>> holders;  // one may hold two locks
  for (const DefinitionLock& lock : activity.definitions) {
    const auto session = by_session_.find(lock.session);
    const bool holds = wanted.contains({lock.table.schema, lock.table.table}) &&
                       session != by_session_.end() && !waiting.contains(lock.session);
    if (!holds || !holders.emplace(lock.session, lock.table.schema, lock.table.table).second) {
      continue;
    }
    ++definition_holders_[{owners_.Of(lock.table.schema), std::string(DocTypeOf(lock.table.table)),
                           session->second.sleeps}];
  }
}

void ServerActivity::TakeTransaction(const InnodbTransaction& transaction) {
  // One whose session has just ended is nobody's.
  const auto session = by_session_.find(transaction.session);
  const Owner owner = session == by_session_.end() ? Owner{owners_.nobody()} : session->second;
  by_transaction_.emplace(transaction.id, owner);
  SiteActivity& site = sites_[owner.site];
  ++site.transactions;
  erpnext::Take(site.longest_transaction, transaction.age_seconds);
  if (transaction.waiting_seconds) {
    ++site.waits["row"];
    double& longest = site.longest_wait["row"];
    longest = std::max(longest, *transaction.waiting_seconds);
  }
  if (const auto& wants = transaction.wants) {
    const TableName& table = wants->table;
    ++by_doctype_[{owners_.Of(table.schema), std::string(DocTypeOf(table.table))}];
  }
}

void ServerActivity::TakeBlocker(const std::string& transaction, std::size_t waiting) {
  const auto known = by_transaction_.find(transaction);
  const Owner owner = known == by_transaction_.end() ? Owner{owners_.nobody()} : known->second;
  std::size_t& most = sites_[owner.site].blocked[owner.sleeps ? "idle" : "running"];
  most = std::max(most, waiting);
}

std::map<std::pair<SiteKey, std::string>, double> ServerActivity::WaitsByDoctype(
    std::size_t most) const {
  std::vector<std::pair<std::pair<SiteKey, std::string>, double>> order(by_doctype_.begin(),
                                                                        by_doctype_.end());
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::map<std::pair<SiteKey, std::string>, double> kept;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto& [key, number] = order[i];
    kept[i < most ? key : std::pair(key.first, std::string(kOther))] += number;
  }
  return kept;
}

}  // namespace erpnext
