// SPDX-License-Identifier: Apache-2.0
// Redis, database and web server of a bench, as Frappe's own code would choose them.
#include "sources/bench_servers.h"

#include <optional>
#include <utility>

namespace erpnext {
namespace {

constexpr std::uint16_t kMariadbPort = 3306;
constexpr std::uint16_t kPostgresPort = 5432;

std::optional<std::uint16_t> Port(const FrappeConfig& config, std::string_view key) {
  const auto number = config.Integer(key);
  if (!number || *number < 1 || *number > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

// Credentials beyond the URL, as frappe.utils.background_jobs.get_redis_conn chooses them.
void SetQueueCredentials(const Bench& bench, const std::map<std::string, std::string>& environment,
                         RedisEndpoint& endpoint) {
  if (bench.config.Truthy("use_rq_auth")) {
    endpoint.user = bench.config.Text("rq_username").value_or(bench.id);
    endpoint.password = Secret(bench.config.Text("rq_password").value_or(""));
    return;
  }
  const auto admin = environment.find("RQ_ADMIN_PASWORD");  // spelt so in Frappe
  if (admin != environment.end() && !admin->second.empty()) {
    endpoint.user = "default";
    endpoint.password = Secret(admin->second);
  }
}

std::optional<RedisEndpoint> ReadEndpoint(Bench& bench, std::string_view key,
                                          const char* default_since_15) {
  std::optional<std::string> url = bench.config.Text(key);
  if (!url && bench.frappe_major.value_or(15) >= 15) url = default_since_15;
  if (!url) return std::nullopt;
  auto endpoint = ParseRedisUrl(*url);
  if (endpoint) return *endpoint;
  bench.problems.push_back({endpoint.error().kind,
                            fmt::format("{}: {}: {}", bench.path, key, endpoint.error().message)});
  return std::nullopt;
}

// What new-site is told about the server stands in the site's own file, so a bench has the server
// of its first MariaDB site, or of its first site, or the one its common configuration names.
Database DatabaseOf(const Bench& bench) {
  std::optional<Database> first;
  for (const Site& site : bench.sites) {
    Database database = DatabaseOf(site.config);
    if (database.type == "mariadb") return database;
    if (!first) first = std::move(database);
  }
  return first.value_or(DatabaseOf(bench.config));
}

}  // namespace

Database DatabaseOf(const FrappeConfig& config) {
  Database database;
  database.type = config.Text("db_type").value_or("mariadb");
  database.address.unix_path = config.Text("db_socket").value_or("");
  database.address.host = config.Text("db_host").value_or("127.0.0.1");
  database.address.port =
      Port(config, "db_port").value_or(database.type == "postgres" ? kPostgresPort : kMariadbPort);
  return database;
}

void ReadServers(const std::map<std::string, std::string>& environment, Bench& bench) {
  bench.redis_queue = ReadEndpoint(bench, "redis_queue", "redis://127.0.0.1:11311");
  bench.redis_cache = ReadEndpoint(bench, "redis_cache", "redis://127.0.0.1:13311");
  if (bench.redis_queue) SetQueueCredentials(bench, environment, *bench.redis_queue);
  bench.database = DatabaseOf(bench);
  if (bench.web_address == Address{}) {
    bench.web_address = {"", "127.0.0.1", Port(bench.config, "webserver_port").value_or(8000)};
  }
}

}  // namespace erpnext
