// SPDX-License-Identifier: Apache-2.0
// Log tables of the captured databases, against the rows that Frappe counted.
#include "collectors/frappe/site_logs.h"

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

// A number, or numbers by status.
double Sum(const json& count) {
  if (count.is_number()) return count.get<double>();
  double sum = 0;
  for (const auto& each : count) sum += each.get<double>();
  return sum;
}

class CapturedLogTables : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(CapturedLogTables, AreAboutAsLongAsFrappeCounted) {
  REQUIRE_CAPTURES();
  const json truth = json::parse(ReadBytes(GetParam() / "site-health.truth.json"));
  const ManualClock clock = ManualClock::AtUnix(truth.at("taken_at_unix"));
  TempFolder proc;
  MariadbProcess mariadb;
  CollectorContext context;
  context.clock = &clock;
  context.settings.proc_path = proc.path();
  context.settings.mariadb.address = mariadb.address();
  std::shared_ptr<Recorder> server;
  context.mariadb_server = [&server, connect = context.mariadb_server](const auto& options) {
    if (!server) server = std::make_shared<Recorder>(connect(options));
    return server;
  };
  Bench bench = MakeBench("b");
  for (const auto& [site, counts] : truth.at("counts").items()) {
    AddSite(bench, site, ReadBytes(GetParam() / "bench" / "sites" / site / "site_config.json"));
    const std::string schema = bench.sites.back().config.Text("db_name").value();
    mariadb.Run(schema, ReadGzip(GetParam() / "mariadb" / ("data_" + site + ".sql.gz")));
    // The clean-up that sets the times never ran on these benches.
    mariadb.Run(schema,
                "INSERT INTO `tabLogs To Clear` (name, parent, ref_doctype, days) VALUES "
                "('a', 'Log Settings', 'Error Log', 14)");
  }
  Publish(context, {bench});
  const Collected run = CollectOnce(kSiteLogsCollector, context);
  ASSERT_TRUE(run.status) << run.status.error().message;
  fmt::print("{}\n  {:46} {:>8} {:>8}\n", GetParam().filename().string(), "", "Frappe", "ours");
  const auto ours = [&](const std::string& site, std::string_view what, const char* doctype) {
    return run.Value(fmt::format(R"(erpnext_site_log_{}{{bench="b",site="{}",doctype="{}"}})", what,
                                 site, doctype));
  };
  for (const auto& [site, counts] : truth.at("counts").items()) {
    for (const char* doctype :
         {"Access Log", "Activity Log", "Deleted Document", "Email Queue", "Error Log",
          "Prepared Report", "Route History", "Scheduled Job Log", "Submission Queue",
          "Unhandled Email", "View Log", "Webhook Request Log"}) {
      const double frappes = Sum(counts.at(doctype));
      const std::string own = ours(site, "table_rows", doctype);
      fmt::print("  {:46} {:>8} {:>8}\n", site + " " + doctype, frappes, own);
      ASSERT_NE("absent", own) << doctype;
      // Of MyISAM, which Error Log is, the number is exact.
      const double off = std::string_view(doctype) == "Error Log" ? 0 : frappes / 2 + 2;
      EXPECT_NEAR(frappes, std::stod(own), off) << doctype;
    }
    EXPECT_EQ("1209600", ours(site, "retention_seconds", "Error Log"));
    EXPECT_EQ("absent", ours(site, "retention_seconds", "Activity Log"));
  }
  EXPECT_GE(ExplainAll(mariadb, *server, {}), bench.sites.size());
}

std::string NameOf(const testing::TestParamInfo<std::filesystem::path>& bench) {
  std::string name = bench.param.filename().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(All, CapturedLogTables, testing::ValuesIn(CapturedBenches()), NameOf);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CapturedLogTables);

}  // namespace
}  // namespace erpnext
