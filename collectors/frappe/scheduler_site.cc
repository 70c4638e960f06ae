// SPDX-License-Identifier: Apache-2.0
// One statement a subject. Half of the grants give half of the answers.
#include "collectors/frappe/scheduler_site.h"

#include <map>
#include <string>

#include "collectors/frappe/scheduler_state.h"

namespace erpnext {
namespace {

constexpr double kFailuresLast = 300;           // seconds
constexpr std::int64_t kDefaultInterval = 240;  // scheduler_interval, in seconds

const std::string* Find(const std::map<std::string, std::string>& values, const std::string& key) {
  const auto found = values.find(key);
  return found != values.end() ? &found->second : nullptr;
}

class Reader {
 public:
  Reader(const Bench& bench, const Site& site, double now, SiteDatabase& database,
         Deadline deadline)
      : bench_(bench), site_(site), now_(now), database_(database), deadline_(deadline) {}

  SiteSchedule Read(SiteMemory& memory) {
    const auto settings = database_.Settings({"enable_scheduler", "dormant_days"}, deadline_);
    if (!Keep(settings) || !*settings) return std::move(schedule_);
    schedule_.enabled = SchedulerEnabled(Find(**settings, "enable_scheduler"));
    const auto zone = database_.Zone(deadline_);
    // Without it no time of this database means anything.
    if (!Keep(zone) || !*zone) return std::move(schedule_);
    ReadDormancy(**zone, Find(**settings, "dormant_days"));
    ReadTypes(**zone);
    ReadLog(**zone, memory);
    return std::move(schedule_);
  }

 private:
  // Keeps the first error.
  template <typename T>
  bool Keep(const Result<T>& part) {
    if (!part && schedule_.status) schedule_.status = Fail(part.error());
    return part.has_value();
  }

  // In a container only the folder `sites` may be there, and not the apps.
  Result<std::optional<int>> FrappeMajor() {
    if (bench_.frappe_major) return bench_.frappe_major;
    const auto rows = database_.Read(
        kInstalled, {"app_name", "app_version"},
        "SELECT app_version FROM {table} WHERE app_name = 'frappe' LIMIT 1", deadline_);
    if (!rows) return Fail(rows.error());
    if (!*rows || (*rows)->rows.empty() || !(*rows)->rows[0][0]) return std::optional<int>();
    return MajorVersion(*(*rows)->rows[0][0]);
  }

  void ReadDormancy(const SiteZone& zone, const std::string* days) {
    const auto major = FrappeMajor();
    if (!Keep(major) || !*major) return;
    if (!CanFallAsleep(**major, site_.config)) {
      schedule_.dormant = false;
      return;
    }
    // From the end of its index.
    const auto rows =
        database_.Read(kActivityLog, {"modified"}, "SELECT MAX(modified) FROM {table}", deadline_);
    if (!Keep(rows) || !*rows || (*rows)->rows.size() != 1) return;
    const auto newest = zone.ToUnix((*rows)->rows[0][0].value_or(""), now_);
    const Dormancy dormancy = DormancyOf(**major, site_.config, days, newest, now_);
    schedule_.dormant = dormancy.dormant;
    schedule_.dormant_in = dormancy.in_seconds;
  }

  void ReadTypes(const SiteZone& zone) {
    const auto rows = database_.Read(
        kJobTypes,
        {"name", "method", "frequency", "cron_format", "stopped", "last_execution", "creation"},
        kScheduledTypesQuery, deadline_);
    if (!Keep(rows) || !*rows) return;
    const auto interval = site_.config.Integer("scheduler_interval").value_or(kDefaultInterval);
    schedule_.types = ReadScheduledTypes(**rows, zone, now_, static_cast<double>(interval));
  }

  void ReadLog(const SiteZone& zone, SiteMemory& memory) {
    const auto read = memory.runs.Read(database_, zone, now_, deadline_);
    schedule_.runs_read = Keep(read) && *read;
    const double age = now_ - memory.failures_at.value_or(0);
    if (age < 0 || age >= kFailuresLast) {
      memory.failures = {};
      memory.failures_at.reset();
      const std::map<std::string, std::string> none;
      auto failures =
          ReadJobFailures(database_, schedule_.types ? schedule_.types->method_of_type : none, zone,
                          now_, deadline_);
      if (!Keep(failures) || !*failures) return;
      memory.failures = std::move(**failures);
      memory.failures_at = now_;
    }
    schedule_.failures = memory.failures;
  }

  const Bench& bench_;
  const Site& site_;
  const double now_;
  SiteDatabase& database_;
  const Deadline deadline_;
  SiteSchedule schedule_;
};

}  // namespace

SiteSchedule ReadSiteSchedule(const Bench& bench, const Site& site, double now,
                              SiteDatabase& database, SiteMemory& memory, Deadline deadline) {
  return Reader(bench, site, now, database, deadline).Read(memory);
}

}  // namespace erpnext
