// SPDX-License-Identifier: Apache-2.0
// E-mails, errors, logins and documents that failed, of each site, from its database. Where
// Frappe's System Health Report has a figure, ours is counted the same way.
#include "collectors/frappe/site_health.h"

#include "collectors/context.h"
#include "collectors/frappe/site_counts.h"
#include "collectors/frappe/site_email.h"
#include "sources/file_locks.h"
#include "sources/site_database.h"

namespace erpnext {
namespace {

constexpr Family kEmails{
    .name = "erpnext_email_queue_emails",
    .labels = {"bench", "site", "status"},
    .help =
        "E-mails queued in the last 7 days by status: not_sent, sending, sent, partially_sent, "
        "error, expired or other.",
    .source = "status, creation, modified of tabEmail Queue"};
constexpr Family kEmailsDue{
    .name = "erpnext_email_due_emails",
    .labels = {"bench", "site"},
    .help = "E-mails that are not sent though their time has come, of any age, up to 100001.",
    .source = "status, send_after of tabEmail Queue"};
constexpr Family kEmailAge{.name = "erpnext_email_oldest_unsent_age_seconds",
                           .labels = {"bench", "site"},
                           .help =
                               "How long the oldest e-mail that is not sent could have been sent: "
                               "since it was queued, or since the later time it was meant for. "
                               "Absent when none is due.",
                           .source = "status, send_after, creation of tabEmail Queue"};
constexpr Family kEmailStuck{
    .name = "erpnext_email_stuck_emails",
    .labels = {"bench", "site"},
    .help =
        "E-mails being sent for longer than 15 minutes. Up to Frappe 15 nobody tries them again.",
    .source = "status Sending, modified of tabEmail Queue"};
constexpr Family kEmailSuspended{
    .name = "erpnext_email_sending_suspended",
    .labels = {"bench", "site", "reason"},
    .help =
        "1 when nothing is sent because somebody wanted it so: muted in the configuration, or the "
        "queue suspended (hold_queue in Frappe 13).",
    .source =
        "mute_emails of site_config.json or common_site_config.json; suspend_email_queue and "
        "hold_queue of tabDefaultValue"};
constexpr Family kEmailAccounts{
    .name = "erpnext_email_accounts",
    .labels = {"bench", "site", "state"},
    .help =
        "E-mail accounts that are incoming, outgoing, failed_since_saved (at least once since "
        "somebody saved the account its server could not be reached to fetch mail; it may work "
        "again), or awaiting_password. One account may be in several states.",
    .source = "enable_incoming, enable_outgoing, no_failed, awaiting_password of tabEmail Account"};
constexpr Family kEmailsReceived{
    .name = "erpnext_email_received_emails",
    .labels = {"bench", "site"},
    .help =
        "E-mails received in the last 7 days that became a communication, up to 100001. Those of "
        "which Frappe made nothing are failed documents of kind unhandled_email.",
    .source = "sent_or_received, communication_type, creation, modified of tabCommunication"};
constexpr Family kErrors{.name = "erpnext_site_errors",
                         .labels = {"bench", "site"},
                         .help =
                             "Errors logged in the last 24 hours. Falls when somebody clears the "
                             "log.",
                         .source = "creation, modified of tabError Log"};
constexpr Family kFailedLogins{.name = "erpnext_site_failed_logins",
                               .labels = {"bench", "site", "window"},
                               .help =
                                   "Logins that failed in the last 24h or 30d. Tries while a user "
                                   "is locked out leave no trace.",
                               .source = "operation Login, status Failed of tabActivity Log"};
constexpr Family kSessions{.name = "erpnext_site_sessions",
                           .labels = {"bench", "site"},
                           .help = "Sessions of logged-in users that are not expired and removed.",
                           .source = "tabSessions"};
constexpr Family kUsers{.name = "erpnext_site_users",
                        .labels = {"bench", "site"},
                        .help = "Users that are enabled, Administrator and Guest included.",
                        .source = "enabled of tabUser"};
constexpr Family kNewUsers{.name = "erpnext_site_new_users",
                           .labels = {"bench", "site"},
                           .help = "Users that are enabled and were created in the last 30 days.",
                           .source = "enabled, creation of tabUser"};
constexpr Family kFailedDocuments{
    .name = "erpnext_site_failed_documents",
    .labels = {"bench", "site", "kind"},
    .help =
        "Documents of the last 7 days that tell of a failure: integration_request, webhook, "
        "data_import (also in part), prepared_report, unhandled_email.",
    .source =
        "status or error, creation, modified of tabIntegration Request, tabWebhook Request Log, "
        "tabData Import, tabPrepared Report, tabUnhandled Email"};
constexpr Family kWaitingReports{
    .name = "erpnext_site_waiting_reports",
    .labels = {"bench", "site"},
    .help = "Prepared reports that are queued or running for between one hour and 7 days.",
    .source = "status, creation, modified of tabPrepared Report"};
constexpr const Family* kFamilies[] = {
    &kEmails,        &kEmailsDue,      &kEmailAge,        &kEmailStuck,    &kEmailSuspended,
    &kEmailAccounts, &kEmailsReceived, &kErrors,          &kFailedLogins,  &kSessions,
    &kUsers,         &kNewUsers,       &kFailedDocuments, &kWaitingReports};

constexpr std::string_view kQueueColumns[] = {"status", "send_after", "creation", "modified"};
constexpr std::string_view kAccountColumns[] = {"enable_incoming", "enable_outgoing", "no_failed",
                                                "awaiting_password"};
constexpr std::string_view kDefaultColumns[] = {"parent", "defkey", "defvalue"};
constexpr std::string_view kSinglesColumns[] = {"doctype", "field", "value"};
constexpr std::string_view kTimes[] = {"creation", "modified"};
constexpr std::string_view kActivityColumns[] = {"operation", "status", "creation", "modified"};
constexpr std::string_view kSessionColumns[] = {"lastupdate"};
constexpr std::string_view kUserColumns[] = {"enabled", "creation", "modified"};
constexpr std::string_view kCommunicationColumns[] = {"sent_or_received", "communication_type",
                                                      "creation", "modified"};
constexpr std::string_view kStatusColumns[] = {"status", "creation", "modified"};
constexpr std::string_view kErrorColumns[] = {"error", "creation", "modified"};
constexpr SiteTable kTables[] = {{"tabSingles", kSinglesColumns},
                                 {kEmailQueue, kQueueColumns},
                                 {kEmailAccount, kAccountColumns},
                                 {"tabCommunication", kCommunicationColumns},
                                 {kDefaults, kDefaultColumns},
                                 {"tabError Log", kTimes},
                                 {"tabActivity Log", kActivityColumns},
                                 {"tabSessions", kSessionColumns},
                                 {"tabUser", kUserColumns},
                                 {"tabIntegration Request", kStatusColumns},
                                 {"tabWebhook Request Log", kErrorColumns, false},
                                 {"tabData Import", kStatusColumns},
                                 {"tabPrepared Report", kStatusColumns},
                                 {"tabUnhandled Email", kTimes}};

struct CountedFamily {
  const Family* family;
  SiteCount count;
};
constexpr CountedFamily kCounts[] = {
    {&kEmailsReceived,
     {"",
      "tabCommunication",
      {"sent_or_received", "communication_type"},
      "sent_or_received = 'Received' AND communication_type = 'Communication'",
      7 * kDay}},
    {&kErrors, {"", "tabError Log", {}, "", kDay}},
    {&kFailedLogins,
     {"24h",
      "tabActivity Log",
      {"operation", "status"},
      "operation = 'Login' AND status = 'Failed'",
      kDay}},
    {&kFailedLogins,
     {"30d",
      "tabActivity Log",
      {"operation", "status"},
      "operation = 'Login' AND status = 'Failed'",
      30 * kDay}},
    {&kSessions, {"", "tabSessions", {"lastupdate"}, "", 0}},
    {&kUsers, {"", "tabUser", {"enabled"}, "enabled = 1", 0}},
    {&kNewUsers, {"", "tabUser", {"enabled"}, "enabled = 1", 30 * kDay}},
    {&kFailedDocuments,
     {"integration_request", "tabIntegration Request", {"status"}, "status = 'Failed'", 7 * kDay}},
    {&kFailedDocuments,
     {"webhook",
      "tabWebhook Request Log",
      {"error"},
      "error IS NOT NULL AND error <> ''",
      7 * kDay}},
    {&kFailedDocuments,
     {"data_import",
      "tabData Import",
      {"status"},
      "status IN ('Error', 'Timed Out', 'Partial Success')",
      7 * kDay}},
    {&kFailedDocuments,
     {"prepared_report",
      "tabPrepared Report",
      {"status"},
      "status IN ('Error', 'Failed')",
      7 * kDay}},
    {&kFailedDocuments, {"unhandled_email", "tabUnhandled Email", {}, "", 7 * kDay}}};

class SiteHealthCollector final : public Collector {
 public:
  explicit SiteHealthCollector(const CollectorContext& context)
      : context_(context),
        databases_(context.mariadb_server, context.settings.mariadb, "site_health", kTables) {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    const auto inventory = context_.inventory->Current();
    const FileLocks locks = FileLocks::Read(context_.settings.proc_path).value_or(FileLocks());
    return databases_.ForEachSite(
        *inventory, deadline,
        [&](const Bench& bench, const Site& site, SiteDatabase* database, Deadline share) {
          return CollectSite(bench, site, database, locks, share, sink);
        });
  }

 private:
  Status CollectSite(const Bench& bench, const Site& site, SiteDatabase* database,
                     const FileLocks& locks, Deadline deadline, SampleSink& sink) {
    sink.Add(kEmailSuspended, {bench.name, site.name, "mute_emails"},
             site.config.NonZero("mute_emails") ? 1 : 0);
    // A migration must not wait for us, who read its tables.
    if (database == nullptr || IsMigrating(locks, site)) return {};
    const Status status = ReadSite(bench, site, *database, deadline, sink);
    if (context_.settings.mariadb.use_site_credentials) database->Close();
    return status;
  }

  Status ReadSite(const Bench& bench, const Site& site, SiteDatabase& database, Deadline deadline,
                  SampleSink& sink) {
    if (const Status open = database.Open(context_.clock->Steady(), deadline); !open) return open;
    const auto zone = database.Zone(deadline);
    if (!zone) return Fail(zone.error());
    if (!*zone) return {};  // without it no time of this database means anything
    const double now = UnixSeconds(context_.clock->Wall());
    const SiteEmail email = ReadSiteEmail(database, **zone, now, deadline);
    AddEmail(bench.name, site.name, email, sink);
    Status status = email.status;
    const auto count = [&](const SiteCount& what) {
      const auto rows = ReadCount(database, what, **zone, now, deadline);
      if (!rows && status) status = Fail(rows.error());
      return rows ? *rows : std::nullopt;
    };
    for (const auto& [family, what] : kCounts) {
      const auto rows = count(what);
      if (!rows) continue;
      if (what.label.empty()) {
        sink.Add(*family, {bench.name, site.name}, *rows);
      } else {
        sink.Add(*family, {bench.name, site.name, what.label}, *rows);
      }
    }
    const std::string waiting = fmt::format("status IN ('Queued', 'Started') AND creation < '{}'",
                                            (*zone)->FromUnix(now - 3600).value_or(""));
    if (const auto rows = count({"", "tabPrepared Report", {"status"}, waiting, 7 * kDay})) {
      sink.Add(kWaitingReports, {bench.name, site.name}, *rows);
    }
    return status;
  }

  static void AddEmail(std::string_view bench, std::string_view site, const SiteEmail& email,
                       SampleSink& sink) {
    if (email.by_status) {
      for (const auto& [status, number] : *email.by_status) {
        sink.Add(kEmails, {bench, site, status}, number);
      }
    }
    if (email.due) sink.Add(kEmailsDue, {bench, site}, *email.due);
    if (email.oldest_due_age) sink.Add(kEmailAge, {bench, site}, *email.oldest_due_age);
    if (email.stuck) sink.Add(kEmailStuck, {bench, site}, *email.stuck);
    if (email.queue_suspended) {
      sink.Add(kEmailSuspended, {bench, site, "suspend_email_queue"},
               *email.queue_suspended ? 1 : 0);
    }
    if (email.queue_held) {
      sink.Add(kEmailSuspended, {bench, site, "hold_queue"}, *email.queue_held ? 1 : 0);
    }
    for (const auto& [state, number] : email.accounts) {
      sink.Add(kEmailAccounts, {bench, site, state}, number);
    }
  }

  CollectorContext context_;
  SiteDatabases databases_;
};

}  // namespace

const CollectorEntry kSiteHealthCollector{
    .name = "site_health",
    .summary = "e-mails that wait or fail, errors, failed logins and documents, users of each site",
    .access = "MariaDB: SELECT on columns of fourteen tables of each site; /proc/locks",
    .site_tables = kTables,
    .interval = std::chrono::seconds(60),
    .timeout = std::chrono::seconds(30),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<SiteHealthCollector>(context);
    }};

}  // namespace erpnext
