// SPDX-License-Identifier: Apache-2.0
// One database server at a time, under the names of mysqld_exporter, which know one only.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "collectors/context.h"
#include "exporter/engine.h"
#include "exporter/settings.h"

namespace erpnext {

// Servers are called by names: those of the benches that use them, and those of the configuration,
// which go before. An address is never taken from who asks. The collectors of a server are made
// when it is asked for first and run only when it is asked for; they share its two sessions with
// all others. Thread-safe.
class MysqlTargets {
 public:
  // Servers whose collectors are kept; then the one that nobody asked for longest makes room.
  static constexpr std::size_t kMost = 16;

  MysqlTargets(const Settings& settings, CollectorContext context, StateChange on_change);

  std::vector<std::string> Names() const;

  // Unsupported, with the names that there are, when there is none of this name; malformed when
  // the filter names no collector of it.
  Result<std::vector<CollectorView>> Scrape(const std::string& name, const CollectorFilter& filter,
                                            Deadline deadline);

  // False when a collector hangs and was left behind, now or before.
  bool Stop(Deadline deadline);

 private:
  struct Entry {
    MariadbOptions options;
    std::shared_ptr<Engine> engine;
    std::uint64_t asked = 0;  // the greater the later
  };

  std::map<std::string, MariadbLogin> Logins() const;
  std::shared_ptr<Engine> For(const std::string& name, const MariadbLogin& login);
  std::shared_ptr<Engine> MakeEngine(const std::string& name, const MariadbLogin& login);

  const Settings settings_;
  const CollectorContext context_;
  const StateChange on_change_;
  StatsRegistry stats_;

  std::mutex mutex_;
  std::map<std::string, Entry> entries_;
  std::uint64_t asked_ = 0;
  bool left_behind_ = false;
};

}  // namespace erpnext
