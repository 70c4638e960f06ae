// SPDX-License-Identifier: Apache-2.0
#include "collectors/mariadb/variables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/testing/collect.h"
#include "sources/testing/fake_mariadb.h"

namespace erpnext {
namespace {

using testing::HasSubstr;
using testing::Not;

class MariadbVariablesTest : public testing::Test {
 protected:
  MariadbVariablesTest() {
    server_->answers = {{"SHOW GLOBAL VARIABLES", [this]() -> Result<MariadbTable> {
                           return FakeMariadb::Pairs(variables_);
                         }}};
    context_.mariadb_server = [this](const MariadbOptions& options) {
      asked_.push_back(options.address.host);
      return server_;
    };
    Publish(context_, {BenchAt("b", "db1"), BenchAt("c", "db2")});
  }

  static Bench BenchAt(const std::string& name, const std::string& host) {
    Bench bench = MakeBench(name);
    bench.database = {"mariadb", {"", host, 3306}};
    return bench;
  }
  Collected Run() { return CollectOnce(kMariadbVariablesCollector, context_); }

  std::vector<std::pair<std::string, std::string>> variables_ = {
      {"Innodb_Version", "10.11.6"},
      {"max_connections", "151"},
      {"protocol_version", "10"},
      {"read_only", "OFF"},
      {"socket", "/run/mysqld/mysqld.sock"},
      {"tx_isolation", "REPEATABLE-READ"},
      {"version", "10.11.6-MariaDB-0+deb12u1"},
      {"version_comment", "Debian 12"}};
  std::vector<std::string> asked_;
  std::shared_ptr<FakeMariadb> server_ = std::make_shared<FakeMariadb>();
  CollectorContext context_;
};

TEST_F(MariadbVariablesTest, PublishesThoseOfTheFirstServer) {
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  ExpectGolden("mariadb_variables", collected.text);
  EXPECT_THAT(asked_, testing::ElementsAre("db1"));
}

TEST_F(MariadbVariablesTest, MySqlHasAnotherNameForItsIsolation) {
  variables_ = {{"transaction_isolation", "READ-COMMITTED"}, {"tx_isolation", "READ-COMMITTED"}};
  EXPECT_EQ("1", Run().Value(R"(mysql_transaction_isolation{level="READ-COMMITTED"})"));
}

TEST_F(MariadbVariablesTest, WhatIsNotTheTypeItShouldBeHasNoSample) {
  variables_ = {{"version", std::string(100'000, 'v')}, {"max_connections", "many"}, {"a b", "1"}};
  const Collected collected = Run();
  EXPECT_EQ("absent", collected.Value("mysql_global_variables_max_connections"));
  EXPECT_THAT(collected.text, Not(HasSubstr(std::string(10'000, 'v'))));
}

TEST_F(MariadbVariablesTest, SaysNothingWithoutAServerOrAnAnswer) {
  server_->answers = {{"", []() -> Result<MariadbTable> {
                         return Fail(ErrorKind::kTimeout, "no answer in time");
                       }}};
  const Collected failed = Run();
  EXPECT_EQ("timeout", failed.Kind());
  EXPECT_EQ("", failed.text);
  Bench postgres = MakeBench("pg");
  postgres.database.type = "postgres";
  Publish(context_, {postgres});
  const Collected none = Run();
  EXPECT_TRUE(none.status);
  EXPECT_EQ("", none.text);
}

}  // namespace
}  // namespace erpnext
