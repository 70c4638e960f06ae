// SPDX-License-Identifier: Apache-2.0
// The captured databases of each site in a real MariaDB, against Frappe's System Health Report of
// the same moment; and how MariaDB would carry out each statement.
#include "collectors/frappe/site_health.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "captures.h"
#include "collectors/testing/collect.h"
#include "core/testing/manual_clock.h"
#include "mariadb_process.h"
#include "statements.h"

namespace erpnext {
namespace {

using nlohmann::json;

class CapturedHealth : public testing::TestWithParam<std::filesystem::path> {
 protected:
  void SetUp() override {
    REQUIRE_CAPTURES();
    truth_ = json::parse(ReadBytes(GetParam() / "site-health.truth.json"));
    clock_.emplace(ManualClock::AtUnix(truth_.at("taken_at_unix")));
    context_.clock = &*clock_;
    context_.settings.proc_path = proc_.path();  // no locks of this host
    context_.settings.mariadb.address = mariadb_.address();
    context_.mariadb_server = [this, connect = context_.mariadb_server](const auto& options) {
      if (!server_) server_ = std::make_shared<Recorder>(connect(options));
      return server_;
    };
    for (const auto& [site, counts] : truth_.at("counts").items()) {
      AddSite(bench_, site, ReadBytes(GetParam() / "bench" / "sites" / site / "site_config.json"));
      mariadb_.Run(bench_.sites.back().config.Text("db_name").value(),
                   ReadGzip(GetParam() / "mariadb" / fmt::format("data_{}.sql.gz", site)));
    }
    Publish(context_, {bench_});
  }

  void CompareFigures(const Collected& run);
  void AddWaitingMails(const std::string& site);
  void ExplainStatements();

  json truth_;
  std::optional<ManualClock> clock_;
  TempFolder proc_;
  MariadbProcess mariadb_;
  CollectorContext context_;
  std::shared_ptr<Recorder> server_;
  Bench bench_ = MakeBench("b");
};

// One test, because loading the databases takes longest.
TEST_P(CapturedHealth, IsThatOfSystemHealthReportAndReadsNoLargeTableWhole) {
  const Collected run = CollectOnce(kSiteHealthCollector, context_);
  ASSERT_TRUE(run.status) << run.status.error().message;
  CompareFigures(run);
  ExplainStatements();
  const std::string& site = bench_.sites[0].name;
  AddWaitingMails(site);
  const std::string age = CollectOnce(kSiteHealthCollector, context_)
                              .Value(fmt::format("erpnext_email_oldest_unsent_age_seconds{{"
                                                 "bench=\"b\",site=\"{}\"}}",
                                                 site));
  ASSERT_NE("absent", age) << "a zero date hides what waits";
  EXPECT_NEAR(1800, std::stod(age), 120);
}

// Instead of what there is: mails that have been due for half an hour or less.
void CapturedHealth::AddWaitingMails(const std::string& site) {
  const std::string now = truth_.at("scheduler").at(site).at("site_now");
  const auto ago = [&](int minutes) {
    return fmt::format("'{}' - INTERVAL {} MINUTE", now, minutes);
  };
  const std::pair<std::string, std::string> created_and_meant_for[] = {
      {ago(30), "NULL"},        {ago(600), ago(20)}, {ago(10), ago(9000)},    {ago(9000), ago(-5)},
      {"'0000-00-00'", "NULL"}, {"NULL", ago(25)},   {"'0000-00-00'", ago(5)}};
  std::string statements = "DELETE FROM `tabEmail Queue`;";
  for (const auto& [created, meant_for] : created_and_meant_for) {
    statements += fmt::format(
        "INSERT INTO `tabEmail Queue` (name, status, creation, modified, send_after) "
        "SELECT UUID(), 'Not Sent', {0}, {0}, {1};",
        created, meant_for);
  }
  mariadb_.Run(bench_.sites[0].config.Text("db_name").value(), statements);
}

void CapturedHealth::CompareFigures(const Collected& run) {
  const auto ours = [&](const std::string& site, std::string_view name, std::string_view rest) {
    const std::string series =
        fmt::format(R"(erpnext_{}{{bench="b",site="{}"{}}})", name, site, rest);
    return run.Value(series);
  };
  fmt::print("{}\n  {:46} {:>8} {:>8}\n", GetParam().filename().string(), "", "Frappe", "ours");
  for (const auto& [site, report] : truth_.at("system_health_report").items()) {
    const auto compare = [&, &site = site, &report = report](const char* field,
                                                             const std::string& own) {
      fmt::print("  {:46} {:>8} {:>8}\n", site + " " + field, report.at(field).dump(), own);
      EXPECT_EQ(report.at(field).dump(), own) << site << " " << field;
    };
    compare("total_errors", ours(site, "site_errors", ""));
    compare("failed_logins", ours(site, "site_failed_logins", ",window=\"30d\""));
    compare("total_users", ours(site, "site_users", ""));
    compare("new_users", ours(site, "site_new_users", ""));
    compare("handled_emails", ours(site, "email_received_emails", ""));
    compare("active_sessions", ours(site, "site_sessions", ""));
    compare("pending_emails", ours(site, "email_queue_emails", ",status=\"not_sent\""));
    compare("failed_emails", ours(site, "email_queue_emails", ",status=\"error\""));
    compare("unhandled_emails", ours(site, "site_failed_documents", ",kind=\"unhandled_email\""));
    double all = 0;
    for (const char* status : {"not_sent", "sending", "sent", "error"}) {
      all += std::stod(ours(site, "email_queue_emails", fmt::format(",status=\"{}\"", status)));
    }
    compare("total_outgoing_emails", fmt::format("{:.0f}", all));
  }
  fmt::print(
      "  not given here: last_10_active_users (names), sizes and backups,\n"
      "  background jobs, scheduler and queues (other collectors), browser checks, cache keys.\n");
}

void CapturedHealth::ExplainStatements() {
  // A handful of rows each, or as many as there are users; no index could help.
  EXPECT_GE(ExplainAll(mariadb_, *server_, {"tabEmail Account", "tabSessions", "tabUser"}),
            17 * bench_.sites.size());
}

std::string NameOf(const testing::TestParamInfo<std::filesystem::path>& bench) {
  std::string name = bench.param.filename().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(All, CapturedHealth, testing::ValuesIn(CapturedBenches()), NameOf);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CapturedHealth);

}  // namespace
}  // namespace erpnext
