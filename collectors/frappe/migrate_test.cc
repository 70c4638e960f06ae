// SPDX-License-Identifier: Apache-2.0
#include "collectors/frappe/migrate.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "collectors/testing/collect.h"
#include "collectors/testing/fake_sites.h"
#include "core/testing/manual_clock.h"
#include "core/testing/temp_folder.h"

namespace erpnext {
namespace {

using testing::HasSubstr;
using testing::Not;
using Row = FakeSites::Row;

class MigrateTest : public testing::Test {
 protected:
  MigrateTest() {
    context_.clock = &clock_;
    context_.settings.proc_path = folder_.path("proc");
    context_.mariadb_server = [this](const MariadbOptions&) { return sites_; };
    bench_.path = folder_.path("b");
    bench_.apps = {{"frappe", "15.8.1"}, {"erpnext", "15.1.0"}};
    AddSite(bench_, "s.example", R"({"db_name": "_s"})");
    folder_.Write("b/apps/frappe/frappe/patches.txt",
                  "[pre_model_sync]\nf.a\nf.b\n[post_model_sync]\nf.c\n");
    folder_.Write("b/apps/erpnext/erpnext/patches.txt", "e.a\ne.b #2\n");
    folder_.Write("proc/locks", "");
    std::string line = bench_.path + "/env/bin/python";
    folder_.Write("proc/7/cmdline", line + '\0');
    FakeSites::Database& database = sites_->databases["_s"];
    database.columns = {{"tabSingles", {"doctype", "field", "value"}},
                        {"tabPatch Log", {"patch", "creation", "skipped"}},
                        {"tabDefaultValue", {"parent", "defkey", "defvalue"}},
                        {"tabInstalled Application", {"app_name", "app_version", "creation"}}};
    database.Answer("tabSingles", {Row{"time_zone", "Europe/Berlin"}});
    database.Answer("MAX(creation)", {Row{"2026-11-24 13:00:00.000000"}});
    database.Answer("tabDefaultValue", {Row{R"(["frappe", "erpnext", "gone"])"}});
    database.Answer("tabInstalled Application",
                    {Row{"frappe", "15.8.1", "2026-11-24 12:59:58.000000"},
                     Row{"erpnext", "15.0.9", "2026-11-24 12:59:59.500000"},
                     Row{"gone", "1.0", "2026-11-24 12:00:00.000000"}});
    database.Answer("tabPatch Log", {Row{"f.a", "0"}, Row{" f.b ", "0"}, Row{"f.c", "1"},
                                     Row{"e.a", "0"}, Row{std::nullopt, "0"}});
  }

  Collected Run() {
    Publish(context_, {bench_});
    return CollectOnce(kMigrateCollector, context_);
  }
  std::string Pending(const Collected& run, const char* app) {
    return run.Value(fmt::format(
        "erpnext_migrate_patches_pending{{bench=\"b\",site=\"s.example\",app=\"{}\"}}", app));
  }
  FakeSites::Database& Site() { return sites_->databases["_s"]; }

  TempFolder folder_;
  ManualClock clock_ = ManualClock::AtUnix(1795521600);
  CollectorContext context_;
  Bench bench_ = MakeBench("b");
  std::shared_ptr<FakeSites> sites_ = std::make_shared<FakeSites>();
};

TEST_F(MigrateTest, ANormalSite) {
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  ExpectGolden("migrate", run.text);
}

TEST_F(MigrateTest, AMigrationThatRunsIsSeenAndLeftAlone) {
  bench_.sites[0].path = folder_.path("b/sites/s.example");
  folder_.Write("b/sites/s.example/locks/bench_migrate.lock", "");
  struct stat info {};
  ASSERT_EQ(0, stat(folder_.path("b/sites/s.example/locks/bench_migrate.lock").c_str(), &info));
  folder_.Write("proc/locks", fmt::format("1: FLOCK ADVISORY WRITE 7 {:02x}:{:02x}:{} 0 EOF\n",
                                          major(info.st_dev), minor(info.st_dev), info.st_ino));
  const Collected run = Run();
  EXPECT_EQ("1", run.Value(R"(erpnext_migrate_running{bench="b",site="s.example"})"));
  EXPECT_THAT(run.text, HasSubstr("erpnext_migrate_start_timestamp_seconds{"));
  EXPECT_THAT(run.text, Not(HasSubstr("patches")));
  EXPECT_TRUE(sites_->statements.empty());
}

TEST_F(MigrateTest, AMigrationThatStoppedIsNotCompleted) {
  bench_.sites[0].path = folder_.path("b/sites/s.example");
  folder_.Write("b/sites/s.example/locks/bench_migrate.lock", "");
  const std::string path = folder_.path("b/sites/s.example/locks/bench_migrate.lock");
  const auto completed_when_begun_at = [&](double seconds) {
    const auto whole = static_cast<std::time_t>(seconds);
    const timespec time{whole, static_cast<long>((seconds - static_cast<double>(whole)) * 1e9)};
    const timespec times[] = {time, time};
    EXPECT_EQ(0, utimensat(AT_FDCWD, path.c_str(), times, 0));
    return Run().Value(R"(erpnext_migrate_last_completed{bench="b",site="s.example"})");
  };
  constexpr double kWritten = 1795521599.5;  // the newest row above, an hour behind in winter
  EXPECT_EQ("1", completed_when_begun_at(kWritten - 60));
  EXPECT_EQ("1", completed_when_begun_at(kWritten));
  EXPECT_EQ("0", completed_when_begun_at(kWritten + 0.001));
  Site().Answer("tabInstalled Application", std::vector<Row>{});  // never migrated
  EXPECT_EQ("absent", completed_when_begun_at(kWritten + 60));
  bench_.frappe_major = 14;
  EXPECT_EQ("absent", completed_when_begun_at(kWritten - 60));
}

TEST_F(MigrateTest, AZoneThatIsMovedLaterDoesNotMakeAMigrationIncomplete) {
  bench_.sites[0].path = folder_.path("b/sites/s.example");
  folder_.Write("b/sites/s.example/locks/bench_migrate.lock", "");
  const std::string path = folder_.path("b/sites/s.example/locks/bench_migrate.lock");
  const auto begin = [&](std::time_t seconds) {
    const timespec times[] = {{seconds, 0}, {seconds, 0}};
    EXPECT_EQ(0, utimensat(AT_FDCWD, path.c_str(), times, 0));
  };
  Publish(context_, {bench_});
  const auto collector = kMigrateCollector.make(context_);
  const auto completed = [&] {
    clock_.Advance(std::chrono::hours(1));
    return Collect(kMigrateCollector, *collector)
        .Value(R"(erpnext_migrate_last_completed{bench="b",site="s.example"})");
  };
  begin(1795521599 - 60);
  EXPECT_EQ("1", completed());
  Site().Answer("tabSingles", {Row{"time_zone", "Asia/Kolkata"}});
  EXPECT_EQ("1", completed()) << "the rows tell an earlier time, and are the same";
  Site().Answer("tabInstalled Application",
                {Row{"frappe", "15.8.1", "2026-11-24 12:00:00.000000"}});
  EXPECT_EQ("0", completed()) << "a backup was restored";
  Site().Answer("tabInstalled Application",
                {Row{"frappe", "15.8.1", "2026-11-24 12:59:59.500000"}});
  begin(1795521599 - 30);
  EXPECT_EQ("0", completed()) << "another migration began";
}

TEST_F(MigrateTest, VersionsAreComparedWhereBothTellOne) {
  bench_.apps = {{"frappe", "15.8.1"}, {"erpnext", ""}};
  const auto of = [](const Collected& run, const char* app) {
    return run.Value(fmt::format(
        "erpnext_site_app_version_mismatch{{bench=\"b\",site=\"s.example\",app=\"{}\"}}", app));
  };
  EXPECT_EQ("0", of(Run(), "frappe"));
  EXPECT_EQ("absent", of(Run(), "erpnext"));
  EXPECT_EQ("absent", of(Run(), "gone"));
  bench_.apps[0].version = "15.9.0";
  EXPECT_EQ("1", of(Run(), "frappe"));
  Site().Answer("tabInstalled Application", {Row{"frappe", std::nullopt, "0000-00-00 00:00:00"}});
  EXPECT_THAT(Run().text, Not(HasSubstr("mismatch{")));
  EXPECT_THAT(Run().text, Not(HasSubstr("success")));
}

TEST_F(MigrateTest, TheVersionOfABranchIsNotComparedWithThatOfTheCode) {
  const auto mismatch = [&](const char* stored) {
    Site().Answer("tabInstalled Application", {Row{"frappe", stored, "2026-11-24 12:59:58"}});
    return Run().Value(
        R"(erpnext_site_app_version_mismatch{bench="b",site="s.example",app="frappe"})");
  };
  EXPECT_EQ("absent", mismatch("15.x.x-develop (abc1234)"));
  EXPECT_EQ("absent", mismatch("15.8.1 ()"));
  EXPECT_EQ("1", mismatch("15.8.0 (beta)"));
  EXPECT_EQ("1", mismatch(")"));
  EXPECT_EQ("1", mismatch("15.x.x-develop"));
}

TEST_F(MigrateTest, NoLockIsNoProofWhereNothingCanBeSeen) {
  folder_.Write("proc/7/cmdline", "");
  EXPECT_THAT(Run().text, Not(HasSubstr("running")));
  folder_.Write("proc/7/cmdline", bench_.path + "/env/bin/python");
  bench_.frappe_major = 14;  // has no such lock
  EXPECT_THAT(Run().text, Not(HasSubstr("running")));
}

TEST_F(MigrateTest, WithoutThePartsTheRestIsThere) {
  Site().columns["tabPatch Log"] = {"patch", "creation"};  // Frappe 13
  Site().Answer("tabPatch Log", {Row{"f.a", "0"}, Row{"f.c", "0"}});
  bench_.apps.pop_back();  // no apps folder in a container
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("1", Pending(run, "frappe"));
  EXPECT_EQ("absent", Pending(run, "erpnext"));
  EXPECT_THAT(run.text, Not(HasSubstr("skipped{")));
  Site().columns.erase("tabPatch Log");
  EXPECT_THAT(Run().text, Not(HasSubstr("patches")));
}

TEST_F(MigrateTest, HostileTextsCountNothing) {
  bench_.apps.push_back({"../../etc", ""});
  Site().Answer("tabDefaultValue", {Row{R"(["../../etc", {}, "frappe)"}});
  Site().Answer("MAX(creation)", {Row{"0000-00-00 00:00:00"}});
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_THAT(run.text, Not(HasSubstr("pending")));
  EXPECT_THAT(run.text, Not(HasSubstr("last_patch")));
}

TEST_F(MigrateTest, ADatabaseThatIsGoneAffectsNoOtherSite) {
  AddSite(bench_, "a.example", R"({"db_name": "_gone"})");
  const Collected run = Run();
  EXPECT_EQ("permission", run.Kind());
  EXPECT_EQ("1", Pending(run, "frappe"));
}

}  // namespace
}  // namespace erpnext
