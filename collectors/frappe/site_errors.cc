// SPDX-License-Identifier: Apache-2.0
// Errors that each site writes to its Error Log, as a counter. No text of one leaves this process.
#include "collectors/frappe/site_errors.h"

#include <map>
#include <memory>
#include <string>

#include "collectors/context.h"
#include "collectors/frappe/error_rows.h"
#include "sources/file_locks.h"
#include "sources/site_database.h"

namespace erpnext {
namespace {

constexpr Family kErrors{
    .name = "erpnext_site_errors_total",
    .kind = MetricKind::kCounter,
    .labels = {"bench", "site", "family"},
    .help =
        "Errors logged since the exporter started, by the exception: deadlock, lock_timeout, "
        "timeout, database, schema (database and code do not fit), validation, permission, "
        "not_found, email, import, redis, network, resources (memory, disk), code (a fault of a "
        "program), message (logged without an exception), other; unread when there were too many "
        "to read, or one was removed at once. Errors of web requests come when Frappe saves them, "
        "every 15 minutes.",
    .source = "name, creation, modified, method, end of error of tabError Log"};
constexpr const Family* kFamilies[] = {&kErrors};

constexpr std::string_view kSinglesColumns[] = {"doctype", "field", "value"};
constexpr std::string_view kLogColumns[] = {"name", "creation", "modified", "method", "error"};
constexpr SiteTable kTables[] = {{"tabSingles", kSinglesColumns}, {kErrorLog, kLogColumns}};

class SiteErrorsCollector final : public Collector {
 public:
  explicit SiteErrorsCollector(const CollectorContext& context)
      : context_(context),
        databases_(context.mariadb_server, context.settings.mariadb, "site_errors", kTables) {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    const auto inventory = context_.inventory->Current();
    const FileLocks locks = FileLocks::Read(context_.settings.proc_path).value_or(FileLocks());
    std::map<std::string, ErrorRows> still;
    const auto collect = [&](const Bench& bench, const Site& site, SiteDatabase* database,
                             Deadline share) -> Status {
      if (database == nullptr) return {};
      // Of another database nothing was counted.
      const std::string key = bench.path + '\0' + site.name + '\0' + database->target().schema;
      ErrorRows& rows = still.emplace(key, std::move(sites_[key])).first->second;
      // A migration must not wait for us, who read its tables.
      Status read = IsMigrating(locks, site) ? Status() : Read(*database, rows, share);
      for (const auto& [family, number] : rows.families()) {
        sink.Add(kErrors, {bench.name, site.name, family}, number);
      }
      return read;
    };
    Status status = databases_.ForEachSite(*inventory, deadline, collect);
    sites_ = std::move(still);
    return status;
  }

 private:
  Status Read(SiteDatabase& database, ErrorRows& rows, Deadline deadline) {
    const Status status = ReadOpen(database, rows, deadline);
    if (context_.settings.mariadb.use_site_credentials) database.Close();
    return status;
  }

  Status ReadOpen(SiteDatabase& database, ErrorRows& rows, Deadline deadline) {
    if (const Status open = database.Open(context_.clock->Steady(), deadline); !open) return open;
    const auto zone = database.Zone(deadline);
    if (!zone) return Fail(zone.error());
    if (!*zone) return {};  // without it no time of this database means anything
    const auto read = rows.Read(database, **zone, UnixSeconds(context_.clock->Wall()), deadline);
    return read ? Status() : Fail(read.error());
  }

  CollectorContext context_;
  SiteDatabases databases_;
  std::map<std::string, ErrorRows> sites_;
};

}  // namespace

const CollectorEntry kSiteErrorsCollector{
    .name = "site_errors",
    .summary = "errors that each site logs, by kind, as a counter",
    .access = "MariaDB: SELECT on columns of Error Log of each site; /proc/locks",
    .site_tables = kTables,
    .interval = std::chrono::seconds(60),
    .timeout = std::chrono::seconds(30),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<SiteErrorsCollector>(context);
    }};

}  // namespace erpnext
