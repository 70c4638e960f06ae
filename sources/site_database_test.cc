// SPDX-License-Identifier: Apache-2.0
#include "sources/site_database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/text.h"
#include "sources/testing/fake_mariadb.h"

namespace erpnext {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using Names = std::vector<std::string>;

constexpr std::string_view kSingles[] = {"doctype", "field", "value"};
constexpr std::string_view kErrors[] = {"creation", "method"};
constexpr SiteTable kTables[] = {{"tabSingles", kSingles}, {"tabError Log", kErrors}};

Deadline Soon() { return Deadline::After(20s); }

Bench BenchOf(const std::vector<std::pair<std::string, std::string>>& sites) {
  Bench bench;
  bench.path = "/b";
  for (const auto& [name, json] : sites) {
    bench.sites.push_back({name, "/b/sites/" + name, FrappeConfig::Parse(json, "x").value(), {}});
  }
  return bench;
}

SiteTargets Targets(const Bench& bench, const MariadbLogin& login = {}) {
  return SiteTargetsOf(bench, login, "/nonexistent/mysqld.sock");
}

// The columns of the tables, as information_schema tells them.
MariadbTable Columns(const std::vector<std::pair<std::string, Names>>& tables) {
  MariadbTable answer{{"TABLE_NAME", "COLUMN_NAME"}, {}};
  for (const auto& [table, columns] : tables) {
    for (const std::string& column : columns) answer.rows.push_back({table, column});
  }
  return answer;
}

class SiteDatabaseTest : public testing::Test {
 protected:
  SiteDatabaseTest() {
    server_->answers = {
        {"/* t */ SELECT TABLE_NAME", [this]() -> Result<MariadbTable> { return columns_; }},
        {"/* t */ SELECT field", [this]() -> Result<MariadbTable> { return settings_; }},
        {"/* t */ ", [this] { return rows_; }}};
  }

  SiteDatabase Make(const std::string& schema = "_s") {
    return {{"s", schema, {}}, server_, "t", kTables};
  }
  Names Asked() { return std::exchange(server_->statements, {}); }

  std::shared_ptr<FakeMariadb> server_ = std::make_shared<FakeMariadb>();
  MariadbTable columns_ = Columns(
      {{"tabSingles", {"doctype", "field", "value"}}, {"tabError Log", {"creation", "method"}}});
  MariadbTable settings_ = FakeMariadb::Pairs({});
  Result<MariadbTable> rows_ = MariadbTable{{"n"}, {{"7"}}};
  SteadyTime now_{};
};

TEST(Quote, Identifiers) {
  using namespace std::string_literals;
  EXPECT_EQ("`tabError Log`", QuoteIdentifier("tabError Log"));
  EXPECT_EQ("`1site-x`", QuoteIdentifier("1site-x"));
  EXPECT_EQ("`a``; DROP TABLE x; --`", QuoteIdentifier("a`; DROP TABLE x; --"));
  EXPECT_EQ("`````\\'`", QuoteIdentifier("``\\'"));
  const std::string longest = RepairUtf8(std::string(64, '\xff'));  // of three bytes each
  EXPECT_EQ("`" + longest + "`", QuoteIdentifier(longest));
  for (const std::string& bad : {""s, "a\0b"s, "\xff"s, "ends "s, std::string(65, 'x')}) {
    EXPECT_FALSE(QuoteIdentifier(bad)) << bad;
  }
}

TEST(Quote, Texts) {
  EXPECT_EQ("'a''b'", QuoteText("a'b"));
  EXPECT_EQ(R"('\\''''')", QuoteText(R"(\'')"));
}

TEST(SiteTargets, EachSiteHasItsOwnServerAndSchema) {
  const Bench bench = BenchOf({{"a", R"({"db_name": "_a", "db_host": "db1"})"},
                               {"b", R"({"db_name": "_b", "db_socket": "/run/x.sock"})"},
                               {"c", R"({"db_name": "_a", "db_host": "db2", "db_port": "3307"})"}});
  MariadbLogin login;
  login.user = "monitor";
  const SiteTargets found = Targets(bench, login);
  ASSERT_EQ(3u, found.sites.size());
  EXPECT_EQ("db1:3306", found.sites[0].options.address.Text());
  EXPECT_EQ("_a", found.sites[0].schema);
  EXPECT_EQ("/run/x.sock", found.sites[1].options.address.unix_path);
  EXPECT_EQ("db2:3307", found.sites[2].options.address.Text()) << "same schema, another server";
  for (const SiteTarget& site : found.sites) EXPECT_EQ("monitor", site.options.user);
  EXPECT_TRUE(found.skipped.empty());
}

TEST(SiteTargets, ACopyOfASiteIsNotReadTwice) {
  const SiteTargets found =
      Targets(BenchOf({{"a", R"({"db_name": "_a"})"}, {"b", R"({"db_name": "_a"})"}}));
  ASSERT_EQ(1u, found.sites.size());
  EXPECT_EQ("a", found.sites[0].site);
  ASSERT_EQ(1u, found.skipped.size());
  EXPECT_EQ("b", found.skipped[0].site);
  EXPECT_EQ("its database is that of a", found.skipped[0].why);
  EXPECT_TRUE(found.skipped[0].is_copy);
}

TEST(SiteTargets, SitesWithoutAUsableDatabaseAreSkippedWithAReason) {
  const SiteTargets found = Targets(BenchOf({{"lite", R"({"db_type": "sqlite", "db_name": "x"})"},
                                             {"none", "{}"},
                                             {"nul", R"({"db_name": "a\u0000b"})"},
                                             {"v16", R"({"db_user": "_v"})"}}));
  ASSERT_EQ(1u, found.sites.size());
  EXPECT_EQ("_v", found.sites[0].schema) << "Frappe 16 takes the user for the name";
  ASSERT_EQ(3u, found.skipped.size());
  EXPECT_THAT(found.skipped[0].why, HasSubstr("not MariaDB's"));
  EXPECT_THAT(found.skipped[1].why, HasSubstr("no usable db_name"));
}

TEST(SiteTargets, SiteCredentialsAreThoseOfEachSite) {
  MariadbLogin login;
  login.user = "monitor";
  login.use_site_credentials = true;
  const SiteTargets found =
      Targets(BenchOf({{"a", R"({"db_name": "_a", "db_password": "pa"})"},
                       {"b", R"({"db_name": "_b", "db_user": "ub", "db_password": "pb"})"},
                       {"c", R"({"db_name": "_c"})"}}),
              login);
  ASSERT_EQ(2u, found.sites.size());
  EXPECT_EQ("_a", found.sites[0].options.user);
  EXPECT_EQ("pa", found.sites[0].options.password.Reveal());
  EXPECT_EQ("ub", found.sites[1].options.user);
  ASSERT_EQ(1u, found.skipped.size());
  EXPECT_THAT(found.skipped[0].why, HasSubstr("no db_password"));
}

TEST_F(SiteDatabaseTest, NamesTablesInFullWhateverTheSchemaIsCalled) {
  for (const auto& [schema, quoted] : std::vector<std::pair<std::string, std::string>>{
           {"_s", "`_s`"}, {"1-shop.example", "`1-shop.example`"}, {"a`b", "`a``b`"}}) {
    SiteDatabase site = Make(schema);
    ASSERT_TRUE(site.Open(now_, Soon()));
    ASSERT_TRUE(
        site.Read("tabError Log", {"method"}, "SELECT COUNT(*) FROM {table} WHERE 1", Soon()));
    EXPECT_THAT(Asked(),
                ElementsAre("/* t */ SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE FROM "
                            "information_schema.COLUMNS WHERE TABLE_SCHEMA = '" +
                                schema +
                                "' AND TABLE_NAME IN ('tabSingles', 'tabError Log') AND PRIVILEGES "
                                "LIKE '%select%'",
                            "/* t */ SELECT COUNT(*) FROM " + quoted + ".`tabError Log` WHERE 1"));
  }
}

TEST_F(SiteDatabaseTest, WhatCannotBeSeenIsAbsentAndNotAskedFor) {
  columns_ = Columns({{"tabError Log", {"creation"}}});
  SiteDatabase site = Make();
  ASSERT_TRUE(site.Open(now_, Soon()));
  Asked();
  EXPECT_FALSE(
      site.Read("tabError Log", {"creation", "method"}, "SELECT 1 FROM {table}", Soon()).value());
  EXPECT_FALSE(site.Read("tabOther", {}, "SELECT 1 FROM {table}", Soon()).value());
  EXPECT_FALSE(site.Settings({"time_zone"}, Soon()).value());
  EXPECT_FALSE(site.Zone(Soon()).value());
  EXPECT_TRUE(Asked().empty());
  EXPECT_TRUE(site.Read("tabError Log", {"creation"}, "SELECT 1 FROM {table}", Soon()).value());
}

TEST_F(SiteDatabaseTest, KnowsColumnsOfIntegers) {
  columns_ = {{"TABLE_NAME", "COLUMN_NAME", "DATA_TYPE"},
              {{"tabError Log", "creation", "datetime"}, {"tabError Log", "method", "bigint"}}};
  SiteDatabase site = Make();
  ASSERT_TRUE(site.Open(now_, Soon()));
  EXPECT_TRUE(site.IsInteger("tabError Log", "method"));
  EXPECT_FALSE(site.IsInteger("tabError Log", "creation"));
  EXPECT_FALSE(site.IsInteger("tabError Log", "none"));
  EXPECT_FALSE(site.IsInteger("none", "method"));
}

TEST_F(SiteDatabaseTest, NoTableAtAllIsAMissingGrant) {
  columns_.rows.clear();
  SiteDatabase site = Make("_gone");
  const Status opened = site.Open(now_, Soon());
  ASSERT_FALSE(opened);
  EXPECT_EQ(ErrorKind::kPermission, opened.error().kind);
  EXPECT_THAT(opened.error().message, HasSubstr("site s: its database _gone does not exist, or"));
  EXPECT_THAT(opened.error().message, HasSubstr("erpnext-exporter grants"));
  ASSERT_FALSE(site.Open(now_, Soon()));
  EXPECT_EQ(2u, Asked().size()) << "asked again: the grant can come at any time";
}

TEST_F(SiteDatabaseTest, ColumnsAreKnownForTenMinutes) {
  SiteDatabase site = Make();
  ASSERT_TRUE(site.Open(now_, Soon()));
  ASSERT_TRUE(site.Open(now_ + 10min - 1s, Soon()));
  EXPECT_EQ(1u, Asked().size());
  ASSERT_TRUE(site.Open(now_ + 10min, Soon()));
  EXPECT_EQ(1u, Asked().size());
}

TEST_F(SiteDatabaseTest, ATableThatIsNoLongerThereIsLearnedAtTheNextOpen) {
  for (const ErrorKind kind : {ErrorKind::kUnsupported, ErrorKind::kPermission}) {
    SiteDatabase site = Make();
    ASSERT_TRUE(site.Open(now_, Soon()));
    rows_ = Fail(kind, "error");
    const auto rows = site.Read("tabError Log", {"method"}, "SELECT 1 FROM {table}", Soon());
    ASSERT_FALSE(rows);
    EXPECT_EQ(kind, rows.error().kind);
    EXPECT_EQ("site s: error", rows.error().message);
    columns_ = Columns({{"tabSingles", {"doctype", "field", "value"}}});
    ASSERT_TRUE(site.Open(now_, Soon()));
    EXPECT_FALSE(site.Has("tabError Log", {"method"}));
    columns_ = Columns({{"tabError Log", {"creation", "method"}}});
  }
}

TEST_F(SiteDatabaseTest, ATimeoutSaysNothingAboutTheTables) {
  SiteDatabase site = Make();
  ASSERT_TRUE(site.Open(now_, Soon()));
  rows_ = Fail(ErrorKind::kTimeout, "late");
  ASSERT_FALSE(site.Read("tabError Log", {"method"}, "SELECT 1 FROM {table}", Soon()));
  Asked();
  ASSERT_TRUE(site.Open(now_, Soon()));
  EXPECT_TRUE(Asked().empty());
}

TEST_F(SiteDatabaseTest, RowsAreEstimatedOfTablesThatAreThere) {
  constexpr std::string_view kAsked[] = {"tabError Log", "tabView Log"};
  server_->answers.insert(
      server_->answers.begin(),
      {"/* t */ SELECT TABLE_NAME, TABLE_ROWS", []() -> Result<MariadbTable> {
         return MariadbTable{{}, {{"tabError Log", "12"}, {"tabX", std::nullopt}, {}}};
       }});
  SiteDatabase database = Make("_'s");
  EXPECT_TRUE(database.RowEstimates(kAsked, Soon()).value().empty());  // none is known yet
  ASSERT_TRUE(database.Open(now_, Soon()));
  Asked();
  const auto rows = database.RowEstimates(kAsked, Soon());
  EXPECT_EQ((std::map<std::string, double>{{"tabError Log", 12}}), rows.value());
  EXPECT_THAT(Asked(), testing::ElementsAre(testing::EndsWith(
                           "TABLE_SCHEMA = '_''s' AND TABLE_NAME IN ('tabError Log')")));
}

TEST_F(SiteDatabaseTest, TheZoneIsThatOfSystemSettings) {
  struct {
    std::vector<std::pair<std::string, std::string>> settings;
    std::string noon;  // the local time at 12:00 UTC; the error's kind when it is not known
  } const cases[] = {
      {{{"time_zone", "Europe/Berlin"}}, "2026-11-24 13:00:00"},
      {{{"time_zone", ""}}, "2026-11-24 17:30:00"},
      {{}, "2026-11-24 17:30:00"},
      {{{"time_zone", "Mars/Base"}}, "unsupported"},
  };
  for (const auto& test : cases) {
    settings_ = FakeMariadb::Pairs(test.settings);
    SiteDatabase site = Make();
    ASSERT_TRUE(site.Open(now_, Soon()));
    const auto zone = site.Zone(Soon());
    EXPECT_EQ(test.noon, zone ? (*zone)->FromUnix(1795521600).value()
                              : std::string(ErrorKindName(zone.error().kind)));
  }
}

TEST_F(SiteDatabaseTest, TheZoneIsAskedForOnce) {
  SiteDatabase site = Make();
  ASSERT_TRUE(site.Open(now_, Soon()));
  ASSERT_TRUE(site.Zone(Soon()));
  Asked();
  ASSERT_TRUE(site.Zone(Soon()));
  EXPECT_TRUE(Asked().empty());
}

TEST_F(SiteDatabaseTest, DatabasesAreKeptWhileTheirSiteStaysTheSame) {
  int connected = 0;
  SiteDatabases all(
      [&](const MariadbOptions&) {
        ++connected;
        return server_;
      },
      {}, "t", kTables);
  Inventory inventory;
  inventory.benches.push_back(
      BenchOf({{"a", R"({"db_name": "_a"})"}, {"b", R"({"db_name": "_b"})"}}));
  const Bench& bench = inventory.benches[0];
  all.Update(inventory);
  ASSERT_NE(nullptr, all.Of(bench, "a"));
  ASSERT_NE(nullptr, all.Of(bench, "b"));
  const SiteDatabase* a = all.Of(bench, "a");
  inventory.benches[0].sites[1].config = FrappeConfig::Parse(R"({"db_name": "_c"})", "x").value();
  all.Update(inventory);
  EXPECT_EQ(a, all.Of(bench, "a"));
  EXPECT_EQ("_c", all.Of(bench, "b")->target().schema);
  EXPECT_EQ(3, connected);
  EXPECT_EQ(nullptr, all.Of(bench, "z"));
  all.Update({});
  EXPECT_EQ(nullptr, all.Of(bench, "a"));
  EXPECT_EQ(nullptr, all.Of(bench, "b"));
}

TEST(SiteDatabases, VisitsEverySiteAndTellsTheFirstFailure) {
  const auto server = std::make_shared<FakeMariadb>();
  SiteDatabases all([&](const MariadbOptions&) { return server; }, {}, "t", kTables);
  Inventory inventory;
  inventory.benches.push_back(
      BenchOf({{"a", R"({"db_name": "_a"})"}, {"b", "{}"}, {"c", R"({"db_name": "_c"})"}}));
  std::vector<std::string> visited;
  const Status status = all.ForEachSite(
      inventory, Deadline::After(std::chrono::seconds(1)),
      [&](const Bench&, const Site& site, SiteDatabase* database, Deadline) -> Status {
        visited.push_back(site.name + (database != nullptr ? database->target().schema : "-"));
        if (site.name == "a") return {};
        return Fail(ErrorKind::kTimeout, "{}", site.name);
      });
  EXPECT_EQ((std::vector<std::string>{"a_a", "b-", "c_c"}), visited);
  ASSERT_FALSE(status);
  EXPECT_EQ("b", status.error().message);
}

}  // namespace
}  // namespace erpnext
