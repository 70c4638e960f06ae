// SPDX-License-Identifier: Apache-2.0
// Facts of frappe/email/queue.py and the doctypes Email Queue and Email Account, Frappe 13 to 16.
#include "collectors/frappe/site_email.h"

#include <algorithm>
#include <iterator>

#include "core/text.h"

namespace erpnext {
namespace {

constexpr std::pair<std::string_view, const char*> kStatuses[] = {
    {"Not Sent", "not_sent"}, {"Sending", "sending"},
    {"Sent", "sent"},         {"Partially Sent", "partially_sent"},
    {"Error", "error"},       {"Expired", "expired"}};
// In the order of the statement below.
constexpr const char* kAccountStates[] = {"incoming", "outgoing", "failed_since_saved",
                                          "awaiting_password"};

class Reader {
 public:
  Reader(SiteDatabase& database, const SiteZone& zone, double now, Deadline deadline)
      : database_(database), zone_(zone), now_(now), deadline_(deadline) {}

  SiteEmail Read() {
    ReadStatuses();
    ReadDue();
    // After a worker was killed nobody tries again, up to version 15.
    const std::string condition =
        fmt::format("status = 'Sending' AND modified < '{}'", Local(15 * 60));
    const auto stuck = ReadCount(database_, {"", kEmailQueue, {"status", "modified"}, condition, 0},
                                 zone_, now_, deadline_);
    if (Keep(stuck)) email_.stuck = *stuck;
    ReadSuspended();
    ReadAccounts();
    return std::move(email_);
  }

 private:
  template <typename T>
  bool Keep(const Result<T>& part) {
    if (!part && email_.status) email_.status = Fail(part.error());
    return part.has_value();
  }

  std::string Local(double seconds_ago) const {
    return zone_.FromUnix(now_ - seconds_ago).value_or("");
  }

  void ReadStatuses() {
    const auto rows = database_.Read(
        kEmailQueue, {"status", "creation", "modified"},
        fmt::format("SELECT status, COUNT(*) FROM (SELECT status FROM {{table}} WHERE creation > "
                    "'{0}' AND modified > '{0}' LIMIT 100001) counted GROUP BY status LIMIT 100",
                    Local(7 * kDay)),
        deadline_);
    if (!Keep(rows) || !*rows) return;
    auto& found = email_.by_status.emplace();
    for (const char* status : {"not_sent", "sending", "sent", "error"}) found[status] = 0;
    for (const auto& row : (*rows)->rows) {
      if (row.size() != 2 || !row[0] || !row[1]) continue;
      const auto* known = std::find_if(std::begin(kStatuses), std::end(kStatuses),
                                       [&](const auto& each) { return each.first == *row[0]; });
      found[known == std::end(kStatuses) ? "other" : known->second] +=
          ParseNumber<double>(*row[1]).value_or(0);
    }
  }

  // A mail could have been sent since it was queued, or since the later time it was meant for. A
  // zero date tells nothing, and as the least of all it would hide the others.
  void ReadDue() {
    const auto rows = database_.Read(
        kEmailQueue, {"status", "send_after", "creation"},
        fmt::format("SELECT COUNT(*), MIN(IF(since > '1000-01-01', since, NULL)) FROM (SELECT "
                    "COALESCE(GREATEST(creation, send_after), creation, send_after) since FROM "
                    "{{table}} WHERE status = 'Not Sent' AND (send_after IS NULL OR send_after <= "
                    "'{}') LIMIT 100001) counted",
                    Local(0)),
        deadline_);
    if (!Keep(rows) || !*rows) return;
    email_.due = NumberAt(**rows, 0);
    if (!email_.due || *email_.due == 0 || !(*rows)->rows[0][1]) return;
    if (const auto oldest = zone_.ToUnix(*(*rows)->rows[0][1], now_)) {
      email_.oldest_due_age = std::max(0.0, now_ - *oldest);
    }
  }

  // frappe.db.get_default("suspend_email_queue") is that of all. Frappe 13 asks
  // frappe.defaults.get_defaults() for hold_queue instead, where that of the user who runs the job
  // goes before that of all; its list of mails set it for whoever clicked.
  void ReadSuspended() {
    const auto rows = database_.Read(
        kDefaults, {"parent", "defkey", "defvalue"},
        "SELECT parent, defkey, defvalue FROM {table} WHERE parent IN ('__default', "
        "'Administrator') AND defkey IN ('suspend_email_queue', 'hold_queue') LIMIT 100",
        deadline_);
    if (!Keep(rows) || !*rows) return;
    email_.queue_suspended = false;
    bool held_by_user = false;
    for (const auto& row : (*rows)->rows) {
      if (row.size() != 3) continue;
      const bool all = row[0] == "__default";
      const bool set = ParseNumber<double>(row[2].value_or("")) == 1.0;
      if (row[1] == "suspend_email_queue" && all) email_.queue_suspended = set;
      if (row[1] != "hold_queue" || (all && held_by_user)) continue;
      email_.queue_held = set;
      held_by_user = !all;
    }
  }

  // Frappe adds to no_failed each time it cannot reach the server to fetch mail, and makes it 0
  // when somebody saves the account, never when it fetches mail again.
  void ReadAccounts() {
    const auto rows = database_.Read(
        kEmailAccount, {"enable_incoming", "enable_outgoing", "no_failed", "awaiting_password"},
        "SELECT COALESCE(SUM(enable_incoming), 0), COALESCE(SUM(enable_outgoing), 0), "
        "COALESCE(SUM(no_failed > 0), 0), COALESCE(SUM(awaiting_password), 0) FROM {table}",
        deadline_);
    if (!Keep(rows) || !*rows) return;
    for (std::size_t i = 0; i < std::size(kAccountStates); ++i) {
      if (const auto number = NumberAt(**rows, i)) email_.accounts[kAccountStates[i]] = *number;
    }
  }

  SiteDatabase& database_;
  const SiteZone& zone_;
  const double now_;
  const Deadline deadline_;
  SiteEmail email_;
};

}  // namespace

SiteEmail ReadSiteEmail(SiteDatabase& database, const SiteZone& zone, double now,
                        Deadline deadline) {
  return Reader(database, zone, now, deadline).Read();
}

}  // namespace erpnext
