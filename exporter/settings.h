// SPDX-License-Identifier: Apache-2.0
// Everything that can be set, with its defaults, and the table of options that set it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/context.h"
#include "core/result.h"
#include "core/sample_sink.h"
#include "exporter/log.h"

namespace erpnext {

struct Settings {
  std::vector<std::string> listen_addresses = {"127.0.0.1:10470"};
  std::string telemetry_path = "/metrics";
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kLogfmt;
  NameTiers tiers = NameTiers::kAll;
  std::string state_folder;
  std::size_t series_per_family = 10'000;
  std::map<std::string, bool, std::less<>> collectors;  // by name; not there: the default
  std::string mariadb_password_file;
  std::string redis_password_file;
  CollectorSettings collect;
};

// One option: "--name=VALUE" on the command line, a key of the same name in the configuration file.
struct Option {
  std::string name;        // "web.listen-address"
  std::string value_name;  // "ADDRESS"; empty for a flag
  std::string help;
  bool repeatable = false;
  // Not empty: a list of records with these fields, which only a file can hold.
  std::vector<std::string> fields;
  // A mistake in a record is reported, but the rest of the configuration is used.
  bool tolerant = false;

  // Malformed when a value cannot be used; the message does not repeat the name. `values` has one
  // element unless the option is repeatable, where it replaces the whole list.
  std::function<Status(Settings&, const std::vector<std::string>& values)> apply;
  // Of the defaults, as text; empty when there is none.
  std::function<std::string(const Settings&)> show;
  // For records: adds one.
  std::function<Status(Settings&, const std::map<std::string, std::string>& record)> add_record;

  bool is_flag() const { return value_name.empty() && fields.empty(); }
  bool file_only() const { return !fields.empty(); }
};

// In the order of --help and of the documentation.
const std::vector<Option>& AllOptions();

// Nothing when there is no such option.
const Option* FindOption(std::string_view name);

// Malformed when options do not fit together.
Status CheckSettings(const Settings& settings);

// Reads what the settings only point to: passwords from their files, the environment of Frappe.
// Done last, after file and command line.
Status ReadSecrets(Settings& settings);

}  // namespace erpnext
