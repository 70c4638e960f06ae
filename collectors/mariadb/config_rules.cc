// SPDX-License-Identifier: Apache-2.0
// Frappe 13 to 15 refuse to create a site unless the first two are so (check_database_settings of
// frappe/database/mariadb/setup_db.py); the others are what MariaDB's documentation says of them.
#include "collectors/mariadb/config_rules.h"

#include <fmt/format.h>

#include "collectors/mariadb_values.h"
#include "core/text.h"

namespace erpnext {
namespace {

constexpr double kMiB = 1024 * 1024;

std::optional<std::string> Text(const ServerConfig& config, const char* name) {
  const auto found = config.variables.find(name);
  if (found == config.variables.end()) return std::nullopt;
  return ToLower(found->second);
}

std::optional<double> Number(const ServerConfig& config, const char* name) {
  const auto text = Text(config, name);
  return text ? ParseStatusValue(*text) : std::nullopt;
}

std::optional<bool> Is(const ServerConfig& config, const char* name, std::string_view wanted) {
  const auto text = Text(config, name);
  return text ? std::optional(*text == wanted) : std::nullopt;
}

std::optional<bool> AtLeast(const ServerConfig& config, const char* name, double least) {
  const auto number = Number(config, name);
  return number ? std::optional(*number >= least) : std::nullopt;
}

// 3 is durable too, and slower.
std::optional<bool> FlushesEachCommit(const ServerConfig& config) {
  const auto number = Number(config, "innodb_flush_log_at_trx_commit");
  return number ? std::optional(*number == 1 || *number == 3) : std::nullopt;
}

// ON, and in MariaDB 11 "fast" as well.
std::optional<bool> Doublewrites(const ServerConfig& config) {
  const auto text = Text(config, "innodb_doublewrite");
  return text ? std::optional(*text != "off" && *text != "0") : std::nullopt;
}

std::optional<bool> ExpiresBinlogs(const ServerConfig& config) {
  const auto days = Number(config, "expire_logs_days");
  const auto seconds = Number(config, "binlog_expire_logs_seconds");
  if (Number(config, "log_bin") != 1 || (!days && !seconds)) return std::nullopt;
  return days.value_or(0) > 0 || seconds.value_or(0) > 0;
}

std::optional<bool> HoldsData(const ServerConfig& config) {
  constexpr double kDefault = 128 * kMiB;
  const auto pool = Number(config, "innodb_buffer_pool_size");
  if (!pool) return std::nullopt;
  if (*pool > kDefault) return true;
  return config.data_bytes ? std::optional(*config.data_bytes <= *pool) : std::nullopt;
}

constexpr ConfigRule kRules[] = {
    {"character_set_server", "critical", "utf8mb4",
     "Frappe creates no site otherwise. Tables made without a character set cannot hold all of "
     "Unicode.",
     [](const ServerConfig& c) { return Is(c, "character_set_server", "utf8mb4"); }},
    {"collation_server", "warning", "utf8mb4_unicode_ci",
     "Frappe 13 to 15 create no site otherwise. What is compared with a column of another "
     "collation fails with \"Illegal mix of collations\".",
     [](const ServerConfig& c) { return Is(c, "collation_server", "utf8mb4_unicode_ci"); }},
    {"innodb_force_recovery", "critical", "0",
     "It is for rescuing data from a damaged server: from 4 on nothing can be written.",
     [](const ServerConfig& c) { return Is(c, "innodb_force_recovery", "0"); }},
    {"read_only", "critical", "OFF",
     "Nothing can be saved. It is right for a replica, which is no bench's database server.",
     [](const ServerConfig& c) { return Is(c, "read_only", "off"); }},
    {"innodb_flush_log_at_trx_commit", "warning", "1",
     "Else the last second of what users have saved is lost when the host fails; with 0 also when "
     "MariaDB does.",
     FlushesEachCommit},
    {"innodb_doublewrite", "warning", "ON",
     "Without it a page that was written in part when the host failed is damaged for ever. Only a "
     "file system that writes whole pages (ZFS) makes it needless.",
     Doublewrites},
    {"binlog_expire_logs_seconds", "warning", "set, or expire_logs_days, where log_bin is ON",
     "Binary logs fill the disk.", ExpiresBinlogs},
    {"innodb_buffer_pool_size", "warning", "above MariaDB's default of 128 MiB, or all data fits",
     "Reads that are not served from it wait for the disk.", HoldsData},
    {"innodb_default_row_format", "warning", "dynamic",
     "Tables made without a format get this one; in others an index holds 767 bytes, which 191 "
     "characters exceed.",
     [](const ServerConfig& c) { return Is(c, "innodb_default_row_format", "dynamic"); }},
    {"innodb_file_per_table", "warning", "ON",
     "Else the space of cleared logs and dropped sites is never given back to the disk.",
     [](const ServerConfig& c) { return Is(c, "innodb_file_per_table", "on"); }},
    {"innodb_read_only_compressed", "warning", "OFF",
     "Old versions of Frappe made compressed tables; with ON, the default of MariaDB 10.6.0 to "
     "10.6.5, nothing can be written to them.",
     [](const ServerConfig& c) { return Is(c, "innodb_read_only_compressed", "off"); }},
    {"max_allowed_packet", "warning", "at least 16 MiB, MariaDB's default",
     "Long texts (Version, Data Import, Prepared Report) fail to save, with error 1153.",
     [](const ServerConfig& c) { return AtLeast(c, "max_allowed_packet", 16 * kMiB); }},
    {"slow_query_log", "info", "ON", "Without it nobody knows afterwards what was slow.",
     [](const ServerConfig& c) { return Is(c, "slow_query_log", "on"); }},
};

template <typename Rule>
std::string Row(const Rule& rule) {
  return fmt::format("| `{}` | {} | {} | {} |\n", rule.setting, rule.wanted, rule.severity,
                     rule.reason);
}

}  // namespace

std::span<const ConfigRule> ConfigRules() { return kRules; }

std::string ConfigRulesPage() {
  std::string page =
      "# How MariaDB should be set for ERPNext\n\n"
      "The collector `mariadb_config` compares each database server with this, and publishes "
      "`erpnext_config_drift`: 1 for a setting that\ndiffers, 0 for one that is as wanted, nothing "
      "where it is not known or does not matter. `subject` is `server`, or the site whose database "
      "it is.\n\n"
      "Critical does harm now, warning will do so one day, info hides what somebody will want to "
      "know.\n\n"
      "| Setting | Wanted | Severity | Why |\n|---|---|---|---|\n";
  for (const ConfigRule& rule : kRules) page += Row(rule);
  page +=
      "\nOf the database of each site:\n\n| Setting | Wanted | Severity | Why "
      "|\n|---|---|---|---|\n";
  return page + Row(kSchemaCollation) + Row(kTableRowFormat);
}

}  // namespace erpnext
