// SPDX-License-Identifier: Apache-2.0
// Migrations of each site: whether one runs, and which patches of the code it has not had.
#include "collectors/frappe/migrate.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "collectors/context.h"
#include "core/text.h"
#include "sources/bench_processes.h"
#include "sources/file.h"
#include "sources/file_locks.h"
#include "sources/patches.h"
#include "sources/site_database.h"

namespace erpnext {
namespace {

constexpr Family kRunning{
    .name = "erpnext_migrate_running",
    .labels = {"bench", "site"},
    .help =
        "1 while a migration of the site holds its lock, else 0. Absent before Frappe 15, which "
        "has no such lock, and where the processes of the bench cannot be seen.",
    .source = "/proc/locks for sites/<site>/locks/bench_migrate.lock"};
constexpr Family kRunningSince{
    .name = "erpnext_migrate_start_timestamp_seconds",
    .labels = {"bench", "site"},
    .help = "When the migration that runs took its lock. Absent when none runs.",
    .source = "time of change of sites/<site>/locks/bench_migrate.lock"};
constexpr Family kPending{
    .name = "erpnext_migrate_patches_pending",
    .labels = {"bench", "site", "app"},
    .help =
        "Patches of an app on the site that its code on disk has and the site has not run, those "
        "that were skipped included. Not read while a migration runs.",
    .source = "apps/<app>/<app>/patches.txt; patch of tabPatch Log; default installed_apps"};
constexpr Family kSkipped{
    .name = "erpnext_migrate_patches_skipped",
    .labels = {"bench", "site"},
    .help =
        "Patches that failed and were skipped by bench migrate --skip-failing. Absent in Frappe "
        "versions that do not note it.",
    .source = "skipped of tabPatch Log"};
constexpr Family kLastPatch{
    .name = "erpnext_migrate_last_patch_timestamp_seconds",
    .labels = {"bench", "site"},
    .help = "When the newest patch was run; a migration without new patches leaves it as it was.",
    .source = "newest creation of tabPatch Log, in the site's time zone"};
constexpr Family kLastSuccess{
    .name = "erpnext_migrate_last_success_timestamp_seconds",
    .labels = {"bench", "site"},
    .help = "When a migration of the site, or the installation of an app, last ran to its end.",
    .source =
        "newest creation of tabInstalled Application, which Frappe writes anew as the last step, "
        "in the site's time zone"};
constexpr Family kCompleted{
    .name = "erpnext_migrate_last_completed",
    .labels = {"bench", "site"},
    .help =
        "0 when the last migration stopped before its end, else 1. Absent while one runs, for a "
        "site that was never migrated, before Frappe 15, and where the processes of the bench "
        "cannot be seen.",
    .source =
        "creation of tabInstalled Application; time of change of "
        "sites/<site>/locks/bench_migrate.lock, which each migration takes first"};
constexpr Family kMismatch{
    .name = "erpnext_site_app_version_mismatch",
    .labels = {"bench", "site", "app"},
    .help =
        "1 when the app on disk has another version than it had when the site was last migrated, "
        "else 0. Absent for an app that does not tell its version, and for one whose hooks name a "
        "version of the branch that it is on.",
    .source = "app_version of tabInstalled Application; apps/<app>/<app>/__init__.py"};
constexpr const Family* kFamilies[] = {&kRunning,   &kRunningSince, &kPending,   &kSkipped,
                                       &kLastPatch, &kLastSuccess,  &kCompleted, &kMismatch};

constexpr std::string_view kPatchLog = "tabPatch Log";
constexpr std::string_view kDefaults = "tabDefaultValue";
constexpr std::string_view kInstalled = "tabInstalled Application";
constexpr std::string_view kPatchLogColumns[] = {"patch", "creation"};
// Not in each Frappe 13 and 14.
constexpr std::string_view kSkippedColumns[] = {"skipped"};
constexpr std::string_view kDefaultsColumns[] = {"parent", "defkey", "defvalue"};
constexpr std::string_view kInstalledColumns[] = {"app_name", "app_version", "creation"};
constexpr std::string_view kSinglesColumns[] = {"doctype", "field", "value"};
constexpr SiteTable kTables[] = {{"tabSingles", kSinglesColumns},
                                 {kPatchLog, kPatchLogColumns},
                                 {kPatchLog, kSkippedColumns, false},
                                 {kDefaults, kDefaultsColumns},
                                 {kInstalled, kInstalledColumns}};

constexpr std::size_t kMaxPatchesBytes = 4U << 20;

using Patches = std::map<std::string, std::vector<std::string>>;  // by app

// What the code on disk has. An app whose file cannot be read is missing.
Patches ReadPatches(const Bench& bench) {
  Patches patches;
  for (const App& app : bench.apps) {
    const std::string folder = JoinPath(JoinPath(JoinPath(bench.path, "apps"), app.name), app.name);
    if (app.name.find('/') != std::string::npos) continue;
    const auto text = ReadFile(JoinPath(folder, "patches.txt"), kMaxPatchesBytes);
    if (text) patches.emplace(app.name, ParsePatches(*text));
  }
  return patches;
}

// Frappe's get_installed_apps_info takes the version that an app's hooks give to its branch, with
// the commit behind it, before that of its code: "16.x.x-develop (abc1234)". Without git the commit
// is empty. The code on disk has no such text to compare with.
bool IsOfBranch(std::string_view version) {
  const std::size_t open = version.rfind(" (");
  if (open == std::string_view::npos || version.back() != ')') return false;
  const std::string_view commit = version.substr(open + 2, version.size() - open - 3);
  return commit.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

class MigrateCollector final : public Collector {
 public:
  explicit MigrateCollector(const CollectorContext& context)
      : context_(context),
        databases_(context.mariadb_server, context.settings.mariadb, "migrate", kTables) {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    const auto inventory = context_.inventory->Current();
    databases_.Update(*inventory);
    const auto locks = FileLocks::Read(context_.settings.proc_path);
    const auto processes = ProcessList::Read(context_.settings.proc_path, deadline.Share(4));
    std::size_t left = 0;
    for (const Bench& bench : inventory->benches) left += bench.sites.size();
    Status status;
    for (const Bench& bench : inventory->benches) {
      const Patches patches = ReadPatches(bench);
      const bool visible = locks && processes && processes->Any(bench.path);
      for (const Site& site : bench.sites) {
        const Deadline share = deadline.Share(left--);
        if (locks && IsMigrating(*locks, site)) {
          AddRunning(bench, site, sink);
          continue;  // our reading could hold it up
        }
        const bool knows_lock = visible && bench.frappe_major.value_or(0) >= 15;
        if (knows_lock) sink.Add(kRunning, {bench.name, site.name}, 0);
        SiteDatabase* database = databases_.Of(bench, site.name);
        if (database == nullptr) continue;
        const auto started = knows_lock ? LastStart(site) : std::nullopt;
        const Status read = ReadSite(bench, *database, patches, started, share, sink);
        if (context_.settings.mariadb.use_site_credentials) database->Close();
        if (!read && status) status = read;
      }
    }
    return status;
  }

 private:
  using SiteKey = std::pair<std::string, std::string>;  // path of the bench, site

  static void AddRunning(const Bench& bench, const Site& site, SampleSink& sink) {
    sink.Add(kRunning, {bench.name, site.name}, 1);
    if (const auto since = LastStart(site)) {
      sink.Add(kRunningSince, {bench.name, site.name}, *since);
    }
  }

  // Who takes the lock truncates its file, also one that is empty.
  static std::optional<double> LastStart(const Site& site) {
    const auto stamp = StampOf(JoinPath(site.path, "locks/bench_migrate.lock"));
    if (!stamp) return std::nullopt;
    return static_cast<double>(stamp->modified_ns) / 1e9;
  }

  Status ReadSite(const Bench& bench, SiteDatabase& database, const Patches& patches,
                  std::optional<double> started, Deadline deadline, SampleSink& sink) {
    if (const Status open = database.Open(context_.clock->Steady(), deadline); !open) return open;
    Status status = AddTimes(bench, database, deadline, sink);
    const Status installed = AddInstalled(bench, database, started, deadline, sink);
    if (!installed && status) status = installed;
    const Status pending = AddPatches(bench, database, patches, deadline, sink);
    return status ? pending : status;
  }

  Status AddPatches(const Bench& bench, SiteDatabase& database, const Patches& patches,
                    Deadline deadline, SampleSink& sink) const {
    const auto apps = database.Read(
        kDefaults, {"parent", "defkey", "defvalue"},
        "SELECT defvalue FROM {table} WHERE parent = '__global' AND defkey = 'installed_apps' "
        "LIMIT 1",
        deadline);
    if (!apps) return Fail(apps.error());
    const bool has_skipped = database.Has(kPatchLog, {"skipped"});
    const auto log = database.Read(kPatchLog, {"patch"},
                                   has_skipped ? "SELECT patch, skipped FROM {table} LIMIT 50000"
                                               : "SELECT patch, 0 FROM {table} LIMIT 50000",
                                   deadline);
    if (!log) return Fail(log.error());
    if (!*log) return {};
    std::set<std::string, std::less<>> run;
    double skipped = 0;
    for (const auto& row : (*log)->rows) {
      if (row.size() != 2 || !row[0]) continue;
      const bool was_skipped = row[1].value_or("0") != "0";
      skipped += was_skipped ? 1 : 0;
      if (!was_skipped) run.emplace(Trim(*row[0]));
    }
    if (has_skipped) sink.Add(kSkipped, {bench.name, database.site()}, skipped);
    if (*apps && !(*apps)->rows.empty()) {
      for (const std::string& app : ParseAppNames((*apps)->rows[0][0].value_or(""))) {
        const auto own = patches.find(app);
        if (own == patches.end()) continue;
        sink.Add(kPending, {bench.name, database.site(), app},
                 static_cast<double>(CountPending(own->second, run)));
      }
    }
    return {};
  }

  Status AddTimes(const Bench& bench, SiteDatabase& database, Deadline deadline,
                  SampleSink& sink) const {
    const auto zone = database.Zone(deadline);
    if (!zone) return Fail(zone.error());
    const auto newest =
        database.Read(kPatchLog, {"creation"}, "SELECT MAX(creation) FROM {table}", deadline);
    if (!newest) return Fail(newest.error());
    if (!*zone || !*newest || (*newest)->rows.size() != 1) return {};
    const auto time = (*zone)->ToUnix((*newest)->rows[0][0].value_or(""), NowSeconds());
    if (time) sink.Add(kLastPatch, {bench.name, database.site()}, *time);
    return {};
  }

  // Frappe 15 deletes and writes these rows in the transaction that ends a migration.
  Status AddInstalled(const Bench& bench, SiteDatabase& database, std::optional<double> started,
                      Deadline deadline, SampleSink& sink) {
    const auto zone = database.Zone(deadline);
    if (!zone) return Fail(zone.error());
    const auto rows =
        database.Read(kInstalled, {"app_name", "app_version", "creation"},
                      "SELECT app_name, app_version, creation FROM {table} LIMIT 1000", deadline);
    if (!rows) return Fail(rows.error());
    if (!*rows) return {};
    std::optional<double> success;
    std::string newest;  // as it is written
    for (const auto& row : (*rows)->rows) {
      if (row.size() != 3) continue;
      const auto time = *zone ? (*zone)->ToUnix(row[2].value_or(""), NowSeconds()) : std::nullopt;
      if (time) success = std::max(*time, success.value_or(*time));
      newest = std::max(newest, row[2].value_or(""));
      const auto app = std::find_if(bench.apps.begin(), bench.apps.end(),
                                    [&](const App& each) { return each.name == row[0]; });
      if (app == bench.apps.end() || app->version.empty() || !row[1] || row[1]->empty()) continue;
      if (IsOfBranch(*row[1])) continue;
      sink.Add(kMismatch, {bench.name, database.site(), app->name}, app->version == row[1] ? 0 : 1);
    }
    if (!success) return {};
    sink.Add(kLastSuccess, {bench.name, database.site()}, *success);
    if (started) {
      const bool completed = Completed({bench.path, database.site()}, *started, *success, newest);
      sink.Add(kCompleted, {bench.name, database.site()}, completed ? 1 : 0);
    }
    return {};
  }

  // Rows are written in the time zone that System Settings had then. A zone that is moved
  // afterwards makes them earlier or later, but not incomplete: what was seen to be complete stays
  // so while neither the lock nor the rows change.
  bool Completed(const SiteKey& site, double started, double success, const std::string& newest) {
    const std::pair state(started, newest);
    if (success >= started) completed_[site] = state;
    const auto seen = completed_.find(site);
    return seen != completed_.end() && seen->second == state;
  }

  double NowSeconds() const { return UnixSeconds(context_.clock->Wall()); }

  CollectorContext context_;
  SiteDatabases databases_;
  // The last migration that was complete: when it took the lock, and its newest row.
  std::map<SiteKey, std::pair<double, std::string>> completed_;
};

}  // namespace

const CollectorEntry kMigrateCollector{
    .name = "migrate",
    .summary =
        "migrations of each site: running, completed, patches pending and skipped, versions of "
        "apps",
    .access = "MariaDB: SELECT on four tables of each site; apps/*/*/patches.txt; /proc/locks",
    .site_tables = kTables,
    .interval = std::chrono::minutes(1),
    .timeout = std::chrono::seconds(30),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<MigrateCollector>(context);
    }};

}  // namespace erpnext
