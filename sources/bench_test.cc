// SPDX-License-Identifier: Apache-2.0
#include "sources/bench.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "core/testing/temp_folder.h"

namespace erpnext {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class BenchReaderTest : public testing::Test {
 protected:
  BenchReaderTest() {
    folder_.Write("bench/sites/apps.txt", "frappe\nerpnext\n");
    folder_.Write("bench/apps/frappe/frappe/__init__.py",
                  "# comment\n__version__ = \"15.8.1\"\n__title__ = 'x'\n");
    Common(R"({"redis_queue": "redis://127.0.0.1:11015", "webserver_port": 8015})");
    settings_.benches = {{.path = folder_.path("bench")}};
  }

  void Common(std::string_view json) { folder_.Write("bench/sites/common_site_config.json", json); }
  void AddSite(const std::string& name, std::string_view json = "{}") {
    folder_.Write("bench/sites/" + name + "/site_config.json", json);
  }

  Inventory Read() {
    if (!reader_) reader_.emplace(settings_);
    auto inventory = reader_->Read(Deadline::After(std::chrono::seconds(10)));
    EXPECT_TRUE(inventory);
    return inventory ? *inventory : Inventory();
  }
  Bench ReadOne() {
    const Inventory inventory = Read();
    EXPECT_EQ(1u, inventory.benches.size());
    return inventory.benches.empty() ? Bench() : inventory.benches[0];
  }
  static std::vector<std::string> SiteNames(const Bench& bench) {
    std::vector<std::string> names;
    for (const Site& site : bench.sites) names.push_back(site.name);
    return names;
  }

  TempFolder folder_;
  DiscoverySettings settings_;
  std::optional<BenchReader> reader_;
};

TEST_F(BenchReaderTest, ReadsABench) {
  AddSite("b.example.com");
  AddSite("a.example.com", R"({"db_name": "_a"})");
  const Bench bench = ReadOne();
  EXPECT_EQ("bench", bench.name);
  EXPECT_EQ(Bench::IdOfPath(bench.path), bench.id);
  EXPECT_EQ(15, bench.frappe_major);
  ASSERT_EQ(2u, bench.apps.size());
  EXPECT_EQ("15.8.1", bench.apps[0].version);
  EXPECT_EQ("", bench.apps[1].version);
  EXPECT_THAT(SiteNames(bench), ElementsAre("a.example.com", "b.example.com"));
  EXPECT_EQ("_a", bench.sites[0].config.Text("db_name"));
  EXPECT_EQ(8015, bench.sites[0].config.Integer("webserver_port"));
  EXPECT_EQ("redis://127.0.0.1:11015/0", bench.redis_queue->Text());
  EXPECT_EQ("redis://127.0.0.1:13311/0", bench.redis_cache->Text());
  EXPECT_EQ("127.0.0.1:8015", bench.web_address.Text());
  EXPECT_EQ("127.0.0.1:3306", bench.database.address.Text());
  EXPECT_THAT(bench.problems, ElementsAre());
}

TEST(Bench, IdIsThePathWithDashes) {
  EXPECT_EQ("home-frappe-frappe-bench", Bench::IdOfPath("/home/frappe/frappe-bench"));
}

TEST_F(BenchReaderTest, TheConfiguredBenchIdWins) {
  Common(R"({"bench_id": "own"})");
  EXPECT_EQ("own", ReadOne().id);
}

TEST_F(BenchReaderTest, OnlyRealFoldersWithAConfigurationAreSites) {
  AddSite("real");
  folder_.MakeFolder("bench/sites/assets");
  folder_.Write("bench/sites/apps.json", "{}");
  ASSERT_EQ(0, symlink("real", folder_.path("bench/sites/alias").c_str()));
  folder_.MakeFolder("bench/sites/dangling");
  ASSERT_EQ(0, symlink("nowhere", folder_.path("bench/sites/dangling/site_config.json").c_str()));
  folder_.MakeFolder("bench/sites/looping");
  ASSERT_EQ(
      0, symlink("site_config.json", folder_.path("bench/sites/looping/site_config.json").c_str()));
  EXPECT_THAT(SiteNames(ReadOne()), ElementsAre("real"));
}

TEST_F(BenchReaderTest, OddNamesAreSitesToo) {
  AddSite("with space");
  AddSite("caf\xE9");
  AddSite("1-hyphen");
  EXPECT_THAT(SiteNames(ReadOne()), ElementsAre("1-hyphen", "caf\xE9", "with space"));
}

TEST_F(BenchReaderTest, ABrokenSiteLosesNothingElse) {
  AddSite("good", R"({"maintenance_mode": 1})");
  AddSite("bad", R"({"db_password": "hunter2)");
  Common(R"({"pause_scheduler": 1})");
  const Bench bench = ReadOne();
  ASSERT_THAT(SiteNames(bench), ElementsAre("bad", "good"));
  ASSERT_TRUE(bench.sites[0].problem);
  EXPECT_THAT(bench.sites[0].problem->message, HasSubstr("bad/site_config.json"));
  EXPECT_TRUE(bench.sites[0].config.Truthy("pause_scheduler"));
  EXPECT_TRUE(bench.sites[1].config.Truthy("maintenance_mode"));
}

TEST_F(BenchReaderTest, ABrokenCommonConfigurationIsAProblemOfTheBench) {
  AddSite("a");
  Common("[]");
  const Bench bench = ReadOne();
  EXPECT_THAT(SiteNames(bench), ElementsAre("a"));
  ASSERT_EQ(1u, bench.problems.size());
  EXPECT_THAT(bench.problems[0].message, HasSubstr("must be a JSON object"));
}

TEST_F(BenchReaderTest, AWrongRedisUrlIsAProblemThatTellsNoPassword) {
  Common(R"({"redis_queue": "ftp://:hunter2@h"})");
  const Bench bench = ReadOne();
  EXPECT_FALSE(bench.redis_queue);
  ASSERT_EQ(1u, bench.problems.size());
  EXPECT_THAT(bench.problems[0].message, HasSubstr("redis_queue"));
  EXPECT_THAT(bench.problems[0].message, testing::Not(HasSubstr("hunter2")));
}

TEST_F(BenchReaderTest, SeesChangedFilesAndNewSites) {
  AddSite("a", R"({"maintenance_mode": 0})");
  EXPECT_FALSE(ReadOne().sites[0].config.Truthy("maintenance_mode"));
  AddSite("a", R"({"maintenance_mode": 100})");
  AddSite("b");
  const Bench bench = ReadOne();
  ASSERT_THAT(SiteNames(bench), ElementsAre("a", "b"));
  EXPECT_TRUE(bench.sites[0].config.Truthy("maintenance_mode"));
  folder_.Remove("bench/sites/a");
  EXPECT_THAT(SiteNames(ReadOne()), ElementsAre("b"));
}

TEST_F(BenchReaderTest, EnvironmentWinsSinceVersion15) {
  settings_.environment = {{"FRAPPE_REDIS_QUEUE", "redis://queue:6379"},
                           {"FRAPPE_DB_HOST", "db"},
                           {"FRAPPE_DB_NAME", "sixteen"}};
  const Bench bench = ReadOne();
  EXPECT_EQ("redis://queue:6379/0", bench.redis_queue->Text());
  EXPECT_EQ("db:3306", bench.database.address.Text());
  EXPECT_FALSE(bench.config.Has("db_name"));  // read by 16 and later only
}

TEST_F(BenchReaderTest, TheDatabaseServerIsThatOfTheFirstMariadbSite) {
  EXPECT_EQ("mariadb", ReadOne().database.type);  // no site: as the bench's configuration says
  AddSite("a", R"({"db_type": "postgres", "db_host": "pg"})");
  EXPECT_EQ("postgres", ReadOne().database.type);
  EXPECT_EQ("pg:5432", ReadOne().database.address.Text());
  AddSite("b", R"({"db_host": "maria", "db_port": "3307"})");
  const Bench bench = ReadOne();
  EXPECT_EQ("mariadb", bench.database.type);
  EXPECT_EQ("maria:3307", bench.database.address.Text());
}

TEST_F(BenchReaderTest, EnvironmentMeansNothingToVersion13) {
  folder_.Write("bench/apps/frappe/frappe/__init__.py", "__version__ = '13.58.21'\n");
  Common("{}");
  settings_.environment = {{"FRAPPE_REDIS_QUEUE", "redis://queue:6379"}};
  const Bench bench = ReadOne();
  EXPECT_EQ(13, bench.frappe_major);
  EXPECT_FALSE(bench.redis_queue);  // and there is no default before 15
}

TEST_F(BenchReaderTest, UsesTheAclUserOfTheBench) {
  Common(
      R"({"use_rq_auth": 1, "rq_password": "pw", "redis_queue": "redis://h:1", "bench_id": "own"})");
  const Bench bench = ReadOne();
  EXPECT_EQ("own", bench.redis_queue->user);
  EXPECT_EQ("pw", bench.redis_queue->password.Reveal());
}

TEST_F(BenchReaderTest, SearchFindsBenchesOnceAndGivesThemDifferentNames) {
  folder_.Write("home/a/frappe-bench/sites/apps.txt", "frappe\n");
  folder_.Write("home/b/frappe-bench/sites/common_site_config.json", "{}");
  folder_.Write("home/b/other/readme", "no bench");
  ASSERT_EQ(0, symlink("frappe-bench", folder_.path("home/a/link").c_str()));
  settings_.benches = {};
  settings_.search = {folder_.path("home/*/*")};
  const Inventory inventory = Read();
  ASSERT_EQ(2u, inventory.benches.size());
  EXPECT_THAT(inventory.benches[0].name, HasSubstr("home-a-frappe-bench"));
  EXPECT_THAT(inventory.benches[1].name, HasSubstr("home-b-frappe-bench"));
}

TEST_F(BenchReaderTest, AMissingBenchIsAProblemAndNotTheEnd) {
  settings_.benches.push_back({.path = folder_.path("nowhere")});
  const Inventory inventory = Read();
  EXPECT_EQ(1u, inventory.benches.size());
  ASSERT_EQ(1u, inventory.problems.size());
  EXPECT_EQ(ErrorKind::kUnavailable, inventory.problems[0].kind);
}

TEST_F(BenchReaderTest, AppNamesCannotLeaveTheBench) {
  folder_.Write("bench/sites/apps.txt", "../../etc\nfrappe\n");
  const Bench bench = ReadOne();
  ASSERT_EQ(1u, bench.apps.size());
  EXPECT_EQ(1u, bench.problems.size());
}

TEST_F(BenchReaderTest, ReadsAThousandSites) {
  for (int i = 0; i < 1000; ++i) AddSite("site" + std::to_string(i));
  EXPECT_EQ(1000u, ReadOne().sites.size());
  EXPECT_EQ(1000u, ReadOne().sites.size());
}

TEST_F(BenchReaderTest, AnExpiredDeadlineIsATimeout) {
  AddSite("a");
  const auto inventory = BenchReader(settings_).Read(Deadline::After(std::chrono::seconds(-1)));
  ASSERT_FALSE(inventory);
  EXPECT_EQ(ErrorKind::kTimeout, inventory.error().kind);
}

TEST(AppVersion, IsReadWithoutRunningPython) {
  EXPECT_EQ("16.0.0-dev", ParseAppVersion("import x\n__version__ = \"16.0.0-dev\"\n"));
  EXPECT_EQ("1", ParseAppVersion("__version__='1' # comment"));
  EXPECT_EQ("", ParseAppVersion("__version__ = version()\n"));
  EXPECT_EQ("", ParseAppVersion("# __version__ = \"1\"\n"));
  EXPECT_EQ(16, MajorVersion("16.0.0-dev"));
  EXPECT_EQ(std::nullopt, MajorVersion("develop"));
}

}  // namespace
}  // namespace erpnext
