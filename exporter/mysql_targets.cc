// SPDX-License-Identifier: Apache-2.0
// To the collectors a target is a host with one bench, which uses that server.
#include "exporter/mysql_targets.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "collectors/all_collectors.h"
#include "exporter/service.h"

namespace erpnext {
namespace {

constexpr std::chrono::milliseconds kStopTime{500};
constexpr std::size_t kMostNames = 50;

bool HasNamesOfMysqld(const CollectorEntry& entry) {
  return std::any_of(entry.families.begin(), entry.families.end(),
                     [](const Family* family) { return family->name.starts_with("mysql_"); });
}

// Of folders of the host, whose names may hold anything.
std::string Printable(std::string name) {
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return c < ' ' || c == 0x7F; }, '?');
  return name;
}

MariadbLogin LoginOf(const MariadbOptions& options) {
  MariadbLogin login;
  login.address = options.address;
  login.user = options.user;
  login.password = options.password;
  login.tls = options.tls;
  login.tls_verify = options.tls_verify;
  login.tls_ca_file = options.tls_ca_file;
  return login;
}

Bench BenchAt(const std::string& name, const Address& address) {
  Bench bench;
  bench.name = name;
  bench.database = {"mariadb", address};
  return bench;
}

}  // namespace

MysqlTargets::MysqlTargets(const Settings& settings, CollectorContext context,
                           StateChange on_change)
    : settings_(settings), context_(std::move(context)), on_change_(std::move(on_change)) {}

std::map<std::string, MariadbLogin> MysqlTargets::Logins() const {
  std::map<std::string, MariadbLogin> logins;
  for (const MysqlTarget& target : settings_.mysql_targets) {
    MariadbLogin login = target.login;
    const MariadbLogin& common = settings_.collect.mariadb;
    login.tls = common.tls;
    login.tls_verify = common.tls_verify;
    login.tls_ca_file = common.tls_ca_file;
    logins.emplace(target.name, login);
  }
  const auto inventory = context_.inventory->Current();
  for (const Bench& bench : inventory->benches) {
    if (bench.database.type != "mariadb") continue;
    logins.emplace(bench.name, LoginOf(MariadbOptionsFor(bench, settings_.collect.mariadb)));
  }
  return logins;
}

std::vector<std::string> MysqlTargets::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, login] : Logins()) names.push_back(Printable(name));
  return names;
}

std::shared_ptr<Engine> MysqlTargets::MakeEngine(const std::string& name,
                                                 const MariadbLogin& login) {
  CollectorContext context = context_;
  context.inventory = std::make_shared<InventoryHolder>();
  context.inventory->Publish({{BenchAt(name, login.address)}, {}});
  context.state = std::make_shared<StateStore>("");
  context.settings.mariadb = login;
  Settings settings = settings_;
  settings.tiers = NameTiers::kUpstream;
  std::vector<Engine::Part> parts;
  for (const CollectorEntry* entry : AllCollectors()) {
    if (!HasNamesOfMysqld(*entry) || !IsEnabled(*entry, settings)) continue;
    Engine::Part part = MakePart(*entry, settings, context);
    // Nobody may ask for hours. Who asks at a collector's own pace gets a new figure each time.
    part.options.reuse = std::max(part.options.reuse, part.options.interval / 2);
    part.options.interval = {};
    parts.push_back(std::move(part));
  }
  const StateChange on_change = [name, report = on_change_](const std::string& collector,
                                                            const Status& status) {
    report(fmt::format("{} of target {}", collector, name), status);
  };
  auto engine = std::make_shared<Engine>(std::move(parts), stats_, *context.clock, on_change);
  engine->Start(Deadline::After(kStopTime));
  return engine;
}

std::shared_ptr<Engine> MysqlTargets::For(const std::string& name, const MariadbLogin& login) {
  const MariadbOptions options = MariadbOptionsFor(BenchAt(name, login.address), login);
  std::vector<std::shared_ptr<Engine>> old;
  std::shared_ptr<Engine> engine;
  {
    const std::lock_guard lock(mutex_);
    auto known = entries_.find(name);
    if (known != entries_.end() && !(known->second.options == options)) {
      old.push_back(known->second.engine);
      entries_.erase(known);
      known = entries_.end();
    }
    if (known == entries_.end()) {
      if (entries_.size() >= kMost) {
        const auto oldest = std::min_element(
            entries_.begin(), entries_.end(),
            [](const auto& a, const auto& b) { return a.second.asked < b.second.asked; });
        old.push_back(oldest->second.engine);
        entries_.erase(oldest);
      }
      known = entries_.emplace(name, Entry{options, MakeEngine(name, login), 0}).first;
    }
    known->second.asked = ++asked_;
    engine = known->second.engine;
  }
  for (const auto& each : old) {
    if (each->Stop(Deadline::After(kStopTime))) continue;
    const std::lock_guard lock(mutex_);
    left_behind_ = true;
  }
  return engine;
}

Result<std::vector<CollectorView>> MysqlTargets::Scrape(const std::string& name,
                                                        const CollectorFilter& filter,
                                                        Deadline deadline) {
  const auto logins = Logins();
  const auto login = logins.find(name);
  if (login == logins.end()) {
    std::vector<std::string> names = Names();
    const bool more = names.size() > kMostNames;
    names.resize(std::min(names.size(), kMostNames));
    return Fail(ErrorKind::kUnsupported, "no such target; ?target=NAME takes: {}{}",
                fmt::join(names, ", "), more ? ", and others" : "");
  }
  const auto engine = For(name, login->second);
  if (const Status status = engine->Check(filter); !status) return Fail(status.error());
  return engine->Scrape(filter, deadline);
}

bool MysqlTargets::Stop(Deadline deadline) {
  std::map<std::string, Entry> entries;
  bool all_ended = true;
  {
    const std::lock_guard lock(mutex_);
    entries.swap(entries_);
    all_ended = !left_behind_;
  }
  for (auto& [name, entry] : entries) all_ended &= entry.engine->Stop(deadline);
  return all_ended;
}

}  // namespace erpnext
