// SPDX-License-Identifier: Apache-2.0
// All enabled collectors of one configuration, and how a scrape gets their results.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/collector.h"
#include "core/clock.h"
#include "core/result.h"
#include "exporter/runner.h"

namespace erpnext {

// Which collectors a scrape wants. Both empty: all.
struct CollectorFilter {
  std::vector<std::string> collect;
  std::vector<std::string> exclude;
};

// Thread-safe. Owns the runners; its destructor stops them, and leaves those alone that hang.
class Engine {
 public:
  struct Part {
    RunnerOptions options;
    bool required = false;  // runs before the others are started
    std::unique_ptr<Collector> collector;
  };

  Engine(std::vector<Part> parts, StatsRegistry& stats, const Clock& clock,
         const StateChange& on_change);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Starts the threads; returns when the required collectors have had their first run, but not
  // after the deadline.
  void Start(Deadline deadline);

  // Malformed, with the list of names, when the filter names a collector that is not enabled.
  [[nodiscard]] Status Check(const CollectorFilter& filter) const;

  // Fresh results of the collectors on scrape, the newest of the paced ones, in the order of the
  // table. Returns by the deadline, whatever hangs.
  std::vector<CollectorView> Scrape(const CollectorFilter& filter, Deadline deadline);

  // As Scrape, but runs the paced collectors too and waits for them.
  std::vector<CollectorView> RunAll(const CollectorFilter& filter, Deadline deadline);

  // What is known now; runs nothing.
  std::vector<CollectorView> Views();

  // True once each collector has ended its first run or is late with it.
  bool Ready();

  // False when a collector had not returned by the deadline and was left alone.
  bool Stop(Deadline deadline);

 private:
  struct Entry {
    std::string name;
    bool paced;
    bool required;
    std::shared_ptr<Runner> runner;
  };
  enum class Ask { kOnScrape, kEverybody };

  std::vector<const Entry*> Select(const CollectorFilter& filter) const;
  std::vector<CollectorView> Gather(const std::vector<const Entry*>& entries, Ask ask,
                                    Deadline deadline);

  std::vector<Entry> entries_;
};

}  // namespace erpnext
