// SPDX-License-Identifier: Apache-2.0
// Checks access and writes grants from what the table of collectors says of each.
#include "collectors/access.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "collectors/mariadb_access.h"
#include "collectors/site_access.h"
#include "core/text.h"

namespace erpnext {
namespace {

constexpr std::string_view kDefaultUser = "erpnext-exporter";

AccessCheck CheckRedis(const CollectorContext& context, std::string_view role,
                       const RedisEndpoint& endpoint, Deadline deadline) {
  const auto client = context.connect_redis(context.settings.Login(endpoint));
  const RedisCommand command = {"INFO", "server"};
  const auto replies = client->Pipeline({&command, 1}, deadline);
  AccessCheck check{.subject = fmt::format("Redis ({}) at {}", role, endpoint.Text())};
  if (!replies) {
    check.status = Fail(replies.error());
  } else if (replies->front().is_error()) {
    check.status = Fail(RedisReplyError(replies->front()));
  }
  if (check.status) return check;
  const bool denied = check.status.error().kind == ErrorKind::kPermission;
  check.remedy = denied ? "run the ACL line that `erpnext-exporter grants` prints, and set "
                          "redis.user and redis.password-file"
                        : fmt::format(
                              "start it (program redis-{} of the bench), or correct "
                              "redis_{} in sites/common_site_config.json",
                              role, role);
  return check;
}

// As one word of a shell: users choose the names of folders, and root pastes these lines.
std::string ShellQuote(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

bool HasControlCharacters(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7F'; });
}

std::string GroupRemedy(const std::string& path) {
  return fmt::format(
      "add the user of this process to the group that may read it: `stat -c %G {}` "
      "tells which, `usermod -aG GROUP USER` adds it",
      HasControlCharacters(path) ? "FOLDER" : ShellQuote(path));
}

AccessCheck CheckFolder(const std::string& subject, const std::string& path) {
  AccessCheck check{.subject = fmt::format("{} in {}", subject, path)};
  constexpr std::size_t kMost = 100'000;
  const auto entries = ListDirectory(path, kMost);
  if (entries) return check;
  check.status = Fail(entries.error());
  if (entries.error().kind == ErrorKind::kPermission) check.remedy = GroupRemedy(path);
  return check;
}

AccessCheck CheckWeb(const CollectorContext& context, const Bench& bench, Deadline deadline) {
  AccessCheck check{.subject = fmt::format("web server at {}", bench.web_address.Text())};
  HttpRequest request;
  request.address = bench.web_address;
  request.host = bench.sites.empty() ? "localhost" : bench.sites.front().name;
  request.path = context.settings.probe.path;
  const auto response = context.http_get(request, deadline);
  if (response) return check;
  check.status = Fail(response.error());
  check.remedy =
      "start it (program web of the bench), or set `web` of the bench in the configuration file";
  return check;
}

std::string MariadbLines(const MariadbLogin& login, const std::string& user,
                         const std::set<std::string>& privileges,
                         const std::set<std::string>& tables) {
  const bool by_password = !login.password.empty();
  std::string out = "-- MariaDB: a login of its own, which can read what is granted here.\n";
  if (!by_password) {
    out += "-- unix_socket lets in the system user of the same name, without a password.\n";
  }
  out += fmt::format(
      "CREATE USER IF NOT EXISTS '{}'@'localhost' IDENTIFIED {} WITH "
      "MAX_USER_CONNECTIONS 4;\n",
      user, by_password ? "BY '<password>'" : "VIA unix_socket");
  if (privileges.contains("BINLOG MONITOR") || privileges.contains("REPLICA MONITOR")) {
    out += "-- Before MariaDB 10.5 REPLICATION CLIENT is BINLOG MONITOR and REPLICA MONITOR.\n";
  }
  // A line each: MariaDB before 10.5 does not know those that it had under another name.
  for (const std::string& privilege : privileges) {
    out += fmt::format("GRANT {} ON *.* TO '{}'@'localhost';\n", privilege, user);
  }
  for (const std::string& table : tables) {
    out += fmt::format("GRANT SELECT ON {} TO '{}'@'localhost';\n", table, user);
  }
  return out;
}

std::string RedisLines(const std::string& user, const std::set<std::string>& commands) {
  return fmt::format(
      "# Redis (queue and cache role), only where a password or ACL protects it: a read-only "
      "user.\n"
      "ACL SETUSER {} on >'<password>' resetkeys ~rq:* ~*:scheduler:heartbeat "
      "~*|insert_queue_for_* ~*|global_search_queue ~*|monitor-transactions resetchannels -@all "
      "+select +{}\n",
      user.empty() ? kDefaultUser : user, fmt::join(commands, " +"));
}

}  // namespace

std::set<std::string> Words(const std::vector<const CollectorEntry*>& enabled,
                            std::string_view CollectorEntry::*list, char separator) {
  std::set<std::string> words;
  for (const CollectorEntry* entry : enabled) {
    for (std::string_view word : Split(entry->*list, separator)) {
      if (!Trim(word).empty()) words.emplace(Trim(word));
    }
  }
  return words;
}

std::set<std::string> MariadbTablesOf(const std::vector<const CollectorEntry*>& enabled,
                                      const CollectorSettings& settings) {
  auto tables = Words(enabled, &CollectorEntry::mariadb_tables, ',');
  for (const CollectorEntry* entry : enabled) {
    if (entry->mariadb_setting_table == nullptr) continue;
    std::string table = entry->mariadb_setting_table(settings);
    if (!table.empty()) tables.insert(std::move(table));
  }
  return tables;
}

std::set<std::string> MariadbPrivilegesOf(const std::vector<const CollectorEntry*>& enabled,
                                          const CollectorSettings& settings) {
  auto privileges = Words(enabled, &CollectorEntry::mariadb_privileges, ',');
  // Shows that a table is there, and no row of it.
  if (settings.open_tables) privileges.insert("REFERENCES");
  return privileges;
}

std::vector<AccessCheck> CheckAccess(const CollectorContext& context, const Bench& bench,
                                     const std::vector<const CollectorEntry*>& enabled,
                                     Deadline deadline) {
  std::vector<AccessCheck> checks;
  checks.push_back(CheckFolder("sites", JoinPath(bench.path, "sites")));
  checks.push_back(CheckFolder("logs", JoinPath(bench.path, "logs")));
  if (bench.redis_queue) {
    checks.push_back(CheckRedis(context, "queue", *bench.redis_queue, deadline.Share(5)));
  }
  if (bench.redis_cache) {
    checks.push_back(CheckRedis(context, "cache", *bench.redis_cache, deadline.Share(4)));
  }
  if (bench.database.type == "mariadb") {
    auto servers = CheckMariadb(context, bench, enabled, deadline.Share(3));
    // Of a server that does not answer nothing more is to be said of each site.
    const bool answers = servers.front().status.has_value();
    checks.insert(checks.end(), servers.begin(), servers.end());
    if (answers) {
      auto sites = CheckSites(context, bench, enabled, deadline.Share(2));
      checks.insert(checks.end(), sites.begin(), sites.end());
    }
  }
  checks.push_back(CheckWeb(context, bench, deadline));
  return checks;
}

std::string GrantLines(const CollectorContext& context, const Inventory& inventory,
                       const std::vector<const CollectorEntry*>& enabled) {
  const auto redis = Words(enabled, &CollectorEntry::redis_commands, ' ');
  const auto privileges = MariadbPrivilegesOf(enabled, context.settings);
  const auto tables = MariadbTablesOf(enabled, context.settings);
  const bool mariadb = std::any_of(enabled.begin(), enabled.end(), [](const CollectorEntry* entry) {
    return entry->name.starts_with("mariadb_") || !entry->site_tables.empty();
  });
  const MariadbLogin& login = context.settings.mariadb;
  const std::string user = login.user.empty() ? std::string(kDefaultUser) : login.user;
  std::string out;
  if (mariadb) {
    out += MariadbLines(login, user, privileges, tables);
    out += SiteGrantLines(context, inventory, enabled, user) + "\n";
  }
  if (!redis.empty()) out += RedisLines(context.settings.redis_user, redis) + "\n";
  out += "# Files: read access to each bench through its group.\n";
  for (const Bench& bench : inventory.benches) {
    if (HasControlCharacters(bench.path)) {
      out += "# (a bench whose path has control characters is left out)\n";
      continue;
    }
    out +=
        fmt::format("usermod -aG \"$(stat -c %G {})\" erpnext-exporter\n", ShellQuote(bench.path));
  }
  if (inventory.benches.empty()) out += "# (no bench was found; see `erpnext-exporter discover`)\n";
  return out;
}

}  // namespace erpnext
