// SPDX-License-Identifier: Apache-2.0
// The collectors of the present configuration, and how a new configuration takes their place.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "collectors/context.h"
#include "exporter/command_line.h"
#include "exporter/engine.h"
#include "exporter/log.h"
#include "exporter/self_metrics.h"
#include "exporter/settings.h"

namespace erpnext {

class MysqlTargets;

// What collectors are built from. Everything shared in it outlives them.
CollectorContext MakeContext(const Settings& settings);

// The benches of this host, looked for once. What kept us from looking is a problem in it.
Inventory FindBenches(const Settings& settings, Deadline deadline);

// Wanted by the settings, and with a family of the wanted tiers. Required collectors always are.
bool IsEnabled(const CollectorEntry& entry, const Settings& settings);

Engine::Part MakePart(const CollectorEntry& entry, const Settings& settings,
                      const CollectorContext& context);

// The enabled collectors, in the order of the table.
std::vector<Engine::Part> MakeParts(const Settings& settings, const CollectorContext& context);

// Thread-safe.
class Service {
 public:
  Service(CommandLine command_line, const Settings& settings, Log& log);
  ~Service();

  // Returns when benches were looked for once, but not after the deadline.
  void Start(Deadline deadline);

  // As Engine::Check and Engine::Scrape. While a reload changes over, a scrape waits for it;
  // timeout when that takes until the deadline. The others never wait.
  Status Check(const CollectorFilter& filter);
  Result<std::vector<CollectorView>> Scrape(const CollectorFilter& filter, Deadline deadline);
  std::vector<CollectorView> Views();
  bool Ready();

  // The same for one database server under the names of mysqld_exporter. Unsupported, with the
  // names that there are, when there is none of this name.
  Result<std::vector<CollectorView>> ScrapeMysql(const std::string& target,
                                                 const CollectorFilter& filter, Deadline deadline);

  // Builds all that is new first. With an error the old configuration stays in force. Listening
  // addresses and the telemetry path need a restart; a change of them is logged.
  Status Reload();

  // The same on a thread of its own, which calls `done` at its end.
  void ReloadInBackground(std::function<void()> done);

  ReloadState reload_state();
  std::shared_ptr<const Inventory> inventory();

  // False when a collector or a reload that hangs had to be left behind: this object must then
  // live on.
  bool Stop(Deadline deadline);

 private:
  // What is in force. Shared, so that who looks does not wait for a reload.
  struct Running {
    CollectorContext context;
    std::unique_ptr<Engine> engine;
    std::unique_ptr<MysqlTargets> mysql_targets;
  };

  std::shared_ptr<Running> MakeRunning(const Settings& settings);
  std::shared_ptr<Running> Current();
  void ChangeOver(const std::shared_ptr<Running>& next);
  std::unique_ptr<Engine> MakeEngine(const Settings& settings, const CollectorContext& context);
  StateChange LogChange();
  void WarnOfRestart(const Settings& settings) const;

  const CommandLine command_line_;
  Log& log_;
  const std::vector<std::string> bound_addresses_;
  const std::string bound_path_;
  StatsRegistry stats_;

  std::mutex reload_mutex_;               // one reload at a time
  std::shared_timed_mutex change_mutex_;  // shared by scrapes, exclusive for a change
  std::atomic<int> reloads_{0};           // at work at present
  std::atomic<bool> left_behind_{false};  // a collector of an earlier configuration

  std::mutex state_mutex_;
  std::shared_ptr<Running> running_;
  ReloadState state_;
};

}  // namespace erpnext
