// SPDX-License-Identifier: Apache-2.0
#include "collectors/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/all_collectors.h"
#include "collectors/mariadb_access.h"
#include "collectors/testing/collect.h"
#include "core/testing/temp_folder.h"
#include "sources/testing/fake_mariadb.h"

namespace erpnext {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string GrantsFor(const std::string& path) {
  Inventory inventory;
  inventory.benches.push_back(MakeBench("b"));
  inventory.benches.back().path = path;
  return GrantLines({}, inventory, AllCollectors());
}

TEST(GrantLines, NameEveryCommandThatIsSent) {
  EXPECT_THAT(
      GrantsFor("/b"),
      HasSubstr("-@all +select +exists +hmget +hstrlen +info +lindex +llen +lrange +smembers "
                "+zcard +zcount +zrange\n"));
  EXPECT_THAT(GrantsFor("/b"),
              HasSubstr("resetkeys ~rq:* ~*:scheduler:heartbeat ~*|insert_queue_for_* "
                        "~*|global_search_queue ~*|monitor-transactions resetchannels -@all"));
  EXPECT_THAT(GrantsFor("/b"), HasSubstr("IDENTIFIED VIA unix_socket"));
}

TEST(GrantLines, APathIsOneWordOfTheShell) {
  EXPECT_THAT(GrantsFor("/home/a b/$(id)"), HasSubstr("stat -c %G '/home/a b/$(id)')"));
  EXPECT_THAT(GrantsFor("/home/a';id;'"), HasSubstr(R"(stat -c %G '/home/a'\'';id;'\''')"));
}

TEST(GrantLines, APathThatBreaksTheLineIsLeftOut) {
  const std::string lines = GrantsFor("/home/a\nid\n");
  EXPECT_THAT(lines, Not(HasSubstr("\nid\n")));
  EXPECT_THAT(lines, HasSubstr("left out"));
}

TEST(GrantLines, APasswordIsAPlaceToFillIn) {
  CollectorContext context;
  context.settings.mariadb.user = "watcher";
  context.settings.mariadb.password = Secret("hunter2");
  const std::string lines = GrantLines(context, {}, AllCollectors());
  EXPECT_THAT(lines, HasSubstr("'watcher'@'localhost' IDENTIFIED BY '<password>'"));
  EXPECT_THAT(lines, Not(HasSubstr("hunter2")));
}

TEST(GrantLines, NameTheTableOfASetting) {
  CollectorContext context;
  context.settings.heartbeat.table = {"my-db", "a`b"};
  EXPECT_THAT(GrantLines(context, {}, AllCollectors()),
              HasSubstr("\nGRANT SELECT ON `my-db`.`a``b` TO "));
}

TEST(GrantLines, WhoOpensTablesMustSeeThem) {
  CollectorContext context;
  const CollectorEntry tables{.name = "mariadb_tables", .mariadb_privileges = "PROCESS"};
  const std::string wanted = "GRANT REFERENCES ON *.* TO 'erpnext-exporter'@'localhost';\n";
  EXPECT_THAT(GrantLines(context, {}, {&tables}), Not(HasSubstr("REFERENCES")));
  context.settings.open_tables = true;
  EXPECT_THAT(GrantLines(context, {}, {&tables}), HasSubstr(wanted));
  context.settings.open_tables = false;
  EXPECT_THAT(GrantLines(context, {}, AllCollectors()), HasSubstr(wanted));
}

TEST(MariadbAccess, NamesTheRightsAndFilesThatAreMissing) {
  TempFolder folder;
  folder.Write("file", "");
  const auto server = std::make_shared<FakeMariadb>();
  server->answers = {
      {"SELECT 1", [] { return MariadbTable{}; }},
      {"/* discover */ SELECT PRIVILEGE_TYPE",
       [] {
         return MariadbTable{{"PRIVILEGE_TYPE"}, {{"SLAVE MONITOR"}, {std::nullopt}}};
       }},
      {"/* discover */ SELECT 1 FROM mysql.innodb_table_stats",
       []() -> Result<MariadbTable> { return Fail(ErrorKind::kPermission, "no"); }},
      {"/* error_log */",
       [&] {
         return MariadbTable{{"log_error", "datadir"}, {{folder.path() + "/file/db.err", "/"}}};
       }},
      {"/* slow_log */", [&] {
         return MariadbTable{{}, {{"1", "FILE", folder.path() + "/file/slow.log", "/"}}};
       }}};
  CollectorContext context;
  context.mariadb_server = [&](const MariadbOptions&) { return server; };
  Bench bench = MakeBench("b");
  bench.database = {"mariadb", {"", "127.0.0.1", 3306}};
  CollectorEntry other{.name = "mariadb_queries"};
  CollectorEntry one{.name = "mariadb_error_log",
                     .mariadb_privileges = "PROCESS, REPLICA MONITOR",
                     .mariadb_tables = "mysql.innodb_table_stats"};
  const auto checks =
      CheckMariadb(context, bench, {&one, &other}, Deadline::After(std::chrono::seconds(1)));
  ASSERT_EQ(5u, checks.size());
  EXPECT_TRUE(checks[0].status);
  EXPECT_THAT(checks[1].subject, testing::EndsWith(": PROCESS"));
  EXPECT_THAT(checks[2].subject, testing::EndsWith(": SELECT on mysql.innodb_table_stats"));
  EXPECT_THAT(checks[3].subject, testing::EndsWith("/file/db.err"));
  EXPECT_THAT(checks[4].subject, testing::EndsWith("/file/slow.log"));
  for (std::size_t i = 1; i < checks.size(); ++i) {
    EXPECT_FALSE(checks[i].status) << i;
    EXPECT_NE("", checks[i].remedy) << i;
  }
}

// --- databases of sites
// ----------------------------------------------------------------------------

constexpr std::string_view kLogColumns[] = {"name", "creation"};
constexpr std::string_view kMoreColumns[] = {"creation", "status"};
constexpr std::string_view kNewColumns[] = {"path"};
constexpr SiteTable kSome[] = {{"tabX Log", kLogColumns}};
constexpr SiteTable kMore[] = {{"tabX Log", kMoreColumns}, {"tabNew", kNewColumns, false}};
constexpr CollectorEntry kOne{.name = "one", .site_tables = kSome};
constexpr CollectorEntry kOther{.name = "other", .site_tables = kMore};

class SiteAccess : public testing::Test {
 protected:
  SiteAccess() {
    context_.settings.mariadb.user = "watcher";
    context_.mariadb_server = [this](const MariadbOptions&) { return server_; };
    context_.http_get = [](const HttpRequest&, Deadline) -> Result<HttpResponse> {
      return Fail(ErrorKind::kRefused, "no");
    };
    server_->answers = {
        {"SELECT 1", []() -> Result<MariadbTable> { return MariadbTable{}; }},
        {"/* discover */ SELECT", [this]() -> Result<MariadbTable> { return columns_; }}};
    AddSite(bench_, "a.example", R"({"db_name": "_a"})");
  }

  std::string Grants() { return GrantLines(context_, Inventory{{bench_}, {}}, {&kOne, &kOther}); }
  // "subject: kind: message" of each check of a database.
  std::vector<std::string> Checks() {
    std::vector<std::string> lines;
    for (const AccessCheck& check : CheckAccess(context_, bench_, {&kOne, &kOther},
                                                Deadline::After(std::chrono::seconds(20)))) {
      if (!check.subject.starts_with("database")) continue;
      lines.push_back(check.subject + ": " +
                      (check.status ? "ok" : check.status.error().message + "; " + check.remedy));
    }
    return lines;
  }

  CollectorContext context_;
  Bench bench_ = MakeBench("b");
  std::shared_ptr<FakeMariadb> server_ = std::make_shared<FakeMariadb>();
  MariadbTable columns_{{"TABLE_NAME", "COLUMN_NAME"}, {}};
};

TEST_F(SiteAccess, GrantsNameEachColumnOnce) {
  EXPECT_THAT(Grants(), HasSubstr("-- Site a.example\n"
                                  "GRANT SELECT (`creation`, `name`, `status`) ON `_a`.`tabX Log` "
                                  "TO 'watcher'@'localhost';\n-- Not in each version"));
  EXPECT_THAT(Grants(), HasSubstr("GRANT SELECT (`path`) ON `_a`.`tabNew` TO"));
}

TEST_F(SiteAccess, GrantsForHostileNamesAreOneStatement) {
  AddSite(bench_, "x", R"({"db_name": "a`; DROP TABLE t; --"})");
  AddSite(bench_, "y\nDROP USER root;", R"({"db_name": "_y"})");
  AddSite(bench_, "z", R"({"db_name": "a\nDROP"})");
  EXPECT_THAT(Grants(), HasSubstr("ON `a``; DROP TABLE t; --`.`tabX Log` TO"));
  EXPECT_THAT(Grants(), Not(HasSubstr("\nDROP")));
  EXPECT_THAT(Grants(), HasSubstr("-- (a site whose name or database has control"));
}

TEST_F(SiteAccess, WithTheSitesOwnCredentialsNothingIsGranted) {
  context_.settings.mariadb.use_site_credentials = true;
  EXPECT_THAT(Grants(), Not(HasSubstr("GRANT SELECT")));
}

TEST_F(SiteAccess, WithoutAReaderOfSitesThereIsNothingToSay) {
  EXPECT_THAT(GrantLines(context_, Inventory{{bench_}, {}}, {}), Not(HasSubstr("GRANT")));
}

TEST_F(SiteAccess, DiscoverNamesTheSiteThatCannotBeRead) {
  using testing::ElementsAre;
  AddSite(bench_, "copy", R"({"db_name": "_a"})");
  AddSite(bench_, "lite", R"({"db_type": "sqlite", "db_name": "x"})");
  EXPECT_THAT(Checks(),
              ElementsAre(HasSubstr("site a.example at 127.0.0.1:3306: site a.example: its "
                                    "database _a does not exist, or watcher may not read it"),
                          HasSubstr("site copy: its database is that of a.example: ok"),
                          HasSubstr("site lite: its database is not MariaDB's")));
  columns_.rows = {{"tabX Log", "creation"}, {"tabX Log", "name"}};
  EXPECT_THAT(Checks()[0], HasSubstr("no access to all that is read of tabX Log; run the SQL"));
  columns_.rows.push_back({"tabX Log", "status"});
  EXPECT_THAT(Checks()[0], HasSubstr("databases of 1 sites: ok"));
}

}  // namespace
}  // namespace erpnext
