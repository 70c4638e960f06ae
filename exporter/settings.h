// SPDX-License-Identifier: Apache-2.0
// Everything that can be set, with its defaults.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "collectors/context.h"
#include "core/result.h"
#include "core/sample_sink.h"
#include "exporter/log.h"

namespace erpnext {

// A database server that no bench need know, for /metrics/mysql?target=NAME.
struct MysqlTarget {
  std::string name;
  MariadbLogin login;  // with an address; TLS as for the benches' servers
  std::string password_file;
};

struct Settings {
  std::vector<std::string> listen_addresses = {"127.0.0.1:10470"};
  std::string telemetry_path = "/metrics";
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kLogfmt;
  NameTiers tiers = NameTiers::kAll;
  std::string state_folder;
  std::size_t series_per_family = 10'000;
  std::map<std::string, bool, std::less<>> collectors;  // by name; not there: the default
  // Of paced collectors, by name; not there: the collector's own.
  std::map<std::string, std::chrono::milliseconds, std::less<>> intervals;
  std::string mariadb_password_file;
  std::string redis_password_file;
  std::vector<MysqlTarget> mysql_targets;
  CollectorSettings collect;
};

// Malformed when options do not fit together.
Status CheckSettings(const Settings& settings);

// Reads what the settings only point to: passwords from their files, the environment of Frappe.
// Done last, after file and command line.
Status ReadSecrets(Settings& settings);

}  // namespace erpnext
