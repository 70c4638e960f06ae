// SPDX-License-Identifier: Apache-2.0
// InnoDB tells of each who waits with all that stand before it in the line. A walk from the roots,
// breadth first, puts each below the nearest.
#include "collectors/lock_tree.h"

#include <fmt/core.h>

#include <algorithm>
#include <deque>
#include <set>

namespace erpnext {
namespace {

constexpr std::size_t kMostAlso = 10;
constexpr std::size_t kNone = static_cast<std::size_t>(-1);

struct Node {
  TreeSession session;
  std::set<std::size_t> blockers, waiters;
  std::size_t parent = kNone;
  std::vector<std::size_t> children;
  bool reached = false;
};

class Builder {
 public:
  Builder(const MariadbActivity& activity, const SchemaOwners& owners)
      : activity_(activity), owners_(owners) {}

  std::vector<TreeSession> Build() {
    for (const MariadbSession& session : activity_.sessions) AddSession(session);
    if (activity_.transactions) {
      for (const InnodbTransaction& each : *activity_.transactions) AddTransaction(each);
    }
    if (activity_.waits) {
      for (const LockWait& wait : *activity_.waits) AddRowWait(wait);
    }
    AddDefinitionWaits();
    FindParents();
    return InOrder();
  }

 private:
  void AddSession(const MariadbSession& session) {
    by_session_.emplace(session.id, nodes_.size());
    TreeSession& added = nodes_.emplace_back().session;
    added.session = session.id;
    added.site = owners_.OfLogin(session.user, session.schema);
    added.command = session.command;
    added.seconds = session.seconds;
    if (const auto kind = WaitOf(session)) {
      added.wait = SessionWait{*kind, session.seconds, session.state, std::nullopt, ""};
    }
  }

  void AddTransaction(const InnodbTransaction& transaction) {
    const auto known = by_session_.find(transaction.session);
    const std::size_t at = known == by_session_.end() ? nodes_.size() : known->second;
    if (known == by_session_.end()) nodes_.emplace_back().session.site = owners_.nobody();
    by_transaction_.emplace(transaction.id, at);
    TreeSession& session = nodes_[at].session;
    session.transaction = transaction.id;
    session.transaction_seconds = transaction.age_seconds;
    if (!transaction.waiting_seconds) return;
    session.wait = SessionWait{"row", *transaction.waiting_seconds, "", transaction.wants, ""};
    if (transaction.wants) session.wait->site = owners_.Of(transaction.wants->table.schema).site;
  }

  void AddEdge(std::size_t waiter, std::size_t blocker) {
    if (waiter == blocker) return;
    nodes_[waiter].blockers.insert(blocker);
    nodes_[blocker].waiters.insert(waiter);
  }

  void AddRowWait(const LockWait& wait) {
    const auto waiter = by_transaction_.find(wait.waiter);
    const auto blocker = by_transaction_.find(wait.blocker);
    if (waiter == by_transaction_.end() || blocker == by_transaction_.end()) return;
    AddEdge(waiter->second, blocker->second);
  }

  // Who wants to change a definition holds a lock on it that lets others read. What one wants who
  // holds none is not told.
  void AddDefinitionWaits() {
    const auto waits = [&](std::size_t at) {
      const auto& wait = nodes_[at].session.wait;
      return wait && wait->kind == "metadata";
    };
    std::map<std::pair<std::string_view, std::string_view>, std::set<std::size_t>> holders;
    for (const DefinitionLock& lock : activity_.definitions) {
      const auto session = by_session_.find(lock.session);
      if (session == by_session_.end()) continue;
      holders[{lock.table.schema, lock.table.table}].insert(session->second);
    }
    for (const auto& [table, sessions] : holders) {
      for (const std::size_t waiter : sessions) {
        if (!waits(waiter)) continue;
        for (const std::size_t holder : sessions) {
          if (waits(holder)) continue;
          AddEdge(waiter, holder);
          SessionWait& wait = *nodes_[waiter].session.wait;
          wait.wants = WantedLock{{std::string(table.first), std::string(table.second)}, "", ""};
          wait.site = owners_.Of(table.first).site;
        }
      }
    }
  }

  void Walk(std::size_t root) {
    std::deque<std::size_t> next = {root};
    Walk(next);
  }

  void Walk(std::deque<std::size_t>& next) {
    for (const std::size_t at : next) nodes_[at].reached = true;
    while (!next.empty()) {
      const std::size_t at = next.front();
      next.pop_front();
      for (const std::size_t waiter : nodes_[at].waiters) {
        if (nodes_[waiter].reached) continue;
        nodes_[waiter].reached = true;
        nodes_[waiter].parent = at;
        nodes_[at].children.push_back(waiter);
        next.push_back(waiter);
      }
    }
  }

  void FindParents() {
    // Who waits, but not known for whom, stands nearer to nobody than who holds up.
    for (const bool waits : {false, true}) {
      std::deque<std::size_t> roots;
      for (std::size_t i = 0; i < nodes_.size(); ++i) {
        const bool involved = nodes_[i].session.wait || !nodes_[i].waiters.empty();
        if (involved && nodes_[i].blockers.empty() && nodes_[i].session.wait.has_value() == waits) {
          roots.push_back(i);
        }
      }
      roots_.insert(roots_.end(), roots.begin(), roots.end());
      Walk(roots);
    }
    // Those of a circle, which InnoDB breaks soon, have no root.
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i].reached || nodes_[i].blockers.empty()) continue;
      roots_.push_back(i);
      Walk(i);
    }
  }

  void AddAlso(Node& node) {
    for (const std::size_t blocker : node.blockers) {
      const TreeSession& other = nodes_[blocker].session;
      if (blocker == node.parent || other.wait || other.session.empty()) continue;
      if (node.session.also.size() < kMostAlso) node.session.also.push_back(other.session);
    }
  }

  // Each before those below it.
  std::vector<std::size_t> Order(std::size_t root) {
    const auto longest_last = [&](std::size_t a, std::size_t b) {
      const auto seconds = [&](std::size_t at) {
        const auto& wait = nodes_[at].session.wait;
        return wait ? wait->seconds : 0;
      };
      return seconds(a) < seconds(b);
    };
    std::vector<std::size_t> order, next = {root};
    while (!next.empty()) {
      const std::size_t at = next.back();
      next.pop_back();
      order.push_back(at);
      auto children = nodes_[at].children;
      std::stable_sort(children.begin(), children.end(), longest_last);
      for (const std::size_t child : children) {
        nodes_[child].session.depth = nodes_[at].session.depth + 1;
        next.push_back(child);
      }
    }
    for (auto at = order.rbegin(); at != order.rend(); ++at) {
      Node& node = nodes_[*at];
      if (node.parent != kNone) nodes_[node.parent].session.holds_up += node.session.holds_up + 1;
    }
    return order;
  }

  std::vector<TreeSession> InOrder() {
    std::vector<std::vector<std::size_t>> trees;
    trees.reserve(roots_.size());
    for (const std::size_t root : roots_) trees.push_back(Order(root));
    std::stable_sort(trees.begin(), trees.end(),
                     [](const auto& a, const auto& b) { return a.size() > b.size(); });
    std::vector<TreeSession> sessions;
    for (const auto& tree : trees) {
      for (const std::size_t at : tree) {
        AddAlso(nodes_[at]);
        sessions.push_back(nodes_[at].session);
      }
    }
    return sessions;
  }

  const MariadbActivity& activity_;
  const SchemaOwners& owners_;
  std::vector<Node> nodes_;
  std::map<std::string_view, std::size_t> by_session_, by_transaction_;
  std::vector<std::size_t> roots_;
};

// Leaves the trees that have nothing of the site out.
void KeepSite(const std::string& site, std::vector<TreeSession>& sessions) {
  std::vector<TreeSession> kept;
  for (auto begin = sessions.begin(); begin != sessions.end();) {
    const auto end = std::find_if(begin + 1, sessions.end(),
                                  [](const TreeSession& each) { return each.depth == 0; });
    if (std::any_of(begin, end, [&](const TreeSession& each) {
          return each.site.site == site || (each.wait && each.wait->site == site);
        })) {
      std::move(begin, end, std::back_inserter(kept));
    }
    begin = end;
  }
  sessions = std::move(kept);
}

void AddGaps(const MariadbActivity& activity, const std::vector<TreeSession>& sessions,
             const std::string& address, std::vector<std::string>& gaps) {
  const auto add = [&](std::string_view gap) {
    gaps.push_back(fmt::format("MariaDB at {}: {}", address, gap));
  };
  if (!activity.sees_all) {
    add("other users' sessions and waits for rows are not known: the login needs PROCESS; see "
        "`erpnext-exporter grants`");
  } else if (!activity.transactions || !activity.waits) {
    add("who waits for whose row is not known: the server has no "
        "information_schema.INNODB_LOCK_WAITS");
  }
  if (!activity.waits_are_whole)
    add("so many wait that not all who wait behind others could be read");
  const bool unknown = std::any_of(sessions.begin(), sessions.end(), [](const TreeSession& each) {
    return each.wait && each.wait->kind == "metadata" && each.depth == 0;
  });
  if (unknown && activity.definitions.empty()) {
    add("who holds the definition of a table is not known: INSTALL SONAME 'metadata_lock_info'");
  }
}

Result<std::vector<TreeSession>> ReadTree(const CollectorContext& context,
                                          const BenchServer& server, Deadline deadline,
                                          std::vector<std::string>& gaps) {
  MariadbServer& asked = *context.mariadb_server(server.options);
  const auto activity = ReadMariadbActivity(asked, deadline.Share(2));
  if (!activity) return Fail(activity.error());
  auto sessions = LockTree(*activity, SchemaOwners(server, context.settings.mariadb));
  AddGaps(*activity, sessions, server.options.address.Text(), gaps);
  if (sessions.empty()) return sessions;
  const auto kinds = ReadStatementKinds(asked, deadline);
  if (!kinds) gaps.push_back(kinds.error().message);
  for (TreeSession& each : sessions) {
    each.server = server.options.address.Text();
    if (kinds && kinds->contains(each.session)) each.statement = kinds->at(each.session);
  }
  return sessions;
}

}  // namespace

std::vector<TreeSession> LockTree(const MariadbActivity& activity, const SchemaOwners& owners) {
  return Builder(activity, owners).Build();
}

LockTrees ReadLockTrees(const CollectorContext& context, const std::string& site,
                        Deadline deadline) {
  LockTrees trees;
  const auto inventory = context.inventory->Current();
  const auto servers = SiteServersOf(*inventory, context.settings.mariadb);
  std::size_t left = servers.size();
  for (const BenchServer& server : servers) {
    auto sessions = ReadTree(context, server, deadline.Share(left--), trees.gaps);
    if (!sessions) {
      trees.gaps.push_back(sessions.error().message);
      continue;
    }
    trees.asked = true;
    if (!site.empty()) KeepSite(site, *sessions);
    std::move(sessions->begin(), sessions->end(), std::back_inserter(trees.sessions));
  }
  return trees;
}

}  // namespace erpnext
