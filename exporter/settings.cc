// SPDX-License-Identifier: Apache-2.0
// What fits together, and what is read from elsewhere.
#include "exporter/settings.h"

#include <unistd.h>

#include <set>

#include "exporter/listen_address.h"
#include "sources/file.h"

namespace erpnext {
namespace {

// What Frappe itself reads: see frappe/config.py of version 15, and frappe.utils.background_jobs
// for the one that is misspelt there.
bool IsFrappeVariable(std::string_view name) {
  return name.starts_with("FRAPPE_") || name == "RQ_ADMIN_PASWORD";
}

// Without the line end that editors put after a password.
Result<Secret> ReadPassword(const std::string& option, const std::string& path) {
  constexpr std::size_t kMaxPassword = 4096;
  auto text = ReadFile(path, kMaxPassword);
  if (!text) return Fail(text.error().kind, "{}: {}", option, text.error().message);
  while (text->ends_with('\n') || text->ends_with('\r')) text->pop_back();
  return Secret(std::move(*text));
}

}  // namespace

Status CheckSettings(const Settings& settings) {
  const std::string& path = settings.telemetry_path;
  if (!path.starts_with('/') || path == "/" || path.starts_with("/-/")) {
    return Fail(ErrorKind::kMalformed,
                "web.telemetry-path: '{}' must begin with / and be neither / nor below /-/", path);
  }
  if (settings.listen_addresses.empty()) {
    return Fail(ErrorKind::kMalformed, "web.listen-address: at least one is needed");
  }
  for (const std::string& address : settings.listen_addresses) {
    if (const auto parsed = ParseListenAddress(address); !parsed) return Fail(parsed.error());
  }
  if (!settings.collect.probe.path.starts_with('/')) {
    return Fail(ErrorKind::kMalformed, "probe.path: '{}' must begin with /",
                settings.collect.probe.path);
  }
  std::set<std::string_view> targets;
  for (const MysqlTarget& target : settings.mysql_targets) {
    if (!targets.insert(target.name).second) {
      return Fail(ErrorKind::kMalformed, "mariadb.targets: the name {} is there twice",
                  target.name);
    }
  }
  if (settings.collect.redis_user.empty() != settings.redis_password_file.empty()) {
    return Fail(ErrorKind::kMalformed, "redis.user and redis.password-file need each other");
  }
  return {};
}

Status ReadSecrets(Settings& settings) {
  const auto read = [](const char* option, const std::string& path, Secret& out) -> Status {
    if (path.empty()) return {};
    auto password = ReadPassword(option, path);
    if (!password) return Fail(password.error());
    out = std::move(*password);
    return {};
  };
  if (Status status = read("mariadb.password-file", settings.mariadb_password_file,
                           settings.collect.mariadb.password);
      !status) {
    return status;
  }
  if (Status status = read("redis.password-file", settings.redis_password_file,
                           settings.collect.redis_password);
      !status) {
    return status;
  }
  for (MysqlTarget& target : settings.mysql_targets) {
    if (Status status =
            read("mariadb.targets: password-file", target.password_file, target.login.password);
        !status) {
      return status;
    }
  }
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || !IsFrappeVariable(text.substr(0, equals))) continue;
    settings.collect.discovery.environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return {};
}

}  // namespace erpnext
