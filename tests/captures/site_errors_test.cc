// SPDX-License-Identifier: Apache-2.0
// The captured Error Log of each site, as if its rows came one moment, against the counts that
// Frappe gave of them.
#include "collectors/frappe/site_errors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "captures.h"
#include "collectors/frappe/error_family.h"
#include "collectors/testing/collect.h"
#include "core/testing/manual_clock.h"
#include "mariadb_process.h"
#include "statements.h"

namespace erpnext {
namespace {

using nlohmann::json;

// What the tasks of the captured benches fail with, by the title of the row: a method, or the text
// of a web request's exception.
const std::map<std::string, std::string>& FamilyOfTitle() {
  static const std::map<std::string, std::string> families = {
      {"probe_app.tasks.deadlock", "deadlock"},
      {"probe_app.tasks.lock_wait", "lock_timeout"},
      {"probe_app.tasks.slow", "timeout"},
      {"probe_app.tasks.statement_timeout", "timeout"},
      {"probe_app.tasks.no_table", "schema"},
      {"probe_app.tasks.unknown_column", "schema"},
      {"probe_app.tasks.import_error", "import"},
      {"probe_app.tasks.permission", "permission"},
      {"probe_app.tasks.memory_error", "resources"},
      {"probe_app.tasks.fail_throw", "validation"},
      {"probe_app.tasks.duplicate", "validation"},
      {"probe_app.tasks.dup_sql", "validation"},
      {"probe_app.tasks.timestamp_mismatch", "validation"},
      {"probe_app.tasks.fail_value", "code"},
      {"probe_app.tasks.fail_key", "code"},
      {"probe_app.tasks.fail_multiline", "code"},
      {"probe_app.tasks.fail_unicode", "code"},
      {"probe_app.tasks.recursion", "code"},
      {"Probe only logged", "message"},
      {"'NoneType' object has no attribute 'get'", "code"}};
  return families;
}

class CapturedErrors : public testing::TestWithParam<std::filesystem::path> {
 protected:
  void SetUp() override {
    REQUIRE_CAPTURES();
    truth_ = json::parse(ReadBytes(GetParam() / "site-health.truth.json"));
    // A day earlier: as far back as Frappe counted.
    clock_.emplace(ManualClock::AtUnix(truth_.at("taken_at_unix").get<double>() - 86400));
    context_.clock = &*clock_;
    context_.settings.proc_path = proc_.path();  // no locks of this host
    context_.settings.mariadb.address = mariadb_.address();
    context_.mariadb_server = [this, connect = context_.mariadb_server](const auto& options) {
      if (!server_) server_ = std::make_shared<Recorder>(connect(options));
      return server_;
    };
    for (const auto& [site, counts] : truth_.at("counts").items()) {
      AddSite(bench_, site, ReadBytes(GetParam() / "bench" / "sites" / site / "site_config.json"));
      Run(bench_.sites.back(), ReadGzip(GetParam() / "mariadb" / ("data_" + site + ".sql.gz")));
      Run(bench_.sites.back(),
          "CREATE TABLE later LIKE `tabError Log`; INSERT INTO later SELECT * FROM `tabError Log`; "
          "DELETE FROM `tabError Log`");
    }
    Publish(context_, {bench_});
  }

  void Run(const Site& site, const std::string& sql) {
    mariadb_.Run(site.config.Text("db_name").value(), sql);
  }

  void Compare(const std::string& site, const Collected& run);

  json truth_;
  std::optional<ManualClock> clock_;
  TempFolder proc_;
  MariadbProcess mariadb_;
  CollectorContext context_;
  std::shared_ptr<Recorder> server_;
  Bench bench_ = MakeBench("b");
};

TEST_P(CapturedErrors, AreCountedAsFrappeCountsThem) {
  const auto collector = kSiteErrorsCollector.make(context_);
  ASSERT_TRUE(Collect(kSiteErrorsCollector, *collector).status);
  for (const Site& site : bench_.sites) {
    Run(site, "INSERT INTO `tabError Log` SELECT * FROM later");
  }
  clock_->Advance(std::chrono::hours(24));
  const Collected run = Collect(kSiteErrorsCollector, *collector);
  ASSERT_TRUE(run.status) << run.status.error().message;
  fmt::print("{}\n  {:46} {:>8} {:>8}\n", GetParam().filename().string(), "", "Frappe", "ours");
  for (const Site& site : bench_.sites) Compare(site.name, run);
  // Of each site the zone, twice the list, and once the texts.
  EXPECT_GE(ExplainAll(mariadb_, *server_, {}), 4 * bench_.sites.size());
}

void CapturedErrors::Compare(const std::string& site, const Collected& run) {
  std::map<std::string, double> ours, frappes;
  double sum = 0, told = 0;
  for (std::string_view family : ErrorFamilies()) {
    const double value = std::stod(run.Value(fmt::format(
        R"(erpnext_site_errors_total{{bench="b",site="{}",family="{}"}})", site, family)));
    ours[std::string(family)] = value;
    sum += value;
  }
  const double total = truth_.at("system_health_report").at(site).at("total_errors");
  fmt::print("  {:46} {:>8} {:>8}\n", site + " total_errors", total, sum);
  EXPECT_EQ(total, sum) << site;
  for (const auto& title : truth_.at("counts").at(site).at("top errors 24h")) {
    const auto family = FamilyOfTitle().find(title.at(0));
    if (family == FamilyOfTitle().end()) continue;  // one title, several exceptions
    frappes[family->second] += title.at(1).get<double>();
    told += title.at(1).get<double>();
  }
  for (const auto& [family, number] : frappes) {
    fmt::print("  {:46} {:>7}+ {:>8}\n", site + " " + family, number, ours[family]);
    EXPECT_GE(ours[family], number) << site << " " << family;
    EXPECT_LE(ours[family], number + total - told) << site << " " << family;
  }
  EXPECT_EQ(0, ours["unread"]) << site;
  EXPECT_EQ(0, ours["other"]) << site;
}

std::string NameOf(const testing::TestParamInfo<std::filesystem::path>& bench) {
  std::string name = bench.param.filename().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(All, CapturedErrors, testing::ValuesIn(CapturedBenches()), NameOf);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CapturedErrors);

}  // namespace
}  // namespace erpnext
