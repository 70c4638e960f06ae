// SPDX-License-Identifier: Apache-2.0
// The one table of collectors. A line here, and nothing else, brings a collector into the program.
#include "collectors/all_collectors.h"

#include "collectors/frappe/bench.h"
#include "collectors/frappe/jobs.h"
#include "collectors/frappe/migrate.h"
#include "collectors/frappe/monitor_log.h"
#include "collectors/frappe/queues.h"
#include "collectors/frappe/scheduler.h"
#include "collectors/frappe/site_backlog.h"
#include "collectors/frappe/site_errors.h"
#include "collectors/frappe/site_health.h"
#include "collectors/frappe/site_logs.h"
#include "collectors/frappe/workers.h"
#include "collectors/host/cpu.h"
#include "collectors/host/filesystem.h"
#include "collectors/host/memory.h"
#include "collectors/host/pressure.h"
#include "collectors/logs/patterns.h"
#include "collectors/mariadb/activity.h"
#include "collectors/mariadb/auto_increment.h"
#include "collectors/mariadb/config.h"
#include "collectors/mariadb/deadlocks.h"
#include "collectors/mariadb/digests.h"
#include "collectors/mariadb/drift.h"
#include "collectors/mariadb/error_log.h"
#include "collectors/mariadb/heartbeat.h"
#include "collectors/mariadb/indexes.h"
#include "collectors/mariadb/innodb.h"
#include "collectors/mariadb/queries.h"
#include "collectors/mariadb/replication.h"
#include "collectors/mariadb/share.h"
#include "collectors/mariadb/sizes.h"
#include "collectors/mariadb/status.h"
#include "collectors/mariadb/table_io.h"
#include "collectors/mariadb/tables.h"
#include "collectors/mariadb/userstat.h"
#include "collectors/mariadb/variables.h"
#include "collectors/redis/status.h"
#include "collectors/uptime/ping.h"

namespace erpnext {

const std::vector<const CollectorEntry*>& AllCollectors() {
  static const std::vector<const CollectorEntry*> table = {
      &kBenchCollector,               // required: the others look where it found something
      &kQueuesCollector,              // on scrape
      &kWorkersCollector,             // on scrape
      &kJobsCollector,                // paced
      &kSchedulerCollector,           // paced
      &kMigrateCollector,             // paced
      &kSiteHealthCollector,          // paced
      &kSiteErrorsCollector,          // paced
      &kSiteBacklogCollector,         // paced
      &kSiteLogsCollector,            // paced
      &kRedisStatusCollector,         // on scrape
      &kMariadbStatusCollector,       // on scrape
      &kMariadbActivityCollector,     // paced
      &kMariadbInnodbCollector,       // paced
      &kMariadbDeadlocksCollector,    // paced
      &kMariadbErrorLogCollector,     // paced
      &kMariadbIndexesCollector,      // paced
      &kMariadbQueriesCollector,      // paced
      &kMariadbDigestsCollector,      // paced
      &kMariadbShareCollector,        // paced
      &kMariadbSizesCollector,        // paced
      &kMariadbConfigCollector,       // paced
      &kMariadbDriftCollector,        // paced
      &kMariadbReplicationCollector,  // paced
      &kMariadbHeartbeatCollector,    // paced
      &kMariadbTablesCollector,       // paced
      &kMariadbTableIoCollector,      // paced
      &kAutoIncrementCollector,       // paced
      &kMariadbUserstatCollector,     // paced
      &kMariadbVariablesCollector,    // paced
      &kSitePingCollector,            // paced
      &kLogPatternsCollector,         // paced
      &kMonitorLogCollector,          // paced
      &kFilesystemCollector,          // on scrape
      &kMemoryCollector,              // on scrape
      &kCpuCollector,                 // on scrape
      &kPressureCollector,            // on scrape
  };
  return table;
}

}  // namespace erpnext
