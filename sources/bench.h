// SPDX-License-Identifier: Apache-2.0
// What a Frappe bench is, as far as its files tell: sites, apps, where its servers are.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/deadline.h"
#include "core/result.h"
#include "sources/channel.h"
#include "sources/file.h"
#include "sources/frappe_config.h"
#include "sources/redis_endpoint.h"

namespace erpnext {

struct App {
  std::string name;
  std::string version;  // empty when apps/<name>/<name>/__init__.py does not tell
};

struct Site {
  std::string name;  // of its folder; any bytes
  std::string path;
  FrappeConfig config;           // site over bench, environment over both
  std::optional<Error> problem;  // its own file cannot be used
};

struct Database {
  std::string type = "mariadb";
  Address address;
};

// Immutable once read.
struct Bench {
  std::string name;  // of its folder; its id where two benches have folders of one name
  std::string path;  // without links
  std::string id;    // prefix of its queues in Redis, since version 14
  std::optional<int> frappe_major;
  FrappeConfig config;  // common_site_config.json, environment over it
  std::vector<App> apps;
  std::vector<Site> sites;
  std::optional<RedisEndpoint> redis_queue;  // nothing: not configured, and no default
  std::optional<RedisEndpoint> redis_cache;
  Database database;            // of its first MariaDB site, else of its first site
  Address web_address;          // of the web server that knows its sites by their names
  std::vector<Error> problems;  // what could not be read; the rest is there

  // As `bench_id` or the path gives it, see frappe.utils.get_bench_id.
  static std::string IdOfPath(const std::string& path);
};

struct Inventory {
  std::vector<Bench> benches;  // sorted by path; names are unique
  std::vector<Error> problems;
};

struct BenchSetting {
  std::string path;
  std::string name;  // empty: the folder's
  std::string id;    // empty: as Frappe computes it; needed where the bench is mounted elsewhere
  Address web;       // no host and no path: 127.0.0.1 and the bench's webserver_port
};

struct DiscoverySettings {
  std::vector<BenchSetting> benches;  // not empty: only these
  std::vector<std::string> search = {"/home/*/*", "/opt/bench/*", "/workspace/*"};
  std::map<std::string, std::string> environment;  // the variables Frappe reads, see 15's get_conf
};

// Reads all benches again each time, but files only when they changed. One thread at a time.
class BenchReader {
 public:
  explicit BenchReader(DiscoverySettings settings) : settings_(std::move(settings)) {}

  // Never fails as a whole: what cannot be read is in the problems. Timeout when the deadline
  // passed before all was read.
  Result<Inventory> Read(Deadline deadline);

 private:
  struct CachedConfig {
    FileStamp stamp;
    Result<FrappeConfig> config;
    bool used = false;
  };
  struct CachedVersion {
    FileStamp stamp;
    std::string version;
  };

  std::vector<BenchSetting> Candidates() const;
  Result<Bench> ReadBench(const BenchSetting& setting, Deadline deadline);
  Status ReadSites(Bench& bench, const FrappeConfig& common, const FrappeConfig& environment,
                   Deadline deadline);
  void ReadApps(Bench& bench);
  std::string ReadVersion(const std::string& path);
  Result<FrappeConfig> ReadConfig(const std::string& path);

  DiscoverySettings settings_;
  std::map<std::string, CachedConfig> configs_;
  std::map<std::string, CachedVersion> versions_;
};

// Hands the newest inventory to the collectors. Thread-safe.
class InventoryHolder {
 public:
  // Never null; empty until the first Publish.
  std::shared_ptr<const Inventory> Current() const {
    const std::lock_guard lock(mutex_);
    return inventory_;
  }
  void Publish(Inventory inventory) {
    auto next = std::make_shared<const Inventory>(std::move(inventory));
    const std::lock_guard lock(mutex_);
    inventory_ = std::move(next);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Inventory> inventory_ = std::make_shared<const Inventory>();
};

// The version in the text of an app's __init__.py; empty when there is none.
std::string ParseAppVersion(std::string_view text);

// 15 for "15.8.1" and "15.0.0-dev"; nothing when it does not begin with a number.
std::optional<int> MajorVersion(std::string_view version);

}  // namespace erpnext
