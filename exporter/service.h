// SPDX-License-Identifier: Apache-2.0
// The collectors of the present configuration, and how a new configuration takes their place.
#pragma once

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

// What collectors are built from. Everything shared in it outlives them.
CollectorContext MakeContext(const Settings& settings);

// Wanted by the settings, and with a family of the wanted tiers. Required collectors always are.
bool IsEnabled(const CollectorEntry& entry, const Settings& settings);

// The enabled collectors, in the order of the table.
std::vector<Engine::Part> MakeParts(const Settings& settings, const CollectorContext& context);

// Thread-safe.
class Service {
 public:
  Service(CommandLine command_line, Settings settings, Log& log);

  // Returns when benches were looked for once, but not after the deadline.
  void Start(Deadline deadline);

  // As Engine::Check and Engine::Scrape. While a reload changes over, a scrape waits for it;
  // timeout when that takes until the deadline.
  Status Check(const CollectorFilter& filter);
  Result<std::vector<CollectorView>> Scrape(const CollectorFilter& filter, Deadline deadline);
  std::vector<CollectorView> Views();
  bool Ready();

  // Builds all that is new first. With an error the old configuration stays in force. Listening
  // addresses and the telemetry path need a restart; a change of them is logged.
  Status Reload();

  ReloadState reload_state();
  std::shared_ptr<const Inventory> inventory();

  // False when a collector that hangs had to be left behind.
  bool Stop(Deadline deadline);

 private:
  std::unique_ptr<Engine> MakeEngine(const Settings& settings, const CollectorContext& context);
  void WarnOfRestart(const Settings& settings);

  const CommandLine command_line_;
  Log& log_;
  StatsRegistry stats_;

  std::mutex reload_mutex_;  // one reload at a time
  // Held shared by whoever uses engine_, exclusively while it is replaced.
  std::shared_timed_mutex engine_mutex_;
  Settings settings_;
  CollectorContext context_;
  std::unique_ptr<Engine> engine_;

  std::mutex state_mutex_;
  ReloadState state_;
};

}  // namespace erpnext
