// SPDX-License-Identifier: Apache-2.0
#include "collectors/frappe/site_logs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/testing/collect.h"
#include "collectors/testing/fake_sites.h"
#include "core/testing/manual_clock.h"
#include "core/testing/temp_folder.h"

namespace erpnext {
namespace {

using testing::HasSubstr;
using testing::Not;
using Row = FakeSites::Row;

class SiteLogsTest : public testing::Test {
 protected:
  SiteLogsTest() {
    context_.clock = &clock_;
    context_.settings.proc_path = proc_.path();
    context_.mariadb_server = [this](const MariadbOptions&) { return sites_; };
    AddSite(bench_, "a.example.com", R"({"db_name": "_a"})");
    Publish(context_, {bench_});
    Database().columns = {{"tabSingles", {"doctype", "field", "value"}},
                          {"tabLogs To Clear", {"parent", "ref_doctype", "days"}},
                          {"tabError Log", {"creation"}},
                          {"tabView Log", {"creation"}}};
    Database().Answer("information_schema.TABLES",
                      {Row{"tabError Log", "1200"}, Row{"tabView Log", "7000000"}});
    Database().Answer("SELECT ref_doctype", {Row{"Error Log", "14"}, Row{"My Log", "3"}});
    Database().Answer("SELECT field, value", {Row{"clear_error_log_after", "90"}});
  }

  FakeSites::Database& Database() { return sites_->databases["_a"]; }
  Collected Run() {
    if (!collector_) collector_ = kSiteLogsCollector.make(context_);
    return Collect(kSiteLogsCollector, *collector_);
  }
  static std::string Series(std::string_view what, std::string_view doctype) {
    return fmt::format(R"(erpnext_site_log_{}{{bench="b",site="a.example.com",doctype="{}"}})",
                       what, doctype);
  }

  ManualClock clock_ = ManualClock::AtUnix(1795521600);
  TempFolder proc_;
  CollectorContext context_;
  std::shared_ptr<FakeSites> sites_ = std::make_shared<FakeSites>();
  Bench bench_ = MakeBench("b");
  std::unique_ptr<Collector> collector_;
};

TEST_F(SiteLogsTest, TellsRowsAndDaysOfTheLogsThereAre) {
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  ExpectGolden("site_logs", collected.text);
  EXPECT_THAT(sites_->statements,
              testing::Contains(HasSubstr("TABLE_SCHEMA = '_a' AND TABLE_NAME IN ('tabError Log', "
                                          "'tabView Log')")));
}

TEST_F(SiteLogsTest, ReadsEveryTenMinutesAndAfterAFailureAtOnce) {
  Database().Answer("information_schema.TABLES", Fail(ErrorKind::kTimeout, "slow"));
  EXPECT_EQ("timeout", Run().Kind());
  Database().Answer("information_schema.TABLES", {Row{"tabError Log", "1"}});
  EXPECT_EQ("1", Run().Value(Series("table_rows", "Error Log")));
  Database().Answer("information_schema.TABLES", {Row{"tabError Log", "2"}});
  clock_.Advance(std::chrono::seconds(599));
  EXPECT_EQ("1", Run().Value(Series("table_rows", "Error Log")));
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_EQ("2", Run().Value(Series("table_rows", "Error Log")));
  Database().Answer("information_schema.TABLES", Fail(ErrorKind::kTimeout, "slow"));
  clock_.Advance(std::chrono::seconds(600));
  EXPECT_EQ("absent", Run().Value(Series("table_rows", "Error Log")));
}

TEST_F(SiteLogsTest, Frappe13HasItsSettingsInSingles) {
  Database().columns.erase("tabLogs To Clear");
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  EXPECT_EQ("7776000", collected.Value(Series("retention_seconds", "Error Log")));
  EXPECT_EQ("absent", collected.Value(Series("retention_seconds", "Email Queue")));
}

TEST_F(SiteLogsTest, WhatFailsTakesNothingElse) {
  Database().Answer("information_schema.TABLES", Fail(ErrorKind::kTimeout, "slow"));
  Collected collected = Run();
  EXPECT_EQ("timeout", collected.Kind());
  EXPECT_EQ("absent", collected.Value(Series("table_rows", "Error Log")));
  EXPECT_EQ("1209600", collected.Value(Series("retention_seconds", "Error Log")));
  Database().Answer("information_schema.TABLES", {Row{"tabError Log", "1200"}});
  Database().Answer("SELECT ref_doctype", Fail(ErrorKind::kTimeout, "slow"));
  collected = Run();
  EXPECT_EQ("timeout", collected.Kind());
  EXPECT_EQ("1200", collected.Value(Series("table_rows", "Error Log")));
}

TEST_F(SiteLogsTest, ALockedTableAndHostileAnswersAreNoFigures) {
  Database().Answer("information_schema.TABLES",
                    {Row{"tabError Log", std::nullopt}, Row{"tabView Log", "many"}, Row{}});
  Database().Answer("SELECT ref_doctype", {Row{"Error Log", "soon"}, Row{std::nullopt, "1"}});
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  EXPECT_EQ("", collected.text);
}

TEST_F(SiteLogsTest, ADatabaseThatIsGoneIsTold) {
  Database().columns.clear();
  EXPECT_EQ("permission", Run().Kind());
  Publish(context_, {});
  EXPECT_EQ("", Run().text);
}

}  // namespace
}  // namespace erpnext
