// SPDX-License-Identifier: Apache-2.0
// What a collector is built from: clocks, clients, the inventory, settings.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "sources/bench.h"
#include "sources/http_probe.h"
#include "sources/mariadb_client.h"
#include "sources/mariadb_target.h"
#include "sources/redis_client.h"
#include "sources/rq_readings.h"
#include "sources/state_store.h"
#include "sources/table_setting.h"

namespace erpnext {

struct FilesystemSettings {
  // Partial matches; the defaults are those of node_exporter 1.5.
  std::string mount_points_exclude =
      "^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)";
  std::string fs_types_exclude =
      "^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|"
      "iso9660|"
      "mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|"
      "tracefs)$";
};

struct LogPattern {
  std::string name;
  std::string severity;  // "info", "warning", "error" or "critical"
  std::string regex;     // RE2, applied to each line as bytes

  friend bool operator==(const LogPattern&, const LogPattern&) = default;
};

struct LogSettings {
  std::vector<LogPattern> patterns;                         // besides the bundled ones
  std::vector<std::string> exclude = {"monitor.json.log"};  // names of logs
};

struct ProbeSettings {
  std::chrono::milliseconds timeout{5000};
  int concurrency = 4;  // at one bench; its web server may have as few as two workers
  std::string path = "/api/method/ping";
};

struct HeartbeatSettings {
  TableSetting table{"heartbeat", "heartbeat"};  // as pt-heartbeat's documentation calls it
  bool utc = false;                              // pt-heartbeat runs with --utc
};

struct CollectorSettings {
  std::string proc_path = "/proc";
  std::string host_name;  // empty: this host's
  DiscoverySettings discovery;
  MariadbLogin mariadb;
  bool open_tables = false;  // of MariaDB, for what it tells of opened ones only
  std::string redis_user;    // empty: as the bench logs in
  Secret redis_password;
  FilesystemSettings filesystem;
  LogSettings logs;
  ProbeSettings probe;
  HeartbeatSettings heartbeat;

  // The endpoint with the monitoring user's login instead of the bench's, if there is one.
  RedisEndpoint Login(RedisEndpoint endpoint) const {
    if (!redis_user.empty()) {
      endpoint.user = redis_user;
      endpoint.password = redis_password;
    }
    return endpoint;
  }
};

// Copied into each collector; what it points to is shared and outlives the collectors, even those
// that hang when the process wants to end.
struct CollectorContext {
  const Clock* clock = &SystemClock();
  CollectorSettings settings;
  std::shared_ptr<InventoryHolder> inventory = std::make_shared<InventoryHolder>();
  std::shared_ptr<StateStore> state = std::make_shared<StateStore>("");
  std::shared_ptr<RqReadings> rq_readings = std::make_shared<RqReadings>();

  // The outside world; tests put their own in place.
  std::function<std::unique_ptr<RedisConnection>(const RedisEndpoint&)> connect_redis =
      [](const RedisEndpoint& endpoint) { return std::make_unique<RedisClient>(endpoint); };
  std::function<std::shared_ptr<MariadbServer>(const MariadbOptions&)> mariadb_server =
      [servers = std::make_shared<MariadbServers>()](const MariadbOptions& options) {
        return servers->For(options);
      };
  std::function<Result<HttpResponse>(const HttpRequest&, Deadline)> http_get = HttpGet;
};

}  // namespace erpnext
