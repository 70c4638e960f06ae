// SPDX-License-Identifier: Apache-2.0
#include "collectors/frappe/bench.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "collectors/testing/collect.h"
#include "core/testing/temp_folder.h"

namespace erpnext {
namespace {

using testing::HasSubstr;
using testing::Not;

class BenchCollectorTest : public testing::Test {
 protected:
  BenchCollectorTest() {
    folder_.Write("bench/sites/apps.txt", "frappe\nerpnext\nno_version\n");
    folder_.Write("bench/sites/common_site_config.json", R"({"webserver_port": 8015})");
    folder_.Write("bench/apps/frappe/frappe/__init__.py", "__version__ = \"15.8.1\"\n");
    folder_.Write("bench/apps/erpnext/erpnext/__init__.py", "__version__ = '15.7.0'\n");
    context_.settings.discovery.benches = {{.path = folder_.path("bench"), .name = "b"}};
  }

  void AddSiteFolder(const std::string& name, std::string_view json = "{}") {
    folder_.Write("bench/sites/" + name + "/site_config.json", json);
  }
  Collected Run() {
    if (!collector_) collector_ = kBenchCollector.make(context_);
    return Collect(kBenchCollector, *collector_);
  }
  // The folder has another name in each run.
  std::string Anonymous(std::string text) const {
    const std::string path = std::filesystem::canonical(folder_.path()).string();
    for (const std::string& mark : {path, Bench::IdOfPath(path)}) {
      const std::string_view name = mark == path ? "/home/frappe" : "home-frappe";
      for (std::size_t at; (at = text.find(mark)) != std::string::npos;) {
        text.replace(at, mark.size(), name);
      }
    }
    return text;
  }

  TempFolder folder_;
  CollectorContext context_;
  std::unique_ptr<Collector> collector_;
};

TEST_F(BenchCollectorTest, PublishesBenchAppsAndSites) {
  AddSiteFolder("b.example.com");
  AddSiteFolder("a.example.com");
  folder_.MakeFolder("bench/sites/assets");
  ASSERT_EQ(0, symlink("a.example.com", folder_.path("bench/sites/alias.example.com").c_str()));
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  ExpectGolden("bench", Anonymous(collected.text));
  EXPECT_EQ(1u, context_.inventory->Current()->benches.size()) << "all others look here";
}

TEST_F(BenchCollectorTest, WithoutBenchesThereAreNoSamples) {
  context_.settings.discovery = {.search = {folder_.path("nowhere/*")}};
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  EXPECT_EQ("", collected.text);
}

TEST_F(BenchCollectorTest, AMissingBenchFailsAndLeavesTheOthersAlone) {
  context_.settings.discovery.benches.push_back({.path = folder_.path("none"), .name = "none"});
  const Collected collected = Run();
  EXPECT_EQ("unavailable", collected.Kind());
  EXPECT_EQ("0", collected.Value(R"(erpnext_bench_sites{bench="b"})"));
  EXPECT_THAT(collected.text, Not(HasSubstr("none\"")));
}

TEST_F(BenchCollectorTest, BadFilesAreCountedAndTheRestGoesOn) {
  AddSiteFolder("good");
  AddSiteFolder("truncated", R"({"db_name": "_x", )");
  AddSiteFolder("bom", "\xEF\xBB\xBF{}");
  AddSiteFolder("list", "[1]");
  AddSiteFolder("deep", std::string(500'000, '['));
  AddSiteFolder("binary", std::string("\x00\xFF\xFE", 3));
  folder_.MakeFolder("bench/sites/folder/site_config.json");
  folder_.MakeFolder("bench/sites/dangling");
  ASSERT_EQ(0, symlink("nowhere", folder_.path("bench/sites/dangling/site_config.json").c_str()));
  folder_.MakeFolder("bench/sites/loop");
  ASSERT_EQ(0,
            symlink("site_config.json", folder_.path("bench/sites/loop/site_config.json").c_str()));
  const Collected collected = Run();
  EXPECT_EQ("malformed", collected.Kind());
  // The links lead nowhere: for Frappe those folders are no sites.
  EXPECT_EQ("7", collected.Value(R"(erpnext_bench_sites{bench="b"})"));
  EXPECT_EQ("6", collected.Value(R"(erpnext_bench_config_errors{bench="b"})"));
  EXPECT_EQ("1", collected.Value(R"(erpnext_site_info{bench="b",site="good"})"));
  EXPECT_EQ("1", collected.Value(R"(erpnext_site_info{bench="b",site="truncated"})"));
}

TEST_F(BenchCollectorTest, SiteNamesMayHoldBlanksAndAnyBytes) {
  AddSiteFolder("with blank");
  AddSiteFolder("not\xFFutf8");
  AddSiteFolder("quote\"and\nline");
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  EXPECT_EQ("1", collected.Value(R"(erpnext_site_info{bench="b",site="with blank"})"));
  EXPECT_EQ("1", collected.Value("erpnext_site_info{bench=\"b\",site=\"not\xEF\xBF\xBDutf8\"}"));
  EXPECT_EQ("1", collected.Value(R"(erpnext_site_info{bench="b",site="quote\"and\x0aline"})"));
}

TEST_F(BenchCollectorTest, ABenchThatVanishesIsGoneAndComesBack) {
  AddSiteFolder("a");
  EXPECT_TRUE(Run().status);
  folder_.Rename("bench", "away");
  const Collected gone = Run();
  EXPECT_EQ("unavailable", gone.Kind());
  EXPECT_EQ("", gone.text);
  EXPECT_TRUE(context_.inventory->Current()->benches.empty());
  folder_.Rename("away", "bench");
  EXPECT_EQ("1", Run().Value(R"(erpnext_bench_sites{bench="b"})"));
}

TEST_F(BenchCollectorTest, ASiteThatVanishesIsNoError) {
  AddSiteFolder("a");
  AddSiteFolder("b");
  EXPECT_TRUE(Run().status);
  folder_.Remove("bench/sites/b");
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  EXPECT_EQ("absent", collected.Value(R"(erpnext_site_info{bench="b",site="b"})"));
}

// The stamp of a file tells that it did not change: what has the same stamp is not read again.
TEST_F(BenchCollectorTest, AThousandSitesAreReadOnlyWhenTheyChange) {
  for (int i = 0; i < 1000; ++i) AddSiteFolder(fmt::format("s{}", i), R"({"n": 1})");
  EXPECT_EQ("1000", Run().Value(R"(erpnext_bench_sites{bench="b"})"));
  const std::string path = folder_.path("bench/sites/s7/site_config.json");
  const auto written = std::filesystem::last_write_time(path);
  AddSiteFolder("s7", R"({"n": !})");  // as long as before
  std::filesystem::last_write_time(path, written);
  const auto begin = Deadline::Clock::now();
  EXPECT_TRUE(Run().status);
  EXPECT_LT(Deadline::Clock::now() - begin, std::chrono::seconds(1));
  std::filesystem::last_write_time(path, written + std::chrono::seconds(1));
  EXPECT_EQ("malformed", Run().Kind());
}

TEST_F(BenchCollectorTest, AnAppListOfTenThousandLinesIsBounded) {
  std::string apps = "../../etc/passwd\n\xFF\n" + std::string(100'000, 'x') + "\n";
  for (int i = 0; i < 10'000; ++i) apps += fmt::format("app{}\n", i);
  folder_.Write("bench/sites/apps.txt", apps);
  const Collected collected = Run();
  EXPECT_EQ("malformed", collected.Kind());
  EXPECT_EQ("3", collected.Value(R"(erpnext_bench_config_errors{bench="b"})"));
  EXPECT_EQ("1", collected.Value(R"(erpnext_app_info{bench="b",app="app199",version=""})"));
  EXPECT_EQ("absent", collected.Value(R"(erpnext_app_info{bench="b",app="app200",version=""})"));
}

TEST_F(BenchCollectorTest, AnExpiredDeadlineHasNoSamples) {
  AddSiteFolder("a");
  const auto collector = kBenchCollector.make(context_);
  const Collected collected =
      Collect(kBenchCollector, *collector, Deadline::After(std::chrono::seconds(-1)));
  EXPECT_EQ("timeout", collected.Kind());
  EXPECT_EQ("", collected.text);
}

}  // namespace
}  // namespace erpnext
