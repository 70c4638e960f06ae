// SPDX-License-Identifier: Apache-2.0
#include "collectors/deadlock_history.h"

#include <fmt/core.h>

#include <algorithm>

#include "collectors/mariadb_servers.h"
#include "sources/mariadb_error_log.h"

namespace erpnext {
namespace {

// Of the first transaction whose lock is known.
SiteKey OwnerOf(const Deadlock& deadlock, const SchemaOwners& owners) {
  for (const DeadlockSide& side : deadlock.sides) {
    if (side.wants) return owners.Of(side.wants->table.schema);
  }
  return owners.Of("");
}

// Of one server.
class Reader {
 public:
  Reader(MariadbServer& server, std::string address, Deadline deadline, DeadlockHistory& history)
      : server_(server), address_(std::move(address)), deadline_(deadline), history_(history) {}

  std::vector<Deadlock> Read(const Address& address) {
    std::vector<Deadlock> found = Logged(address);
    const auto rows = server_.Query("/* deadlocks */ SHOW ENGINE INNODB STATUS", deadline_);
    if (!rows) {
      Gap(rows.error().message, "its last deadlock is not known");
      return found;
    }
    history_.asked = true;
    if (rows->rows.size() != 1 || rows->rows[0].size() != 3) return found;
    auto latest = LatestDeadlock(rows->rows[0][2].value_or(""));
    const auto same = [&](const Deadlock& each) { return IdentityOf(each) == IdentityOf(*latest); };
    if (latest && std::none_of(found.begin(), found.end(), same)) {
      found.push_back(std::move(*latest));
    }
    return found;
  }

 private:
  void Gap(std::string_view cause, std::string_view what) {
    history_.gaps.push_back(fmt::format("MariaDB at {}: {}: {}", address_, what, cause));
  }

  std::vector<Deadlock> Logged(const Address& address) {
    constexpr std::string_view kOnlyLast = "only its last deadlock is known";
    const auto path = ErrorLogPath(server_, address, deadline_.Share(2));
    if (!path) {
      Gap(path.error().message, kOnlyLast);
    } else if (!*path) {
      Gap("no error log of it is on this host (log_error)", kOnlyLast);
    } else if (auto found = DeadlocksInLog(**path)) {
      const auto all =
          server_.Query("/* deadlocks */ SELECT @@GLOBAL.innodb_print_all_deadlocks", deadline_);
      if (all && all->rows.size() == 1 && all->rows[0][0] == "0") {
        Gap("innodb_print_all_deadlocks is off, so that the log has none", kOnlyLast);
      }
      return std::move(*found);
    } else {
      Gap(found.error().message, kOnlyLast);
    }
    return {};
  }

  MariadbServer& server_;
  std::string address_;
  Deadline deadline_;
  DeadlockHistory& history_;
};

}  // namespace

DeadlockHistory ReadDeadlockHistory(const CollectorContext& context, std::size_t most,
                                    Deadline deadline) {
  DeadlockHistory history;
  const auto inventory = context.inventory->Current();
  const auto servers = SiteServersOf(*inventory, context.settings.mariadb);
  std::size_t left = servers.size();
  for (const BenchServer& server : servers) {
    const SchemaOwners owners(server, context.settings.mariadb);
    Reader reader(*context.mariadb_server(server.options), server.options.address.Text(),
                  deadline.Share(left--), history);
    for (Deadlock& each : reader.Read(server.options.address)) {
      auto [bench, site] = OwnerOf(each, owners);
      history.deadlocks.push_back({std::move(bench), std::move(site), std::move(each)});
    }
  }
  auto& all = history.deadlocks;
  std::stable_sort(all.begin(), all.end(), [](const PastDeadlock& a, const PastDeadlock& b) {
    return a.deadlock.at < b.deadlock.at;
  });
  if (all.size() > most) all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(most));
  return history;
}

}  // namespace erpnext
