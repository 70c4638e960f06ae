// SPDX-License-Identifier: Apache-2.0
#include "exporter/mysql_targets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporter/exposition.h"
#include "sources/testing/fake_mariadb.h"

namespace erpnext {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// Answers with the name of the host that was asked, as its uptime.
class Server final : public MariadbServer {
 public:
  explicit Server(MariadbOptions options) : options_(std::move(options)) {}

  Result<MariadbTable> Query(std::string_view statement, Deadline) override {
    if (statement != "SHOW GLOBAL STATUS") return Fail(ErrorKind::kPermission, "denied");
    return FakeMariadb::Pairs({{"Uptime", options_.address.host.substr(2)}});
  }

 private:
  MariadbOptions options_;
};

class MysqlTargetsTest : public testing::Test {
 protected:
  MysqlTargetsTest() {
    context_.mariadb_server = [this](const MariadbOptions& options) {
      const std::lock_guard lock(mutex_);
      asked_.push_back(options);
      return std::make_shared<Server>(options);
    };
    settings_.collect.mariadb.user = "watcher";
    settings_.collect.mariadb.password = Secret("common");
    Publish({{"bench1", "db1"}, {"bench2", "db2"}});
  }

  void Publish(const std::vector<std::pair<std::string, std::string>>& benches) {
    Inventory inventory;
    for (const auto& [name, host] : benches) {
      inventory.benches.emplace_back().name = name;
      inventory.benches.back().database = {"mariadb", {"", host, 3306}};
    }
    inventory.benches.emplace_back().name = "other";
    inventory.benches.back().database.type = "postgres";
    context_.inventory->Publish(std::move(inventory));
  }
  void Configure(const std::string& name, const std::string& host) {
    MysqlTarget& target = settings_.mysql_targets.emplace_back();
    target.name = name;
    target.login.address = {"", host, 3307};
    target.login.user = "far";
    target.login.password = Secret("away");
  }
  std::unique_ptr<MysqlTargets> Make() {
    return std::make_unique<MysqlTargets>(settings_, context_,
                                          [](const std::string&, const Status&) {});
  }
  static std::string Text(MysqlTargets& targets, const std::string& name,
                          const CollectorFilter& filter = {}) {
    const auto views = targets.Scrape(name, filter, Deadline::After(milliseconds(5000)));
    if (!views) {
      return fmt::format("{}: {}", ErrorKindName(views.error().kind), views.error().message);
    }
    std::string text;
    for (const CollectorView& view : *views) {
      if (view.snapshot) text += view.snapshot->Text(ExpositionFormat::kText);
    }
    return text;
  }

  Settings settings_;
  CollectorContext context_;
  std::mutex mutex_;
  std::vector<MariadbOptions> asked_;
};

TEST_F(MysqlTargetsTest, EachBenchHasTheServerThatItUses) {
  const auto targets = Make();
  EXPECT_THAT(targets->Names(), ElementsAre("bench1", "bench2"));
  EXPECT_THAT(Text(*targets, "bench2"), HasSubstr("\nmysql_global_status_uptime 2\n"));
  EXPECT_THAT(Text(*targets, "bench1"), HasSubstr("\nmysql_global_status_uptime 1\n"));
  Bench bench;
  bench.database = {"mariadb", {"", "db2", 3306}};
  const std::lock_guard lock(mutex_);
  // The very options of the bench's server, whose two sessions are so shared.
  EXPECT_EQ(MariadbOptionsFor(bench, settings_.collect.mariadb), asked_.front());
}

TEST_F(MysqlTargetsTest, HasTheNamesOfMysqldExporterOnly) {
  settings_.tiers = NameTiers::kOwn;
  const std::string text = Text(*Make(), "bench1");
  EXPECT_THAT(text, HasSubstr("\nmysql_up 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("erpnext_")));
  EXPECT_THAT(text, Not(HasSubstr("node_")));
}

TEST_F(MysqlTargetsTest, ConfiguredOnesGoBeforeBenches) {
  Configure("bench1", "db7");
  Configure("archive", "db8");
  const auto targets = Make();
  EXPECT_THAT(targets->Names(), ElementsAre("archive", "bench1", "bench2"));
  EXPECT_THAT(Text(*targets, "bench1"), HasSubstr("\nmysql_global_status_uptime 7\n"));
  EXPECT_THAT(Text(*targets, "archive"), HasSubstr("\nmysql_global_status_uptime 8\n"));
  const std::lock_guard lock(mutex_);
  EXPECT_EQ("far", asked_.back().user);
  EXPECT_EQ(Secret("away"), asked_.back().password);
}

TEST_F(MysqlTargetsTest, AnythingElseIsRefusedWithTheNamesThatThereAre) {
  const auto targets = Make();
  for (const std::string name : {"", "db1", "db1:3306", "other", "127.0.0.1", "../bench1",
                                 "bench1\n", "unix:/run/mysqld/mysqld.sock", "\xFF"}) {
    EXPECT_EQ("unsupported: no such target; ?target=NAME takes: bench1, bench2",
              Text(*targets, name))
        << name;
  }
  const std::lock_guard lock(mutex_);
  EXPECT_TRUE(asked_.empty());
}

TEST_F(MysqlTargetsTest, CollectorsCanBeChosen) {
  const auto targets = Make();
  EXPECT_THAT(Text(*targets, "bench1", {{"mariadb_status"}, {}}), HasSubstr("mysql_up 1"));
  EXPECT_EQ("", Text(*targets, "bench1", {{}, {"mariadb_status"}}));
  EXPECT_THAT(Text(*targets, "bench1", {{"queues"}, {}}), HasSubstr("malformed: no enabled"));
  settings_.collectors["mariadb_status"] = false;
  EXPECT_THAT(Text(*Make(), "bench1"), Not(HasSubstr("mysql_up")));
}

TEST_F(MysqlTargetsTest, WhatIsOffByDefaultIsOffHereToo) {
  for (const std::string name : {"mariadb_digests", "mariadb_table_io", "mariadb_heartbeat"}) {
    settings_.collectors.clear();
    EXPECT_THAT(Text(*Make(), "bench1", {{name}, {}}), HasSubstr("malformed: no enabled")) << name;
    settings_.collectors[name] = true;
    EXPECT_EQ("", Text(*Make(), "bench1", {{name}, {}})) << name;  // it has no right, which is well
  }
}

TEST_F(MysqlTargetsTest, ABenchThatMovesIsAskedAtItsNewServer) {
  const auto targets = Make();
  EXPECT_THAT(Text(*targets, "bench1"), HasSubstr("\nmysql_global_status_uptime 1\n"));
  Publish({{"bench1", "db5"}});
  EXPECT_THAT(Text(*targets, "bench1"), HasSubstr("\nmysql_global_status_uptime 5\n"));
  EXPECT_THAT(Text(*targets, "bench2"), HasSubstr("unsupported"));
}

TEST_F(MysqlTargetsTest, ManyServersTakeTurns) {
  std::vector<std::pair<std::string, std::string>> benches;
  for (std::size_t i = 0; i < 3 * MysqlTargets::kMost; ++i) {
    benches.emplace_back(fmt::format("b{}", i), fmt::format("db{}", i));
  }
  Publish(benches);
  const auto targets = Make();
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < benches.size(); ++i) {
      EXPECT_THAT(Text(*targets, benches[i].first, {{"mariadb_status"}, {}}),
                  HasSubstr(fmt::format("\nmysql_global_status_uptime {}\n", i)));
    }
  }
  EXPECT_TRUE(targets->Stop(Deadline::After(milliseconds(5000))));
}

}  // namespace
}  // namespace erpnext
