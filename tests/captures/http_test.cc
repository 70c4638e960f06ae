// SPDX-License-Identifier: Apache-2.0
// Captured answers of real web servers, sent over a socket again, and what the ping makes of them.
#include <gtest/gtest.h>

#include <set>

#include "captures.h"
#include "collectors/testing/collect.h"
#include "collectors/uptime/ping.h"
#include "sources/testing/fault_server.h"

namespace erpnext {
namespace {

struct Situation {
  const char *bench, *file;
  bool maintenance;  // as the site's configuration says it
  const char *up, *reason, *status;
};

// `ping_maintenance` of version 16-dev was answered by a process that had cached the configuration
// of a minute ago: the site was up for it.
constexpr Situation kSituations[] = {
    {"frappe-v15", "ping", false, "1", "ok", "200"},
    {"frappe-v15", "ping_maintenance", true, "0", "maintenance", "503"},
    {"frappe-v15", "ping_maintenance", false, "0", "maintenance", "503"},
    {"frappe-v15", "ping_db_denied", false, "0", "server_error", "500"},
    {"frappe-v15", "ping_db_denied", true, "0", "server_error", "500"},
    {"frappe-v15", "ping_unknown_host", false, "0", "not_found", "404"},
    {"frappe-v15", "not_found", false, "0", "wrong_answer", "417"},
    {"frappe-v15", "login", false, "0", "server_error", "500"},
    {"frappe-v15", "login_fail", false, "0", "denied", "401"},
    {"frappe-v15", "root", false, "0", "server_error", "500"},
    {"frappe-v15", "root_maintenance", true, "0", "server_error", "500"},
    {"frappe-v16dev", "ping_site1", false, "1", "ok", "200"},
    {"frappe-v16dev", "ping_site2", false, "1", "ok", "200"},
    {"frappe-v16dev", "ping_maintenance", true, "1", "ok", "200"},
    {"frappe-v16dev", "ping_db_denied", false, "0", "server_error", "500"},
    {"frappe-v16dev", "ping_unknown_host", false, "0", "not_found", "404"},
    {"frappe-v16dev", "not_found", false, "0", "wrong_answer", "417"},
    {"frappe-v16dev", "login_site1", false, "0", "wrong_answer", "200"},
    {"frappe-v16dev", "login_fail", false, "0", "denied", "401"},
    {"frappe-v16dev", "login_db_denied", false, "0", "server_error", "503"},
    {"frappe-v16dev", "root_site1", false, "0", "wrong_answer", "200"},
    {"frappe-v16dev", "root_maintenance", true, "0", "maintenance", "503"},
};

TEST(CapturedAnswers, AreJudgedRightly) {
  REQUIRE_CAPTURES();
  for (const Situation& situation : kSituations) {
    const std::string answer = ReadBytes(CapturesFolder() / situation.bench / "http" /
                                         (std::string(situation.file) + ".txt"));
    FaultServer server([&](const FaultServer::Connection& connection) {
      connection.Receive();
      connection.Send(answer);
    });
    Bench bench = MakeBench("b");
    bench.web_address = server.address();
    AddSite(bench, "s", situation.maintenance ? R"({"maintenance_mode": 1})" : "{}");
    CollectorContext context;
    Publish(context, {bench});
    const Collected collected = CollectOnce(kSitePingCollector, context);
    const std::string name = fmt::format("{}/{}", situation.bench, situation.file);
    EXPECT_TRUE(collected.status) << name;
    EXPECT_EQ(situation.up, collected.Value(R"(erpnext_site_up{bench="b",site="s"})")) << name;
    EXPECT_EQ(situation.status,
              collected.Value(R"(erpnext_site_ping_status_code{bench="b",site="s"})"))
        << name;
    EXPECT_EQ("1", collected.Value(fmt::format(
                       R"(erpnext_site_ping_result_info{{bench="b",site="s",reason="{}"}})",
                       situation.reason)))
        << name << "\n"
        << collected.text;
  }
}

TEST(CapturedAnswers, AreAllInTheTable) {
  REQUIRE_CAPTURES();
  std::set<std::string> judged, captured;
  for (const Situation& s : kSituations) judged.insert(fmt::format("{}/{}.txt", s.bench, s.file));
  for (const auto& bench : CapturedBenches()) {
    for (const auto& file : FilesIn(bench / "http")) {
      captured.insert(bench.filename().string() + "/" + file.filename().string());
    }
  }
  EXPECT_EQ(captured, judged);
}

}  // namespace
}  // namespace erpnext
