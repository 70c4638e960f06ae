// SPDX-License-Identifier: Apache-2.0
#include "collectors/mariadb_servers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/testing/collect.h"

namespace erpnext {
namespace {

using testing::ElementsAre;

class MariadbServersTest : public testing::Test {
 protected:
  Bench& Add(const std::string& name) {
    Bench& bench = inventory_.benches.emplace_back(MakeBench(name));
    bench.database = {"mariadb", {"", "db1", 3306}};
    return bench;
  }
  // "address as user: its benches"
  static std::vector<std::string> Texts(const std::vector<BenchServer>& servers) {
    std::vector<std::string> texts;
    for (const BenchServer& each : servers) {
      texts.push_back(fmt::format("{} as {}:", each.options.address.Text(), each.options.user));
      for (const Bench* bench : each.benches) texts.back() += " " + bench->name;
      if (each.of_sites_only) texts.back() += " (sites)";
    }
    return texts;
  }

  Inventory inventory_;
  MariadbLogin login_ = [] {
    MariadbLogin login;
    login.user = "exporter";
    return login;
  }();
};

TEST_F(MariadbServersTest, BenchesShareAServerWhateverTheyLogInAs) {
  AddSite(Add("a"), "a1", R"({"db_host": "db1", "db_name": "_a1", "db_password": "x"})");
  AddSite(Add("b"), "b1", R"({"db_host": "db1", "db_name": "_b1", "db_password": "y"})");
  EXPECT_THAT(Texts(BenchServersOf(inventory_, login_)), ElementsAre("db1:3306 as exporter: a b"));
  login_.use_site_credentials = true;
  EXPECT_THAT(Texts(BenchServersOf(inventory_, login_)), ElementsAre("db1:3306 as _a1: a b"));
}

TEST_F(MariadbServersTest, ServersThatOnlySitesNameComeLast) {
  Bench& a = Add("a");
  AddSite(a, "a1", R"({"db_host": "db1", "db_name": "_a1", "db_password": "x"})");
  AddSite(a, "a2", R"({"db_host": "db2", "db_name": "_a2", "db_password": "x"})");
  AddSite(a, "a3", R"({"db_host": "db2", "db_name": "_a3", "db_password": "x"})");
  Bench& b = Add("b");
  b.database.address.host = "db3";
  AddSite(b, "b1", R"({"db_host": "db3", "db_name": "_b1", "db_password": "x"})");
  AddSite(b, "b2", R"({"db_host": "db1", "db_name": "_b2", "db_password": "x"})");
  EXPECT_THAT(Texts(BenchServersOf(inventory_, login_)),
              ElementsAre("db1:3306 as exporter: a", "db3:3306 as exporter: b"));
  EXPECT_THAT(Texts(SiteServersOf(inventory_, login_)),
              ElementsAre("db1:3306 as exporter: a b", "db3:3306 as exporter: b",
                          "db2:3306 as exporter: a (sites)"));
  login_.use_site_credentials = true;
  EXPECT_THAT(
      Texts(SiteServersOf(inventory_, login_)),
      ElementsAre("db1:3306 as _a1: a b", "db3:3306 as _b1: b", "db2:3306 as _a2: a (sites)"));
}

TEST_F(MariadbServersTest, AnAddressOfOursStandsForAll) {
  login_.address = {"", "proxy", 3306};
  Bench& bench = Add("a");
  AddSite(bench, "a1", R"({"db_host": "db1", "db_name": "_a1"})");
  AddSite(bench, "a2", R"({"db_host": "db2", "db_name": "_a2"})");
  EXPECT_THAT(Texts(SiteServersOf(inventory_, login_)), ElementsAre("proxy:3306 as exporter: a"));
}

TEST_F(MariadbServersTest, AServerThatFailsKeepsNoOtherFromBeingAsked) {
  Add("a");
  Add("b").database.address.host = "db2";
  Add("c").database.address.host = "db3";
  std::vector<std::string> asked;
  const Status status =
      AskEach(BenchServersOf(inventory_, login_), Deadline::After(std::chrono::seconds(5)),
              [&](const BenchServer& server, Deadline) -> Status {
                asked.push_back(server.options.address.host);
                if (asked.back() == "db1") return {};
                return Fail(ErrorKind::kRefused, "{} says no", asked.back());
              });
  EXPECT_THAT(asked, ElementsAre("db1", "db2", "db3"));
  ASSERT_FALSE(status);
  EXPECT_EQ("db2 says no", status.error().message);
}

TEST_F(MariadbServersTest, OtherDatabasesHaveNone) {
  Bench& bench = Add("a");
  bench.database.type = "postgres";
  AddSite(bench, "a1", R"({"db_type": "postgres", "db_name": "_a1"})");
  EXPECT_THAT(Texts(SiteServersOf(inventory_, login_)), ElementsAre());
}

}  // namespace
}  // namespace erpnext
