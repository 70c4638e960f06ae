// SPDX-License-Identifier: Apache-2.0
#include "sources/mariadb_target.h"

#include <gtest/gtest.h>

#include "core/testing/temp_folder.h"

namespace erpnext {
namespace {

constexpr const char* kNoSocket = "/nonexistent/mysqld.sock";

Bench BenchWith(const std::string& host, std::uint16_t port = 3306) {
  Bench bench;
  bench.database.address = {"", host, port};
  return bench;
}

void AddSite(Bench& bench, const std::string& name, std::string_view json) {
  bench.sites.push_back({name, "", FrappeConfig::Parse(json, "x").value(), {}});
}

TEST(MariadbTarget, SocketsAndLoopbackAreThisHost) {
  EXPECT_TRUE(IsOnThisHost({"/run/mysqld/mysqld.sock", "", 0}));
  for (const char* host : {"", "localhost", "127.0.0.1", "127.0.1.1", "::1"}) {
    EXPECT_TRUE(IsOnThisHost({"", host, 3307})) << host;
  }
  for (const char* host : {"db", "10.0.0.1", "localhost.example.com"}) {
    EXPECT_FALSE(IsOnThisHost({"", host, 3306})) << host;
  }
}

TEST(MariadbTarget, AServerOnThisHostIsReachedByItsSocket) {
  TempFolder folder;
  folder.Write("mysqld.sock", "");
  const std::string socket = folder.path("mysqld.sock");
  struct {
    const char* host;
    std::uint16_t port;
    bool by_socket;
  } const cases[] = {
      {"127.0.0.1", 3306, true}, {"localhost", 3306, true},  {"::1", 3306, true},
      {"", 3306, true},          {"127.0.0.1", 3307, false}, {"db.example.com", 3306, false},
  };
  for (const auto& test : cases) {
    const Bench bench = BenchWith(test.host, test.port);
    const Address here = MariadbOptionsFor(bench, {}, socket).address;
    EXPECT_EQ(test.by_socket ? socket : "", here.unix_path) << test.host << ":" << test.port;
    EXPECT_EQ(bench.database.address, MariadbOptionsFor(bench, {}, kNoSocket).address);
  }
}

TEST(MariadbTarget, AConfiguredSocketAndAConfiguredAddressWin) {
  Bench bench = BenchWith("db");
  bench.database.address.unix_path = "/own.sock";
  EXPECT_EQ("/own.sock", MariadbOptionsFor(bench, {}, kNoSocket).address.unix_path);
  MariadbLogin login;
  login.address = {"", "10.0.0.1", 3310};
  EXPECT_EQ(login.address, MariadbOptionsFor(bench, login, kNoSocket).address);
}

TEST(MariadbTarget, LogsInAsTheMonitoringUser) {
  MariadbLogin login;
  login.user = "erpnext_exporter";
  login.password = Secret("pw");
  login.tls = true;
  login.tls_verify = false;
  login.tls_ca_file = "/ca.pem";
  Bench bench = BenchWith("db");
  AddSite(bench, "s", R"({"db_name": "_s", "db_password": "site"})");
  const MariadbOptions options = MariadbOptionsFor(bench, login, kNoSocket);
  EXPECT_EQ("erpnext_exporter", options.user);
  EXPECT_EQ("pw", options.password.Reveal());
  EXPECT_TRUE(options.tls);
  EXPECT_FALSE(options.tls_verify);
  EXPECT_EQ("/ca.pem", options.tls_ca_file);
}

TEST(MariadbTarget, WithoutAUserItIsTheOneThisProcessRunsAs) {
  EXPECT_NE("", MariadbOptionsFor(BenchWith("db"), {}, kNoSocket).user);
}

TEST(MariadbTarget, SiteCredentialsAreThoseOfTheFirstMariadbSite) {
  MariadbLogin login;
  login.user = "monitor";
  login.use_site_credentials = true;
  struct {
    const char* name;
    std::vector<const char*> sites;
    std::string user, password;
  } const cases[] = {
      {"database name is the user", {R"({"db_name": "_s", "db_password": "p"})"}, "_s", "p"},
      {"own user", {R"({"db_name": "_s", "db_user": "u", "db_password": "p"})"}, "u", "p"},
      {"the first has none",
       {R"({"db_name": "_a"})", R"({"db_name": "_b", "db_password": "b"})"},
       "_b",
       "b"},
      {"the first is not MariaDB's",
       {R"({"db_type": "postgres", "db_name": "_a", "db_password": "a"})",
        R"({"db_type": "mariadb", "db_name": "_b", "db_password": "b"})"},
       "_b",
       "b"},
      {"wrong types", {R"({"db_name": 1, "db_password": {}})"}, "monitor", ""},
      {"none", {}, "monitor", ""},
  };
  for (const auto& test : cases) {
    Bench bench = BenchWith("db");
    for (const char* json : test.sites) AddSite(bench, "s", json);
    const MariadbOptions options = MariadbOptionsFor(bench, login, kNoSocket);
    EXPECT_EQ(test.user, options.user) << test.name;
    EXPECT_EQ(test.password, options.password.Reveal()) << test.name;
  }
}

TEST(ServerFilePath, IsWholeOrNone) {
  const auto path = [](const std::string& file, const std::string& datadir) {
    return ServerFilePath(file, datadir).value_or("none");
  };
  EXPECT_EQ("/var/log/mysql/slow.log", path("/var/log/mysql/slow.log", "/var/lib/mysql/"));
  EXPECT_EQ("/var/lib/mysql/db-slow.log", path("db-slow.log", "/var/lib/mysql/"));
  EXPECT_EQ("/var/lib/mysql/db-slow.log", path("db-slow.log", "/var/lib/mysql"));
  EXPECT_EQ("none", path("", "/var/lib/mysql/"));
  EXPECT_EQ("none", path("slow.log", ""));
  EXPECT_EQ("none", path("slow.log", "data"));
  EXPECT_EQ("none", path(std::string("/a\0b", 4), "/var/lib/mysql/"));
  EXPECT_EQ("none", path("/" + std::string(4096, 'a'), "/var/lib/mysql/"));
}

}  // namespace
}  // namespace erpnext
