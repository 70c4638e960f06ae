// SPDX-License-Identifier: Apache-2.0
// The captured databases of each site in a real MariaDB, against what Frappe said of its scheduler.
#include "collectors/frappe/scheduler.h"

#include <gtest/gtest.h>

#include <cmath>

#include "captures.h"
#include "collectors/frappe/migrate.h"
#include "collectors/frappe/scheduler_state.h"
#include "collectors/testing/collect.h"
#include "core/testing/manual_clock.h"
#include "mariadb_process.h"
#include "sources/site_time.h"
#include "statements.h"

namespace erpnext {
namespace {

using nlohmann::json;

// Frappe's figure and ours, side by side.
class Table {
 public:
  void Compare(const std::string& name, const std::string& frappe, const std::string& ours) {
    fmt::print("  {:70} {:>20} {:>20}{}\n", name, frappe, ours, frappe == ours ? "" : "  DIFFERS");
    EXPECT_EQ(frappe, ours) << name;
  }
};

std::string Whole(double number) { return fmt::format("{:.0f}", number); }

class CapturedSchedulers : public testing::TestWithParam<std::filesystem::path> {
 protected:
  void SetUp() override {
    REQUIRE_CAPTURES();
    truth_ = json::parse(ReadBytes(GetParam() / "site-health.truth.json"));
    clock_.emplace(ManualClock::AtUnix(truth_.at("taken_at_unix")));
    context_.clock = &*clock_;
    context_.settings.proc_path = proc_.path();  // none of the processes of this host
    context_.settings.mariadb.address = mariadb_.address();
    context_.mariadb_server = [this, connect = context_.mariadb_server](const auto& options) {
      if (!server_) server_ = std::make_shared<Recorder>(connect(options));
      return server_;
    };
    bench_.frappe_major =
        MajorVersion(truth_.at("versions").at("frappe").get<std::string>()).value();
    const auto common = GetParam() / "bench" / "sites" / "common_site_config.json";
    bench_.config = FrappeConfig::Parse(ReadBytes(common), common.string()).value();
    for (const auto& [site, counts] : truth_.at("counts").items()) {
      AddSite(bench_, site, ReadBytes(GetParam() / "bench" / "sites" / site / "site_config.json"));
      mariadb_.Run(SchemaOf(site),
                   ReadGzip(GetParam() / "mariadb" / fmt::format("data_{}.sql.gz", site)));
    }
    Publish(context_, {bench_});
    collector_ = kSchedulerCollector.make(context_);
  }

  std::string SchemaOf(const std::string& site) const {
    for (const Site& each : bench_.sites) {
      if (each.name == site) return each.config.Text("db_name").value();
    }
    return "";
  }

  // Unix time of a local time, by the site's clock at the moment of the capture.
  std::optional<double> UnixOf(const std::string& site, const std::string& text) const {
    const json& scheduler = truth_.at("scheduler").at(site);
    const auto local = ParseLocalTime(text);
    if (!local) return std::nullopt;
    const double site_now = ParseLocalTime(scheduler.at("site_now").get<std::string>()).value();
    const double offset =
        std::round((site_now - truth_.at("taken_at_unix").get<double>()) / 900) * 900;
    return *local - offset;
  }

  json truth_;
  std::optional<ManualClock> clock_;
  TempFolder proc_;
  MariadbProcess mariadb_;
  CollectorContext context_;
  std::shared_ptr<Recorder> server_;
  Bench bench_ = MakeBench("b");
  std::unique_ptr<Collector> collector_;
};

std::string Series(const std::string& name, const std::string& site, const std::string& rest = "") {
  return fmt::format("erpnext_{}{{bench=\"b\",site=\"{}\"{}}}", name, site, rest);
}

std::string OurState(const Collected& run, const std::string& site) {
  for (std::string_view state : kSchedulerStates) {
    if (run.Value(Series("scheduler_state", site, fmt::format(",state=\"{}\"", state))) == "1") {
      return std::string(state);
    }
  }
  return "absent";
}

TEST_P(CapturedSchedulers, AreAsFrappeSawThem) {
  constexpr const char* kLog = "`tabScheduled Job Log`";
  // The runs are written after our first look.
  for (const Site& site : bench_.sites) {
    mariadb_.Run(SchemaOf(site.name), fmt::format("CREATE TABLE kept AS SELECT * FROM {0}; DELETE "
                                                  "FROM {0};",
                                                  kLog));
  }
  ASSERT_TRUE(Collect(kSchedulerCollector, *collector_).status);
  for (const Site& site : bench_.sites) {
    mariadb_.Run(SchemaOf(site.name), fmt::format("INSERT INTO {} SELECT * FROM kept;", kLog));
  }
  const Collected run = Collect(kSchedulerCollector, *collector_);
  ASSERT_TRUE(run.status) << run.status.error().message;
  fmt::print("{}\n  {:70} {:>20} {:>20}\n", GetParam().filename().string(), "", "Frappe", "ours");
  Table table;
  const Collected migrations = CollectOnce(kMigrateCollector, context_);
  ASSERT_TRUE(migrations.status) << migrations.status.error().message;
  for (const auto& [site, counts] : truth_.at("counts").items()) {
    table.Compare(site + " patches skipped", counts.at("Patch Log skipped").dump(),
                  migrations.Value(Series("migrate_patches_skipped", site)));
    const json& scheduler = truth_.at("scheduler").at(site);
    const std::string state = OurState(run, site);
    table.Compare(site + " inactive", scheduler.at("inactive").get<bool>() ? "yes" : "no",
                  state != "active" && state != "dormant" ? "yes" : "no");
    if (!scheduler.at("inactive").get<bool>()) {
      table.Compare(site + " dormant", scheduler.at("dormant").get<bool>() ? "yes" : "no",
                    state == "dormant" ? "yes" : "no");
    }
    const auto types = [&](const char* of) {
      return std::stod(
          run.Value(Series("scheduled_job_types", site, fmt::format(",state=\"{}\"", of))));
    };
    table.Compare(site + " types of jobs", counts.at("Scheduled Job Type").dump(),
                  Whole(types("enabled") + types("stopped")));
    std::optional<double> newest;
    for (const auto& [frequency, last] :
         counts.at("Scheduled Job Type max(last_execution) by frequency").items()) {
      const auto unix_seconds = UnixOf(site, last.get<std::string>());
      if (unix_seconds) newest = std::max(newest.value_or(*unix_seconds), *unix_seconds);
    }
    const std::string ours = run.Value(Series("scheduler_last_execution_timestamp_seconds", site));
    table.Compare(site + " last execution", newest ? Whole(*newest) : "absent",
                  newest ? Whole(std::stod(ours)) : ours);
    const json& log = counts.at("Scheduled Job Log");
    for (const auto& [status, label] : {std::pair("Complete", "complete"), {"Failed", "failed"}}) {
      table.Compare(fmt::format("{} runs {}", site, label), Whole(log.value(status, 0.0)),
                    run.Value(Series("scheduled_job_runs_total", site,
                                     fmt::format(",status=\"{}\"", label))));
    }
    const json& failing = truth_.at("system_health_report").at(site).at("failing_scheduled_jobs");
    ASSERT_TRUE(failing.empty()) << "compare the rates too";
    table.Compare(site + " failing jobs", "none",
                  run.text.find(fmt::format("job_failure_ratio{{bench=\"{}\",site=\"{}\"",
                                            bench_.name, site)) == std::string::npos
                      ? "none"
                      : "some");
  }
  // As many rows each as the code has patches, jobs and apps.
  EXPECT_GE(ExplainAll(mariadb_, *server_,
                       {"tabPatch Log", "tabScheduled Job Type", "tabInstalled Application"}),
            10 * bench_.sites.size());
}

std::string NameOf(const testing::TestParamInfo<std::filesystem::path>& bench) {
  std::string name = bench.param.filename().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(All, CapturedSchedulers, testing::ValuesIn(CapturedBenches()), NameOf);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CapturedSchedulers);

}  // namespace
}  // namespace erpnext
