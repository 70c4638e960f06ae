// SPDX-License-Identifier: Apache-2.0
#include "collectors/mariadb/activity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/testing/collect.h"
#include "collectors/testing/fake_sites.h"
#include "sources/testing/fake_mariadb.h"

namespace erpnext {
namespace {

using testing::HasSubstr;
using testing::Not;
using Row = std::vector<std::optional<std::string>>;

class MariadbActivityTest : public testing::Test {
 protected:
  MariadbActivityTest() {
    bench_.database = {"mariadb", {"", "db1", 3306}};
    AddSite(bench_, "a.example", R"({"db_host": "db1", "db_name": "_a"})");
    AddSite(bench_, "b.example", R"({"db_host": "db1", "db_name": "_b", "db_user": "b_user"})");
    server_->answers = {
        {"/* mariadb_activity */ SELECT ID", [this] { return Rows(sessions_); }},
        {"/* mariadb_activity */ SELECT trx_id",
         [this]() -> Result<MariadbTable> {
           if (transactions_error_) return Fail(*transactions_error_, "x");
           return Rows(transactions_);
         }},
        {"/* mariadb_activity */ SELECT THREAD_ID",
         [this]() -> Result<MariadbTable> {
           if (definitions_.empty()) return Fail(ErrorKind::kUnsupported, "x");
           return Rows(definitions_);
         }},
        {"/* mariadb_activity */ SELECT lock_id",
         [this]() -> Result<MariadbTable> {
           if (locks_error_) return Fail(*locks_error_, "x");
           return Rows(locks_);
         }},
        {"/* mariadb_activity */ SELECT requesting_trx_id, blocking_trx_id FROM "
         "information_schema.INNODB_LOCK_WAITS WHERE blocking_trx_id IN",
         [this] { return Rows(waits_for_heads_); }},
        {"/* mariadb_activity */ SELECT requesting_trx_id", [this] { return Rows(waits_); }}};
    context_.mariadb_server = [this](const MariadbOptions& options) {
      return options.address.host == "db2" ? other_server_ : server_;
    };
  }

  static Result<MariadbTable> Rows(const std::vector<Row>& rows) { return MariadbTable{{}, rows}; }
  Collected Run() {
    Publish(context_, {bench_});
    return CollectOnce(kMariadbActivityCollector, context_);
  }

  // A transaction of a that sleeps holds up one of a, behind which one of b waits; a table of b
  // is being altered.
  std::vector<Row> sessions_ = {
      Row{"1", "_a", "127.0.0.1", "_a", "Sleep", "", "90"},
      Row{"2", "_a", "127.0.0.1", "_a", "Query", "Updating", "8"},
      Row{"3", "b_user", "10.0.0.7", std::nullopt, "Execute", "Updating", "4"},
      Row{"4", "root", "localhost", "_b", "Query", "Waiting for table metadata lock", "31"},
      Row{"5", "root", "localhost", std::nullopt, "Query", "Waiting for backup lock", "2"},
      Row{"6", "system user", "", std::nullopt, "Daemon", "InnoDB: purge (2), idle-time", "-1"}};
  std::vector<Row> transactions_ = {
      Row{"100", "1", "95", std::nullopt, std::nullopt}, Row{"101", "2", "9", "8", "101:5:3:2"},
      Row{"102", "3", "5", "4", "102:6:3:9"}, Row{"103", "77", "1", std::nullopt, std::nullopt}};
  std::vector<Row> locks_ = {
      Row{"100:5:3:2", "`_a`.`tabSales Invoice`", "PRIMARY", "X"},
      Row{"101:5:3:2", "`_a`.`tabSales Invoice`", "PRIMARY", "X"},
      Row{"101:6:3:9", "`_b`.`tabBin` /* Partition `p0` */", "by_item", "X,GAP"},
      Row{"102:6:3:9", "`_b`.`tabBin` /* Partition `p0` */", "by_item", "X,GAP"}};
  std::vector<Row> waits_for_heads_;
  std::vector<Row> waits_ = {Row{"101", "100"}, Row{"102", "101"}, Row{"102", "100"}};
  // Session 4 wants to change tabItem, which 1 and 2 read; 2 twice.
  std::vector<Row> definitions_ = {Row{"1", "_b", "tabItem"}, Row{"2", "_b", "tabItem"},
                                   Row{"2", "_b", "tabItem"}, Row{"4", "_b", "tabItem"},
                                   Row{"1", "_b", "tabBin"},  Row{"99", "_b", "tabItem"},
                                   Row{"1", std::nullopt, ""}};
  std::optional<ErrorKind> transactions_error_, locks_error_;
  std::shared_ptr<FakeMariadb> server_ = std::make_shared<FakeMariadb>();
  std::shared_ptr<FakeMariadb> other_server_ = std::make_shared<FakeMariadb>();
  CollectorContext context_;
  Bench bench_ = MakeBench("b");
};

TEST_F(MariadbActivityTest, PublishesWhoDoesWhatAndWhoWaitsForWhom) {
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  ExpectGolden("mariadb_activity", run.text);
}

TEST_F(MariadbActivityTest, WithoutThePluginNobodyIsBlamed) {
  definitions_ = {};
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_THAT(run.text, Not(HasSubstr("definition_holders{")));
  EXPECT_THAT(run.text, HasSubstr("blocked_sessions{"));
}

TEST_F(MariadbActivityTest, WhileNobodyWaitsTwoStatementsAreAll) {
  sessions_ = {};
  transactions_ = {};
  const Collected run = Run();
  EXPECT_EQ(2u, server_->statements.size());
  EXPECT_EQ("0", run.Value(R"(erpnext_mariadb_lock_waits{bench="b",site="a.example",kind="row"})"));
  EXPECT_EQ("absent", run.Value(R"(erpnext_mariadb_longest_transaction_seconds{bench="b",site="a.)"
                                R"(example"})"));
  EXPECT_THAT(run.text, Not(HasSubstr("blocked_sessions{")));
}

TEST_F(MariadbActivityTest, WithoutTransactionsTheSessionsAreThere) {
  for (const ErrorKind kind : {ErrorKind::kPermission, ErrorKind::kUnsupported}) {
    transactions_error_ = kind;
    const Collected run = Run();
    EXPECT_TRUE(run.status);
    EXPECT_EQ("2", run.Value(R"(erpnext_mariadb_connections{bench="b",site="a.example"})"));
    EXPECT_THAT(run.text, Not(HasSubstr("transactions{")));
    EXPECT_THAT(run.text, Not(HasSubstr("kind=\"row\"")));
    EXPECT_EQ(
        "1",
        run.Value(R"(erpnext_mariadb_lock_waits{bench="b",site="b.example",kind="metadata"})"));
  }
  transactions_error_ = ErrorKind::kTimeout;
  EXPECT_EQ("timeout", Run().Kind());
}

TEST_F(MariadbActivityTest, WithoutLocksTheTransactionsAreThere) {
  locks_error_ = ErrorKind::kUnsupported;
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("2", run.Value(R"(erpnext_mariadb_transactions{bench="b",site="a.example"})"));
  EXPECT_EQ("1", run.Value(R"(erpnext_mariadb_lock_waits{bench="b",site="a.example",kind="row"})"));
  EXPECT_THAT(run.text, Not(HasSubstr("blocked_sessions{")));
  EXPECT_THAT(run.text, Not(HasSubstr("row_lock_waits{")));
  locks_error_ = ErrorKind::kTimeout;
  EXPECT_EQ("timeout", Run().Kind());
}

// The server shows such a login its own sessions, and calls that all there are.
TEST_F(MariadbActivityTest, WithoutProcessSitesOfUnseenSessionsAreAbsent) {
  transactions_error_ = ErrorKind::kPermission;
  sessions_ = {Row{"1", "_a", "127.0.0.1", "_a", "Sleep", "", "90"},
               Row{"5", "exporter", "localhost", std::nullopt, "Sleep", "", "2"}};
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("1", run.Value(R"(erpnext_mariadb_connections{bench="b",site="a.example"})"));
  EXPECT_THAT(run.text, Not(HasSubstr("site=\"b.example\"")));
  EXPECT_THAT(run.text, Not(HasSubstr("site=\"other\"")));
}

TEST_F(MariadbActivityTest, ASiteWithAServerOfItsOwnIsLookedForThere) {
  AddSite(bench_, "c.example", R"({"db_host": "db2", "db_name": "_c"})");
  AddSite(bench_, "d.example", R"({"db_host": "db2", "db_name": "_a2", "db_user": "_a"})");
  other_server_->answers = {
      {"/* mariadb_activity */ SELECT ID",
       [] {
         return Rows(
             {Row{"1", "_a", "10.0.0.7", "_a2", "Query", "Updating", "8"},
              Row{"2", "_c", "10.0.0.7", "_c", "Sleep", "", "8"},
              Row{"3", "_b", "10.0.0.7", "_b", "Sleep", "", "8"},
              Row{"4", "root", "10.0.0.7", {}, "Query", "Waiting for table metadata lock", "8"}});
       }},
      {"/* mariadb_activity */ SELECT THREAD_ID",
       [] {
         return Rows({Row{"2", "_b", "tabItem"}, Row{"4", "_b", "tabItem"}});
       }},
      {"/* mariadb_activity */ SELECT trx_id",
       [] {
         return Rows({Row{"100", "3", "1", {}, {}}, Row{"101", "1", "1", "1", "101:1"}});
       }},
      {"/* mariadb_activity */ SELECT lock_id",
       [] {
         return Rows({Row{"101:1", "`_b`.`tabBin`", "PRIMARY", "X"}});
       }},
      {"/* mariadb_activity */ SELECT requesting_trx_id", [] {
         return Rows({Row{"101", "100"}});
       }}};
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  const auto connections = [&](const char* site) {
    return run.Value(fmt::format("erpnext_mariadb_connections{{bench=\"b\",site=\"{}\"}}", site));
  };
  EXPECT_EQ("2", connections("a.example"));
  EXPECT_EQ("2", connections("b.example"));
  EXPECT_EQ("1", connections("c.example"));
  EXPECT_EQ("1", connections("d.example"));
  EXPECT_EQ("2", connections("other")) << "of the bench's own server";
  EXPECT_EQ(run.text.find("connections{bench=\"b\",site=\"other\""),
            run.text.rfind("connections{bench=\"b\",site=\"other\""));
  EXPECT_THAT(run.text, Not(HasSubstr("doctype=\"Item\",blocker=\"idle\"} 2")));
  EXPECT_THAT(run.text, Not(HasSubstr("site=\"other\",doctype")));
  EXPECT_THAT(run.text, Not(HasSubstr("blocked_sessions{bench=\"b\",site=\"other\"")));
}

TEST_F(MariadbActivityTest, DoctypesWithoutEndAreOther) {
  transactions_.clear();
  for (int i = 0; i < 101; ++i) {
    const std::string id = std::to_string(1000 + i);
    transactions_.push_back(Row{id, "2", "9", "8", id + ":lock"});
    locks_.push_back(
        Row{id + ":lock", fmt::format("`_a`.`tabDocType {:02}`", std::min(i, 99)), "", ""});
  }
  const Collected run = Run();
  const auto waits = [&](const char* doctype) {
    return run.Value(fmt::format(
        "erpnext_mariadb_row_lock_waits{{bench=\"b\",site=\"a.example\",doctype=\"{}\"}}",
        doctype));
  };
  EXPECT_EQ("2", waits("DocType 99"));
  EXPECT_EQ("1", waits("DocType 18"));
  EXPECT_EQ("absent", waits("DocType 19"));
  EXPECT_EQ("80", waits("other"));
}

TEST_F(MariadbActivityTest, TakesHostileRows) {
  sessions_ = {Row{}, Row{"1"},
               Row{"\xFF", std::string(1000, 'u'), "\xFE", "`", "", "x\ny", "many"}};
  transactions_ = {Row{}, Row{"1", std::nullopt, "", "", ""}, Row{"5", "1", "-3", "x", "l"},
                   Row{"6", "1", "1", "1", "none"}, Row{"7", "1", "1", std::nullopt, "l"}};
  locks_ = {Row{}, Row{"l", "no name", "", ""}, Row{"m", std::nullopt, "", ""}, Row{"l"}};
  waits_ = {Row{}, Row{"5", "5"}, Row{"5", std::nullopt}, Row{"5", "4"}};
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("2", run.Value(R"(erpnext_mariadb_lock_waits{bench="b",site="other",kind="row"})"));
}

// InnoDB tells of each that waits with each that stands before it in the line.
TEST_F(MariadbActivityTest, ALineForOneRowIsAsLongAsThereAreTransactionsInIt) {
  constexpr int kWaiting = 200;
  transactions_ = {Row{"1000", "1", "95", std::nullopt, std::nullopt}};
  waits_.clear();
  for (int i = 1; i <= kWaiting; ++i) {
    const std::string id = std::to_string(1000 + i);
    transactions_.push_back(Row{id, "2", "9", "8", "101:5:3:2"});
    for (int before = 0; before < i; ++before) {
      waits_.push_back(Row{id, std::to_string(1000 + before)});
    }
  }
  const std::string blocked = R"(erpnext_mariadb_blocked_sessions{bench="b",site="a.example",)";
  Collected run = Run();
  EXPECT_EQ("200", run.Value(R"(erpnext_mariadb_row_lock_waits{bench="b",site="a.example",)"
                             R"(doctype="Sales Invoice"})"));
  EXPECT_EQ("200", run.Value(blocked + R"(blocker="idle"})"));
  EXPECT_EQ("absent", run.Value(blocked + R"(blocker="running"})"));
}

// The server gives no more pairs than it is asked for: here of the last in the line first, so that
// those before them seem to wait for nobody.
TEST_F(MariadbActivityTest, OfALineOfHundredsTheHeadIsKnown) {
  constexpr int kWaiting = 600;
  transactions_ = {Row{"1000", "1", "95", std::nullopt, std::nullopt}};
  waits_.clear();
  for (int i = kWaiting; i > 0; --i) {
    const std::string id = std::to_string(1000 + i);
    transactions_.push_back(Row{id, "2", "9", "8", "101:5:3:2"});
    for (int before = 0; before < i; ++before) {
      waits_.push_back(Row{id, std::to_string(1000 + before)});
    }
  }
  waits_.resize(100'000);
  const std::string blocked = R"(erpnext_mariadb_blocked_sessions{bench="b",site="a.example",)";
  Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("absent", run.Value(blocked + R"(blocker="running"})"));
  EXPECT_EQ("200", run.Value(blocked + R"(blocker="idle"})"));  // whose pairs came
  for (int i = kWaiting; i > 0; --i) {
    waits_for_heads_.push_back(Row{std::to_string(1000 + i), "1000"});
  }
  run = Run();
  EXPECT_EQ("absent", run.Value(blocked + R"(blocker="running"})"));
  EXPECT_EQ("600", run.Value(blocked + R"(blocker="idle"})"));
  EXPECT_EQ("600", run.Value(R"(erpnext_mariadb_row_lock_waits{bench="b",site="a.example",)"
                             R"(doctype="Sales Invoice"})"));
}

TEST_F(MariadbActivityTest, AServerThatFailsHasNoSamples) {
  server_->answers = {
      {"", []() -> Result<MariadbTable> { return Fail(ErrorKind::kRefused, "nobody listens"); }}};
  const Collected run = Run();
  EXPECT_EQ("refused", run.Kind());
  EXPECT_EQ("", run.text);
}

}  // namespace
}  // namespace erpnext
