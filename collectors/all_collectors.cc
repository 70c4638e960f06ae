// SPDX-License-Identifier: Apache-2.0
// The one table of collectors. A line here, and nothing else, brings a collector into the program.
#include "collectors/all_collectors.h"

#include "collectors/frappe/bench.h"
#include "collectors/frappe/queues.h"
#include "collectors/host/cpu.h"
#include "collectors/host/filesystem.h"
#include "collectors/host/memory.h"
#include "collectors/host/pressure.h"
#include "collectors/logs/patterns.h"
#include "collectors/mariadb/status.h"
#include "collectors/redis/status.h"
#include "collectors/uptime/ping.h"

namespace erpnext {

const std::vector<const CollectorEntry*>& AllCollectors() {
  static const std::vector<const CollectorEntry*> table = {
      &kBenchCollector,          // required: the others look where it found something
      &kQueuesCollector,         // on scrape
      &kRedisStatusCollector,    // on scrape
      &kMariadbStatusCollector,  // on scrape
      &kSitePingCollector,       // paced
      &kLogPatternsCollector,    // paced
      &kFilesystemCollector,     // on scrape
      &kMemoryCollector,         // on scrape
      &kCpuCollector,            // on scrape
      &kPressureCollector,       // on scrape
  };
  return table;
}

}  // namespace erpnext
