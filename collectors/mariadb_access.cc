// SPDX-License-Identifier: Apache-2.0
#include "collectors/mariadb_access.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>

#include "sources/file.h"
#include "sources/mariadb_error_log.h"
#include "sources/mariadb_target.h"
#include "sources/slow_log_file.h"
#include "sources/unique_fd.h"

namespace erpnext {
namespace {

constexpr const char* kRunGrants = "run the SQL that `erpnext-exporter grants` prints";

// MariaDB has had other names for some; USER_PRIVILEGES shows one of them.
std::string_view NameOf(std::string_view privilege) {
  if (privilege == "REPLICA MONITOR") return "SLAVE MONITOR";
  if (privilege == "REPLICATION CLIENT") return "BINLOG MONITOR";
  return privilege;
}

class Checks {
 public:
  Checks(const CollectorContext& context, const Bench& bench, Deadline deadline)
      : options_(MariadbOptionsFor(bench, context.settings.mariadb)),
        server_(context.mariadb_server(options_)),
        deadline_(deadline) {}

  AccessCheck Server() {
    AccessCheck check{
        .subject = fmt::format("MariaDB at {} as {}", options_.address.Text(), options_.user)};
    const auto answer = server_->Query("SELECT 1", deadline_);
    if (answer) return check;
    check.status = Fail(answer.error());
    check.remedy =
        answer.error().kind == ErrorKind::kPermission
            ? kRunGrants
            : "start it, or correct db_host and db_port in sites/common_site_config.json "
              "(or set mariadb.address)";
    return check;
  }

  // Privileges on the whole server. The table shows those of this login and of its role.
  void Privileges(const std::set<std::string>& wanted) {
    if (wanted.empty()) return;
    const auto rows = server_->Query(
        "/* discover */ SELECT PRIVILEGE_TYPE FROM information_schema.USER_PRIVILEGES LIMIT 10000",
        deadline_);
    if (!rows) return;
    std::set<std::string_view> held;
    for (const auto& row : rows->rows) {
      if (!row.empty() && row[0]) held.insert(NameOf(*row[0]));
    }
    for (const std::string& privilege : wanted) {
      if (!held.contains(NameOf(privilege))) Miss(privilege);
    }
  }

  void Tables(const std::set<std::string>& wanted) {
    for (const std::string& table : wanted) {
      const auto rows =
          server_->Query(fmt::format("/* discover */ SELECT 1 FROM {} LIMIT 0", table), deadline_);
      if (!rows && rows.error().kind == ErrorKind::kPermission) {
        Miss(fmt::format("SELECT on {}", table));
      }
    }
  }

  void Log(std::string_view which, const Result<std::optional<std::string>>& path) {
    if (!path || !*path) return;
    const UniqueFd fd(open((*path)->c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (fd.valid() || errno == ENOENT) return;  // of a server in a container it is not here
    found.push_back({.subject = fmt::format("{} of MariaDB, {}", which, **path),
                     .status = Fail(FileError(errno, "open", **path)),
                     .remedy = "add the user of this process to the group that may read it, on "
                               "Debian `usermod -aG adm USER`"});
  }
  void ErrorLog() { Log("error log", ErrorLogPath(*server_, options_.address, deadline_)); }
  void SlowLog() { Log("slow query log", SlowLogPath(*server_, options_, deadline_)); }

  std::vector<AccessCheck> found;

 private:
  void Miss(std::string_view right) {
    found.push_back({.subject = fmt::format("MariaDB at {}: {}", options_.address.Text(), right),
                     .status = Fail(ErrorKind::kPermission,
                                    "{} does not have it; what needs it is absent", options_.user),
                     .remedy = kRunGrants});
  }

  MariadbOptions options_;
  std::shared_ptr<MariadbServer> server_;
  Deadline deadline_;
};

}  // namespace

std::vector<AccessCheck> CheckMariadb(const CollectorContext& context, const Bench& bench,
                                      const std::vector<const CollectorEntry*>& enabled,
                                      Deadline deadline) {
  Checks checks(context, bench, deadline);
  checks.found.push_back(checks.Server());
  if (!checks.found.front().status) return checks.found;
  checks.Privileges(MariadbPrivilegesOf(enabled, context.settings));
  checks.Tables(MariadbTablesOf(enabled, context.settings));
  const auto any = [&](std::initializer_list<std::string_view> names) {
    return std::any_of(enabled.begin(), enabled.end(), [&](const CollectorEntry* entry) {
      return std::find(names.begin(), names.end(), entry->name) != names.end();
    });
  };
  if (any({"mariadb_error_log", "mariadb_deadlocks"})) checks.ErrorLog();
  if (any({"mariadb_queries", "mariadb_share", "mariadb_indexes"})) checks.SlowLog();
  return checks.found;
}

}  // namespace erpnext
