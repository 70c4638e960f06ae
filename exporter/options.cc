// SPDX-License-Identifier: Apache-2.0
// The table of options.
#include "exporter/options.h"

#include <re2/re2.h>

#include <algorithm>
#include <cctype>

#include "collectors/logs/pattern_set.h"
#include "exporter/collector_options.h"
#include "exporter/setting_values.h"

namespace erpnext {
namespace {

// An option whose value is what `access` refers to.
template <typename Access>
Option Single(std::string name, std::string value_name, std::string help, Access access) {
  Option option{
      .name = std::move(name), .value_name = std::move(value_name), .help = std::move(help)};
  option.apply = [access](Settings& settings, const std::vector<std::string>& values) {
    return ParseSetting(values.front(), access(settings));
  };
  option.show = [access](const Settings& settings) {
    return ShowSetting(access(const_cast<Settings&>(settings)));
  };
  return option;
}

template <typename Access>
Option List(std::string name, std::string value_name, std::string help, Access access) {
  Option option{.name = std::move(name),
                .value_name = std::move(value_name),
                .help = std::move(help),
                .repeatable = true};
  option.apply = [access](Settings& settings, const std::vector<std::string>& values) -> Status {
    access(settings) = values;
    return {};
  };
  option.show = [access](const Settings& settings) {
    return ShowSetting(access(const_cast<Settings&>(settings)));
  };
  return option;
}

// As Single, but only what RE2 takes.
template <typename Access>
Option Regex(std::string name, std::string help, Access access) {
  Option option = Single(std::move(name), "REGEX", std::move(help), access);
  option.apply = [access](Settings& settings, const std::vector<std::string>& values) -> Status {
    const re2::RE2 regex(values.front(), re2::RE2::Quiet);
    if (!regex.ok()) return Fail(ErrorKind::kMalformed, "no regular expression: {}", regex.error());
    access(settings) = values.front();
    return {};
  };
  return option;
}

void AddProcessOptions(std::vector<Option>& options) {
  options.push_back(List("web.listen-address", "ADDRESS",
                         "Where to listen: HOST:PORT, [IPV6]:PORT, :PORT for all interfaces, or "
                         "unix:PATH. May be given several times.",
                         [](Settings& s) -> auto& { return s.listen_addresses; }));
  options.push_back(Single("web.telemetry-path", "PATH", "Path under which metrics are served.",
                           [](Settings& s) -> auto& { return s.telemetry_path; }));
  options.push_back(Single("log.level", "LEVEL",
                           "Least severe messages to log: debug, info, warn or error.",
                           [](Settings& s) -> auto& { return s.log_level; }));
  options.push_back(Single("log.format", "FORMAT", "Format of the log on stderr: logfmt or json.",
                           [](Settings& s) -> auto& { return s.log_format; }));
  options.push_back(Single("compat", "MODE",
                           "Names of node_exporter and mysqld_exporter: on, off (own names only) "
                           "or only.",
                           [](Settings& s) -> auto& { return s.tiers; }));
  options.push_back(Single("state.folder", "FOLDER",
                           "Folder that keeps log positions over a restart. Without it, logs are "
                           "read from their ends after each start. Under systemd it is "
                           "$STATE_DIRECTORY.",
                           [](Settings& s) -> auto& { return s.state_folder; }));
  options.push_back(Single("limit.series-per-family", "N",
                           "Most series that one collector may publish under one name; more are "
                           "counted in erpnext_exporter_series_dropped_total.",
                           [](Settings& s) -> auto& { return s.series_per_family; }));
}

void AddDiscoveryOptions(std::vector<Option>& options) {
  Option bench{.name = "bench",
               .value_name = "FOLDER",
               .help = "A bench to watch; then none is searched for. May be given several times.",
               .repeatable = true};
  bench.apply = [](Settings& s, const std::vector<std::string>& values) -> Status {
    s.collect.discovery.benches.clear();
    for (const std::string& path : values) s.collect.discovery.benches.push_back({.path = path});
    return {};
  };
  bench.show = [](const Settings&) { return std::string(); };
  options.push_back(std::move(bench));

  Option benches{.name = "benches",
                 .help =
                     "Benches to watch, each with its path and, where needed: the name to show, "
                     "the id that prefixes its queues in Redis (where it is mounted under "
                     "another path than it runs at), the address of its web server.",
                 .fields = {"path", "name", "id", "web"}};
  benches.add_record = [](Settings& s, const std::map<std::string, std::string>& record) -> Status {
    const auto text = [&](const char* field) {
      const auto found = record.find(field);
      return found != record.end() ? found->second : std::string();
    };
    BenchSetting setting{.path = text("path"), .name = text("name"), .id = text("id")};
    if (setting.path.empty()) return Fail(ErrorKind::kMalformed, "a bench needs a path");
    if (record.contains("web")) {
      if (Status status = ParseSetting(text("web"), setting.web); !status) return status;
    }
    s.collect.discovery.benches.push_back(std::move(setting));
    return {};
  };
  options.push_back(std::move(benches));

  options.push_back(List("discovery.search", "PATTERN",
                         "Where to search for benches; * stands for one folder. May be given "
                         "several times.",
                         [](Settings& s) -> auto& { return s.collect.discovery.search; }));
  options.push_back(Single("host.proc-path", "FOLDER", "Where the host's /proc is mounted.",
                           [](Settings& s) -> auto& { return s.collect.proc_path; }));
}

// A name that stands in a URL as it is.
Status CheckTargetName(const std::string& name) {
  constexpr std::size_t kLongest = 100;
  const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  });
  if (plain && !name.empty() && name.size() <= kLongest) return {};
  return Fail(ErrorKind::kMalformed,
              "a target needs a name of letters, digits, hyphens, dots and underscores");
}

Option MariadbTargets() {
  Option targets{.name = "mariadb.targets",
                 .help =
                     "Further database servers for /metrics/mysql?target=NAME, each with a name, "
                     "its address and, where needed: user and password-file. TLS as for the "
                     "others. The server of each bench is there under the bench's name.",
                 .fields = {"name", "address", "user", "password-file"}};
  targets.add_record = [](Settings& s, const std::map<std::string, std::string>& record) -> Status {
    const auto text = [&](const char* field) {
      const auto found = record.find(field);
      return found != record.end() ? found->second : std::string();
    };
    MysqlTarget target;
    target.name = text("name");
    target.password_file = text("password-file");
    target.login.user = text("user");
    if (Status status = CheckTargetName(target.name); !status) return status;
    if (Status status = ParseSetting(text("address"), target.login.address); !status) return status;
    s.mysql_targets.push_back(std::move(target));
    return {};
  };
  return targets;
}

void AddServerOptions(std::vector<Option>& options) {
  options.push_back(Single("mariadb.address", "ADDRESS",
                           "The database server, if not the one in the bench's configuration.",
                           [](Settings& s) -> auto& { return s.collect.mariadb.address; }));
  options.push_back(Single("mariadb.user", "USER",
                           "Login at MariaDB. Empty: the user of this process, whom unix_socket "
                           "lets in.",
                           [](Settings& s) -> auto& { return s.collect.mariadb.user; }));
  options.push_back(Single("mariadb.password-file", "FILE", "File with the password for MariaDB.",
                           [](Settings& s) -> auto& { return s.mariadb_password_file; }));
  options.push_back(Single("mariadb.tls", "", "Connect to MariaDB over TLS.",
                           [](Settings& s) -> auto& { return s.collect.mariadb.tls; }));
  options.push_back(Single("mariadb.tls-verify", "",
                           "Refuse a MariaDB whose certificate is not trusted.",
                           [](Settings& s) -> auto& { return s.collect.mariadb.tls_verify; }));
  options.push_back(Single("mariadb.tls-ca-file", "FILE",
                           "Certificates to trust for MariaDB. Empty: those the system trusts.",
                           [](Settings& s) -> auto& { return s.collect.mariadb.tls_ca_file; }));
  options.push_back(Single(
      "mariadb.use-site-credentials", "",
      "Log in as the sites themselves, with the passwords in their site_config.json (for what "
      "concerns a server as a whole, as the first of its sites). Those logins may write; an "
      "own user may not.",
      [](Settings& s) -> auto& { return s.collect.mariadb.use_site_credentials; }));
  options.push_back(Single("mariadb.heartbeat-table", "DATABASE.TABLE",
                           "The table that pt-heartbeat writes to, for the collector "
                           "mariadb_heartbeat.",
                           [](Settings& s) -> auto& { return s.collect.heartbeat.table; }));
  options.push_back(Single("mariadb.heartbeat-utc", "",
                           "pt-heartbeat runs with --utc. Without that it has to run in the "
                           "server's time zone.",
                           [](Settings& s) -> auto& { return s.collect.heartbeat.utc; }));
  options.push_back(MariadbTargets());
  options.push_back(Single("redis.user", "USER", "ACL user at Redis. Empty: as the bench logs in.",
                           [](Settings& s) -> auto& { return s.collect.redis_user; }));
  options.push_back(Single("redis.password-file", "FILE", "File with the password for redis.user.",
                           [](Settings& s) -> auto& { return s.redis_password_file; }));
}

void AddCollectorOptions(std::vector<Option>& options) {
  options.push_back(Single("probe.path", "PATH", "What to ask each site for.",
                           [](Settings& s) -> auto& { return s.collect.probe.path; }));
  options.push_back(Single("probe.timeout", "DURATION", "How long a site may take to answer.",
                           [](Settings& s) -> auto& { return s.collect.probe.timeout; }));
  options.push_back(Single("probe.concurrency", "N", "Sites of one bench that are asked at a time.",
                           [](Settings& s) -> auto& { return s.collect.probe.concurrency; }));
  options.push_back(Single("mariadb.open-tables", "",
                           "Let mariadb_tables open the 100 largest tables, for data_free and "
                           "table_version.",
                           [](Settings& s) -> auto& { return s.collect.open_tables; }));
  options.push_back(
      Regex("filesystem.mount-points-exclude", "Mount points to leave out.",
            [](Settings& s) -> auto& { return s.collect.filesystem.mount_points_exclude; }));
  options.push_back(
      Regex("filesystem.fs-types-exclude", "Types of file systems to leave out.",
            [](Settings& s) -> auto& { return s.collect.filesystem.fs_types_exclude; }));
  options.push_back(List("logs.exclude", "NAME",
                         "Logs whose lines are counted but not searched for patterns. May be given "
                         "several times.",
                         [](Settings& s) -> auto& { return s.collect.logs.exclude; }));
  Option patterns{.name = "logs.patterns",
                  .help =
                      "Own log patterns, besides the bundled ones: a name, a severity (info, "
                      "warning, error or critical) and an RE2 regular expression that is "
                      "searched for in each line.",
                  .fields = {"name", "severity", "regex"},
                  .tolerant = true};
  patterns.add_record = [](Settings& s, const std::map<std::string, std::string>& record) {
    LogPattern pattern;
    for (const auto& [field, text] : record) {
      (field == "name"       ? pattern.name
       : field == "severity" ? pattern.severity
                             : pattern.regex) = text;
    }
    Status status = CheckLogPattern(pattern);
    s.collect.logs.patterns.push_back(std::move(pattern));  // the collector says what is wrong too
    return status;
  };
  options.push_back(std::move(patterns));
}

}  // namespace

const std::vector<Option>& AllOptions() {
  static const std::vector<Option> options = [] {
    std::vector<Option> all;
    AddProcessOptions(all);
    AddDiscoveryOptions(all);
    AddServerOptions(all);
    AddCollectorOptions(all);
    AddCollectorFlags(all);
    AddIntervals(all);
    return all;
  }();
  return options;
}

const Option* FindOption(std::string_view name) {
  const auto& all = AllOptions();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const Option& option) { return option.name == name; });
  return found != all.end() ? &*found : nullptr;
}

}  // namespace erpnext
