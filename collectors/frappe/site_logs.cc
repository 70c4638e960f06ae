// SPDX-License-Identifier: Apache-2.0
// How large the tables are that Frappe's Log Settings can clear, and whether they do.
#include "collectors/frappe/site_logs.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collectors/context.h"
#include "core/text.h"
#include "sources/file_locks.h"
#include "sources/site_database.h"

namespace erpnext {
namespace {

constexpr Family kRows{.name = "erpnext_site_log_table_rows",
                       .labels = {"bench", "site", "doctype"},
                       .help =
                           "About how many rows a log table has, as the storage engine estimates "
                           "it: InnoDB can be off by half. Read every ten minutes.",
                       .source = "TABLE_ROWS of information_schema.TABLES"};
constexpr Family kRetention{
    .name = "erpnext_site_log_retention_seconds",
    .labels = {"bench", "site", "doctype"},
    .help =
        "Time after which Frappe's nightly clean-up removes rows of a log table. Absent when Log "
        "Settings do not name it: then nobody removes any. Frappe 13 has three such settings and "
        "since 14 each clean-up adds the defaults.",
    .source = "days of tabLogs To Clear; clear_*_after of Log Settings in tabSingles"};
constexpr const Family* kFamilies[] = {&kRows, &kRetention};

constexpr std::string_view kSettings = "tabLogs To Clear";
constexpr std::string_view kSinglesColumns[] = {"doctype", "field", "value"};
constexpr std::string_view kSettingColumns[] = {"parent", "ref_doctype", "days"};
// A table is seen by who may read a column of it; that of least interest to anybody.
constexpr std::string_view kTime[] = {"creation"};
// Of the doctypes with a method clear_old_logs, or a setting of Frappe 13.
constexpr SiteTable kTables[] = {{"tabSingles", kSinglesColumns},
                                 {kSettings, kSettingColumns, false},
                                 {"tabAccess Log", kTime},
                                 {"tabActivity Log", kTime},
                                 {"tabAPI Request Log", kTime, false},
                                 {"tabDeleted Document", kTime},
                                 {"tabEmail Queue", kTime},
                                 {"tabError Log", kTime},
                                 {"tabError Snapshot", kTime, false},
                                 {"tabIntegration Request", kTime},
                                 {"tabNotification Log", kTime},
                                 {"tabOAuth Bearer Token", kTime, false},
                                 {"tabPrepared Report", kTime},
                                 {"tabReminder", kTime, false},
                                 {"tabRepost Item Valuation", kTime, false},
                                 {"tabRoute History", kTime},
                                 {"tabScheduled Job Log", kTime},
                                 {"tabSubmission Queue", kTime, false},
                                 {"tabUnhandled Email", kTime},
                                 {"tabView Log", kTime},
                                 {"tabWeb Page View", kTime, false},
                                 {"tabWebhook Request Log", kTime, false}};
constexpr std::size_t kFirstLog = 2;  // of these
constexpr std::string_view kPrefix = "tab";
constexpr double kDay = 86400;
constexpr std::chrono::minutes kPace{10};

struct OldSetting {
  std::string_view field, doctype;
};
constexpr OldSetting kOldSettings[] = {{"clear_activity_log_after", "Activity Log"},
                                       {"clear_email_queue_after", "Email Queue"},
                                       {"clear_error_log_after", "Error Log"}};

using Days = std::map<std::string, double, std::less<>>;  // by doctype

std::vector<std::string_view> LogTables() {
  std::vector<std::string_view> tables;
  for (std::size_t i = kFirstLog; i < std::size(kTables); ++i) tables.push_back(kTables[i].name);
  return tables;
}

Result<Days> ReadRetention(SiteDatabase& database, Deadline deadline) {
  const bool old = !database.Has(kSettings, kSettingColumns);
  const auto rows =
      old ? database.Read("tabSingles", {"doctype", "field", "value"},
                          "SELECT field, value FROM {table} WHERE doctype = 'Log Settings' AND "
                          "field IN ('clear_activity_log_after', 'clear_email_queue_after', "
                          "'clear_error_log_after') LIMIT 100",
                          deadline)
          : database.Read(kSettings, {"parent", "ref_doctype", "days"},
                          "SELECT ref_doctype, days FROM {table} WHERE parent = 'Log Settings' "
                          "LIMIT 1000",
                          deadline);
  if (!rows) return Fail(rows.error());
  Days days;
  if (!*rows) return days;
  for (const auto& row : (*rows)->rows) {
    if (row.size() != 2 || !row[0] || !row[1]) continue;
    std::string doctype = *row[0];
    for (const OldSetting& each : kOldSettings) {
      if (old && each.field == doctype) doctype = each.doctype;
    }
    if (const auto number = ParseNumber<double>(*row[1])) days.emplace(doctype, *number);
  }
  return days;
}

class SiteLogsCollector final : public Collector {
 public:
  explicit SiteLogsCollector(const CollectorContext& context)
      : context_(context),
        databases_(context.mariadb_server, context.settings.mariadb, "site_logs", kTables) {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    const auto inventory = context_.inventory->Current();
    const FileLocks locks = FileLocks::Read(context_.settings.proc_path).value_or(FileLocks());
    std::map<std::string, Logs> still;
    const auto collect = [&](const Bench& bench, const Site& site, SiteDatabase* database,
                             Deadline share) -> Status {
      if (database == nullptr) return {};
      const std::string key = bench.path + '\0' + site.name + '\0' + database->target().schema;
      Logs& logs = still.emplace(key, std::move(sites_[key])).first->second;
      // A migration must not wait for us, who open its tables.
      Status read = IsMigrating(locks, site) ? Status() : Refresh(*database, logs, share);
      Add(bench.name, site.name, logs, sink);
      return read;
    };
    Status status = databases_.ForEachSite(*inventory, deadline, collect);
    sites_ = std::move(still);
    return status;
  }

 private:
  // What was read last.
  struct Logs {
    std::optional<SteadyTime> read_at;  // nothing: in part, or not at all
    Days rows;                          // by table
    Days days;
  };

  // Every ten minutes, for each time opens some twenty tables; after a failure at once.
  Status Refresh(SiteDatabase& database, Logs& logs, Deadline deadline) {
    const SteadyTime now = context_.clock->Steady();
    if (logs.read_at && now - *logs.read_at < kPace) return {};
    logs = {};
    const Status status = Read(database, logs, deadline);
    if (status) logs.read_at = now;
    if (context_.settings.mariadb.use_site_credentials) database.Close();
    return status;
  }

  Status Read(SiteDatabase& database, Logs& logs, Deadline deadline) {
    if (const Status open = database.Open(context_.clock->Steady(), deadline); !open) return open;
    auto rows = database.RowEstimates(LogTables(), deadline);
    auto days = ReadRetention(database, deadline);
    if (rows) logs.rows.insert(rows->begin(), rows->end());
    if (days) logs.days = std::move(*days);
    if (!rows) return Fail(rows.error());
    return days ? Status() : Fail(days.error());
  }

  static void Add(std::string_view bench, std::string_view site, const Logs& logs,
                  SampleSink& sink) {
    for (std::string_view table : LogTables()) {
      const std::string_view doctype = table.substr(kPrefix.size());
      if (const auto found = logs.rows.find(table); found != logs.rows.end()) {
        sink.Add(kRows, {bench, site, doctype}, found->second);
      }
      if (const auto found = logs.days.find(doctype); found != logs.days.end()) {
        sink.Add(kRetention, {bench, site, doctype}, kDay * found->second);
      }
    }
  }

  CollectorContext context_;
  SiteDatabases databases_;
  std::map<std::string, Logs> sites_;
};

}  // namespace

const CollectorEntry kSiteLogsCollector{
    .name = "site_logs",
    .summary = "size of each log table of a site, and how long its rows are kept",
    .access =
        "MariaDB: information_schema.TABLES; SELECT on the time of creation of each log, and on "
        "Log Settings; /proc/locks",
    .site_tables = kTables,
    .interval = std::chrono::seconds(60),
    .timeout = std::chrono::seconds(30),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<SiteLogsCollector>(context);
    }};

}  // namespace erpnext
