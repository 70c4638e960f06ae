// SPDX-License-Identifier: Apache-2.0
// What the transactions wanted that met in deadlocks. InnoDB's status keeps the last one only; the
// error log has them all while innodb_print_all_deadlocks is on. Without the log, of several
// between two looks one is explained: then these figures are a sample of
// mysql_global_status_innodb_deadlocks.
#include "collectors/mariadb/deadlocks.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "collectors/context.h"
#include "collectors/mariadb_servers.h"
#include "sources/innodb_deadlock.h"
#include "sources/mariadb_server_log.h"
#include "sources/site_database.h"

namespace erpnext {
namespace {

constexpr Family kExplained{
    .name = "erpnext_mariadb_deadlocks_explained_total",
    .kind = MetricKind::kCounter,
    .labels = {"bench", "site", "doctypes"},
    .help =
        "Deadlocks whose text was read, by the DocTypes whose rows were wanted, in alphabetical "
        "order; the first 100 pairs, then other. Counted since the exporter started.",
    .source =
        "the error log with innodb_print_all_deadlocks; LATEST DETECTED DEADLOCK of SHOW "
        "ENGINE INNODB STATUS"};
constexpr Family kSides{.name = "erpnext_mariadb_deadlock_sides_total",
                        .kind = MetricKind::kCounter,
                        .labels = {"bench", "site", "doctype", "index", "mode", "statement"},
                        .help =
                            "Transactions in them, by the DocType, index and mode of the lock that "
                            "each waited for, and "
                            "the kind of its statement; the first 200, then other.",
                        .source = "WAITING FOR THIS LOCK TO BE GRANTED of the same text"};
constexpr Family kLast{
    .name = "erpnext_mariadb_last_deadlock_info",
    .labels = {"bench", "site", "doctypes"},
    .help =
        "The deadlock that InnoDB still tells of, with value 1; also one from before our start.",
    .source = "LATEST DETECTED DEADLOCK of SHOW ENGINE INNODB STATUS"};
constexpr const Family* kFamilies[] = {&kExplained, &kSides, &kLast};

constexpr const char* kOther = "other";
constexpr std::size_t kMostPairs = 100;
constexpr std::size_t kMostSides = 200;
constexpr std::size_t kRemembered = 1000;

using Key = std::vector<std::string>;  // the labels of a series

// Counts of a bounded number of series; later ones are other but for bench and site.
class BoundedCounts {
 public:
  explicit BoundedCounts(std::size_t most) : most_(most) {}

  void Count(Key key) {
    if (!counts_.contains(key) && counts_.size() >= most_) {
      std::fill(key.begin() + 2, key.end(), kOther);
    }
    ++counts_[std::move(key)];
  }

  void Publish(const Family& family, SampleSink& sink) const {
    for (const auto& [key, count] : counts_) {
      const std::vector<std::string_view> labels(key.begin(), key.end());
      sink.Add(family, labels, count);
    }
  }

 private:
  std::size_t most_;
  std::map<Key, double> counts_;
};

// Bench, site, and the DocTypes as one text. Nothing when the text was cut off before them.
std::optional<Key> PairOf(const Deadlock& deadlock, const SchemaOwners& owners) {
  std::set<std::string> doctypes;
  SiteKey owner;
  for (const DeadlockSide& side : deadlock.sides) {
    if (!side.wants) continue;
    owner = owners.Of(side.wants->table.schema);
    doctypes.emplace(DocTypeOf(side.wants->table.table));
  }
  if (doctypes.empty()) return std::nullopt;
  return Key{owner.bench, owner.site, fmt::format("{}", fmt::join(doctypes, ", "))};
}

// Of one server.
class Anatomy {
 public:
  // What the server's status tells. One that is there at our start may be old.
  void TakeLatest(const std::optional<Deadlock>& deadlock, const SchemaOwners& owners) {
    last_ = deadlock ? PairOf(*deadlock, owners) : std::nullopt;
    if (deadlock && IsNew(*deadlock) && started_) Count(*deadlock, owners);
    started_ = true;
  }

  void TakeLogged(const Deadlock& deadlock, const SchemaOwners& owners) {
    if (IsNew(deadlock)) Count(deadlock, owners);
  }

  void Publish(SampleSink& sink) const {
    explained_.Publish(kExplained, sink);
    sides_.Publish(kSides, sink);
    if (last_) {
      const std::vector<std::string_view> labels(last_->begin(), last_->end());
      sink.Add(kLast, labels, 1);
    }
  }

 private:
  // Status and log tell of the same ones.
  bool IsNew(const Deadlock& deadlock) {
    std::string id = IdentityOf(deadlock);
    if (std::find(seen_.begin(), seen_.end(), id) != seen_.end()) return false;
    seen_.push_back(std::move(id));
    if (seen_.size() > kRemembered) seen_.pop_front();
    return true;
  }

  void Count(const Deadlock& deadlock, const SchemaOwners& owners) {
    if (const auto pair = PairOf(deadlock, owners)) explained_.Count(*pair);
    for (const DeadlockSide& side : deadlock.sides) {
      if (!side.wants) continue;
      const auto [bench, site] = owners.Of(side.wants->table.schema);
      sides_.Count({bench, site, std::string(DocTypeOf(side.wants->table.table)), side.wants->index,
                    side.wants->mode, side.statement});
    }
  }

  bool started_ = false;
  std::deque<std::string> seen_;
  std::optional<Key> last_;
  BoundedCounts explained_{kMostPairs};
  BoundedCounts sides_{kMostSides};
};

class MariadbDeadlocksCollector final : public Collector {
 public:
  explicit MariadbDeadlocksCollector(const CollectorContext& context) : context_(context) {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    const auto inventory = context_.inventory->Current();
    const auto servers = BenchServersOf(*inventory, context_.settings.mariadb);
    return AskEach(servers, deadline, [&](const BenchServer& server, Deadline share) {
      const Status read = Read(server, share);
      const auto known = servers_.find(server.options.address.Text());
      if (known != servers_.end()) known->second.anatomy.Publish(sink);
      return read;
    });
  }

 private:
  struct Watched {
    Anatomy anatomy;
    ServerLog log;
    DeadlockFinder finder;
  };

  Status Read(const BenchServer& server, Deadline deadline) {
    const auto connection = context_.mariadb_server(server.options);
    const SchemaOwners owners(server, context_.settings.mariadb);
    const auto rows =
        connection->Query("/* mariadb_deadlocks */ SHOW ENGINE INNODB STATUS", deadline);
    // Without PROCESS it is not told.
    if (!rows && rows.error().kind != ErrorKind::kPermission) return Fail(rows.error());
    Watched& watched = servers_[server.options.address.Text()];
    const auto logged = watched.log.Poll(*connection, server.options.address, deadline,
                                         [&](const ErrorLogLine& line) {
                                           const auto deadlock = watched.finder.Take(line);
                                           if (deadlock)
                                             watched.anatomy.TakeLogged(*deadlock, owners);
                                         });
    if (rows && rows->rows.size() == 1 && rows->rows[0].size() == 3) {
      watched.anatomy.TakeLatest(LatestDeadlock(rows->rows[0][2].value_or("")), owners);
    }
    return logged ? Status() : Fail(logged.error());
  }

  CollectorContext context_;
  std::map<std::string, Watched> servers_;  // by address
};

}  // namespace

const CollectorEntry kMariadbDeadlocksCollector{
    .name = "mariadb_deadlocks",
    .summary = "which DocTypes, indexes and statements meet in deadlocks",
    .access = "MariaDB: PROCESS; for all of them innodb_print_all_deadlocks and its error log",
    .mariadb_privileges = "PROCESS",
    .interval = std::chrono::seconds(10),
    .timeout = std::chrono::seconds(5),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<MariadbDeadlocksCollector>(context);
    }};

}  // namespace erpnext
