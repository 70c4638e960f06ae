// SPDX-License-Identifier: Apache-2.0
// What the sessions of each database server do now: by command and state, who holds a transaction
// for how long, and who waits for whom, by site.
#include "collectors/mariadb/activity.h"

#include <cmath>

#include "collectors/context.h"
#include "collectors/mariadb/site_activity.h"
#include "core/text.h"

namespace erpnext {
namespace {

constexpr Family kThreads{.name = "mysql_info_schema_processlist_threads",
                          .labels = {"command", "state"},
                          .help = "The number of threads split by current state.",
                          .source = "information_schema.PROCESSLIST"};
constexpr Family kSeconds{.name = "mysql_info_schema_processlist_seconds",
                          .labels = {"command", "state"},
                          .help = "The number of seconds threads have used split by current state.",
                          .source = "information_schema.PROCESSLIST"};
constexpr Family kByUser{.name = "mysql_info_schema_processlist_processes_by_user",
                         .labels = {"mysql_user"},
                         .help = "The number of processes by user.",
                         .source = "information_schema.PROCESSLIST"};
constexpr Family kByHost{.name = "mysql_info_schema_processlist_processes_by_host",
                         .labels = {"client_host"},
                         .help = "The number of processes by host.",
                         .source = "information_schema.PROCESSLIST"};
constexpr Family kConnections{
    .name = "erpnext_mariadb_connections",
    .labels = {"bench", "site"},
    .help =
        "Sessions of each site. Those of nobody's site are other, at the server's first bench. "
        "Without PROCESS only of sites whose user logs in here.",
    .source = "user or schema of information_schema.PROCESSLIST"};
constexpr Family kTransactions{.name = "erpnext_mariadb_transactions",
                               .labels = {"bench", "site"},
                               .help = "Transactions of each site that are open.",
                               .source = "information_schema.INNODB_TRX"};
constexpr Family kLongestTransaction{
    .name = "erpnext_mariadb_longest_transaction_seconds",
    .labels = {"bench", "site"},
    .help = "Age of the site's oldest open transaction. Absent when none is open.",
    .source = "trx_started of information_schema.INNODB_TRX"};
constexpr Family kLongestStatement{
    .name = "erpnext_mariadb_longest_statement_seconds",
    .labels = {"bench", "site"},
    .help = "How long the longest statement of the site has been running. Absent when none runs.",
    .source = "sessions of information_schema.PROCESSLIST that execute"};
constexpr Family kWaits{
    .name = "erpnext_mariadb_lock_waits",
    .labels = {"bench", "site", "kind"},
    .help =
        "Sessions of the site that wait for a lock now: of a row, of a table's definition "
        "(metadata), or other.",
    .source = "trx_wait_started of INNODB_TRX; state of PROCESSLIST"};
constexpr Family kLongestWait{
    .name = "erpnext_mariadb_longest_lock_wait_seconds",
    .labels = {"bench", "site", "kind"},
    .help = "How long the longest of them has been waiting. Absent when none waits.",
    .source = "trx_wait_started of INNODB_TRX; time of PROCESSLIST"};
constexpr Family kWaitsByDoctype{
    .name = "erpnext_mariadb_row_lock_waits",
    .labels = {"bench", "site", "doctype"},
    .help =
        "Transactions that wait for a row now, by the DocType whose row is wanted; of each server "
        "the 20 most "
        "frequent, then other. Absent when none waits.",
    .source = "trx_requested_lock_id of information_schema.INNODB_TRX, lock_table of INNODB_LOCKS"};
constexpr Family kBlocked{
    .name = "erpnext_mariadb_blocked_sessions",
    .labels = {"bench", "site", "blocker"},
    .help =
        "Sessions that wait, directly or through others, for the one transaction of this site that "
        "holds up most; of many hundreds some of those through others may be missing. The blocker "
        "is "
        "idle (between two statements) or running. Absent when none.",
    .source = "information_schema.INNODB_LOCK_WAITS"};
constexpr Family kDefinitionHolders{
    .name = "erpnext_mariadb_definition_holders",
    .labels = {"bench", "site", "doctype", "blocker"},
    .help =
        "Sessions that hold the definition of a table of this site which another session waits to "
        "change: all that want the table wait for them. They are idle (between two statements of a "
        "transaction) or running. Absent when none.",
    .source = "information_schema.METADATA_LOCK_INFO, where the plugin metadata_lock_info is"};
constexpr const Family* kFamilies[] = {
    &kThreads,          &kSeconds,          &kByUser,  &kByHost,
    &kConnections,      &kTransactions,     &kWaits,   &kLongestTransaction,
    &kLongestWait,      &kLongestStatement, &kBlocked, &kWaitsByDoctype,
    &kDefinitionHolders};

constexpr std::size_t kMostDoctypes = 20;
constexpr const char* kKinds[] = {"row", "metadata", "other"};

// As mysqld_exporter writes a command or a state.
std::string Sanitized(std::string_view text) {
  if (text.empty()) return "unknown";
  std::string clean;
  for (const char c : ToLower(text)) {
    if (std::string_view(";,:.()").find(c) != std::string_view::npos) continue;
    clean += c == ' ' || c == '-' ? '_' : c;
  }
  return clean;
}

void AddSite(const SiteKey& key, const SiteActivity& site, bool knows_transactions,
             SampleSink& sink) {
  const std::string_view bench = key.bench, name = key.site;
  sink.Add(kConnections, {bench, name}, site.connections);
  if (knows_transactions) sink.Add(kTransactions, {bench, name}, site.transactions);
  if (site.longest_transaction) {
    sink.Add(kLongestTransaction, {bench, name}, *site.longest_transaction);
  }
  if (site.longest_statement) sink.Add(kLongestStatement, {bench, name}, *site.longest_statement);
  for (const std::string kind : kKinds) {
    if (kind == "row" && !knows_transactions) continue;
    const auto waits = site.waits.find(kind);
    sink.Add(kWaits, {bench, name, kind}, waits == site.waits.end() ? 0 : waits->second);
  }
  for (const auto& [kind, seconds] : site.longest_wait) {
    sink.Add(kLongestWait, {bench, name, kind}, seconds);
  }
  for (const auto& [blocker, sessions] : site.blocked) {
    sink.Add(kBlocked, {bench, name, blocker}, static_cast<double>(sessions));
  }
}

void AddSites(const ServerActivity& activity, SampleSink& sink) {
  for (const auto& [key, site] : activity.sites()) {
    AddSite(key, site, activity.knows_transactions(), sink);
  }
  for (const auto& [key, waits] : activity.WaitsByDoctype(kMostDoctypes)) {
    const auto& [site, doctype] = key;
    sink.Add(kWaitsByDoctype, {site.bench, site.site, doctype}, waits);
  }
  std::size_t shown = 0;
  for (const auto& [holder, sessions] : activity.definition_holders()) {
    if (++shown > kMostDoctypes) break;
    sink.Add(
        kDefinitionHolders,
        {holder.site.bench, holder.site.site, holder.doctype, holder.sleeps ? "idle" : "running"},
        sessions);
  }
}

void AddProcesses(const std::vector<MariadbSession>& sessions, SampleSink& sink) {
  std::map<std::pair<std::string, std::string>, std::pair<double, double>> by_state;
  std::map<std::string, double> by_user, by_host;
  for (const MariadbSession& session : sessions) {
    auto& [threads, seconds] = by_state[{Sanitized(session.command), Sanitized(session.state)}];
    ++threads;
    seconds += std::floor(session.seconds);
    ++by_user[session.user];
    ++by_host[session.client_host];
  }
  for (const auto& [key, figures] : by_state) {
    sink.Add(kThreads, {key.first, key.second}, figures.first);
    sink.Add(kSeconds, {key.first, key.second}, figures.second);
  }
  for (const auto& [user, number] : by_user) sink.Add(kByUser, {user}, number);
  for (const auto& [host, number] : by_host) sink.Add(kByHost, {host}, number);
}

class MariadbActivityCollector final : public Collector {
 public:
  explicit MariadbActivityCollector(const CollectorContext& context) : context_(context) {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    const auto inventory = context_.inventory->Current();
    const auto servers = SiteServersOf(*inventory, context_.settings.mariadb);
    Status status;
    for (std::size_t i = 0; i < servers.size(); ++i) {
      const Deadline share = deadline.Share(servers.size() - i);
      const auto activity =
          ReadMariadbActivity(*context_.mariadb_server(servers[i].options), share);
      if (!activity) {
        if (status) status = Fail(activity.error());
        continue;
      }
      if (i == 0) AddProcesses(activity->sessions, sink);
      ServerActivity by_site(servers[i], context_.settings.mariadb);
      by_site.Take(*activity);
      AddSites(by_site, sink);
    }
    return status;
  }

 private:
  CollectorContext context_;
};

}  // namespace

const CollectorEntry kMariadbActivityCollector{
    .name = "mariadb_activity",
    .summary = "sessions, transactions and waits for locks by site, who blocks whom",
    .access =
        "MariaDB: PROCESS, without it only our own session is seen; the plugin "
        "metadata_lock_info for who holds up a change of a table",
    .mariadb_privileges = "PROCESS",
    .interval = std::chrono::seconds(10),
    .timeout = std::chrono::seconds(2),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<MariadbActivityCollector>(context);
    }};

}  // namespace erpnext
