// SPDX-License-Identifier: Apache-2.0
#include "collectors/mariadb/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/testing/collect.h"
#include "core/testing/temp_folder.h"
#include "sources/mariadb_error.h"
#include "sources/testing/fake_mariadb.h"
#include "sources/testing/fault_server.h"

namespace erpnext {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

FakeMariadb::Answer Failing(ErrorKind kind) {
  return [kind]() -> Result<MariadbTable> { return Fail(kind, "x"); };
}

class MariadbStatusTest : public testing::Test {
 protected:
  MariadbStatusTest() {
    server_->answers = {{"SHOW GLOBAL STATUS",
                         [this]() -> Result<MariadbTable> { return FakeMariadb::Pairs(status_); }},
                        {"SELECT 1", []() -> Result<MariadbTable> { return MariadbTable(); }}};
    context_.mariadb_server = [this](const MariadbOptions& options) {
      options_.push_back(options);
      return server_;
    };
    Publish(context_, {BenchAt("b", "db1")});
  }

  static Bench BenchAt(const std::string& name, const std::string& host) {
    Bench bench = MakeBench(name);
    bench.database = {"mariadb", {"", host, 3306}};
    return bench;
  }
  Collected Run() { return CollectOnce(kMariadbStatusCollector, context_); }
  static std::string Up(std::string_view bench) {
    return fmt::format(R"(erpnext_mariadb_up{{bench="{}"}})", bench);
  }
  static std::string Reason(std::string_view reason) {
    return fmt::format(R"(erpnext_mariadb_connect_error_info{{bench="b",reason="{}"}})", reason);
  }

  std::vector<std::pair<std::string, std::string>> status_ = {
      {"Aborted_connects", "3"},
      {"Com_select", "100"},
      {"Connection_errors_max_connections", "1"},
      {"Handler_read_next", "5"},
      {"Innodb_buffer_pool_pages_data", "4000"},
      {"Innodb_buffer_pool_pages_dirty", "12"},
      {"Innodb_buffer_pool_pages_flushed", "900"},
      {"Innodb_buffer_pool_pages_total", "8000"},
      {"Innodb_deadlocks", "2"},
      {"Innodb_row_lock_waits", "7"},
      {"Innodb_rows_read", "12345"},
      {"Performance_schema_users_lost", "0"},
      {"Rpl_status", "AUTH_MASTER"},
      {"Some_new_variable", "1.5"},
      {"Slave_running", "OFF"},
      {"Slow_queries", "9"},
      {"Threads_connected", "8"},
      {"Ssl_cipher", ""},
      {"Ssl_server_not_after", "Jan  1 00:00:00 2030 GMT"},
      {"Ssl_server_not_before", ""}};
  std::shared_ptr<FakeMariadb> server_ = std::make_shared<FakeMariadb>();
  std::vector<MariadbOptions> options_;
  CollectorContext context_;
};

TEST_F(MariadbStatusTest, PublishesTheStatus) {
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  ExpectGolden("mariadb_status", collected.text);
}

TEST_F(MariadbStatusTest, SaysNothingWithoutMariadb) {
  Bench postgres = BenchAt("pg", "db1");
  postgres.database.type = "postgres";
  Bench sqlite = postgres;
  sqlite.database.type = "sqlite";
  for (const auto& benches : {std::vector<Bench>{}, {postgres, sqlite}}) {
    Publish(context_, benches);
    const Collected collected = Run();
    EXPECT_TRUE(collected.status);
    EXPECT_EQ("", collected.text);
  }
  EXPECT_TRUE(options_.empty());
}

TEST_F(MariadbStatusTest, EveryFailureHasItsReason) {
  struct {
    ErrorKind kind;
    const char *reason, *up;
  } const cases[] = {
      {ErrorKind::kUnavailable, "down", "0"},
      {ErrorKind::kRefused, "refused", "0"},
      {ErrorKind::kTimeout, "timeout", "0"},
      {ErrorKind::kPermission, "denied", "1"},
      {ErrorKind::kProtocol, "protocol", "0"},
      {ErrorKind::kLimit, "too_many_connections", "1"},
      {ErrorKind::kMalformed, "protocol", "0"},
      {ErrorKind::kUserLimit, "user_limit", "1"},
      {ErrorKind::kHostBlocked, "host_blocked", "1"},
  };
  for (const auto& test : cases) {
    server_->answers = {{"", Failing(test.kind)}};
    const Collected collected = Run();
    EXPECT_EQ(ErrorKindName(test.kind), collected.Kind());
    EXPECT_EQ("1", collected.Value(Reason(test.reason))) << test.reason;
    EXPECT_EQ(test.up, collected.Value(Up("b"))) << test.reason;
    EXPECT_EQ("0", collected.Value("mysql_up")) << test.reason;
    EXPECT_THAT(collected.text, Not(HasSubstr("mysql_global"))) << test.reason;
  }
}

// Numbers of the server and of the client library, through to the reason.
TEST_F(MariadbStatusTest, ErrorNumbersBecomeReasons) {
  struct {
    unsigned number;
    const char *message, *reason;
  } const cases[] = {
      {2002, "Can't connect to local server through socket '/x.sock' (2)", "down"},
      {2002, "Can't connect to local server through socket '/x.sock' (111)", "refused"},
      {2003, "Can't connect to server on 'db' (111)", "refused"},
      {2003, "Can't connect to server on 'db' (113)", "down"},
      {2003, "Can't connect to server on 'db' (110)", "timeout"},
      {2005, "Unknown server host 'db' (-2)", "down"},
      {2006, "Server has gone away", "down"},
      {2013, "Lost connection to server", "down"},
      {1040, "Too many connections", "too_many_connections"},
      {1203, "User u already has more than 'max_user_connections'", "user_limit"},
      {1226, "User u has exceeded the resource", "user_limit"},
      {1044, "Access denied", "denied"},
      {1045, "Access denied for user", "denied"},
      {1129, "Host is blocked because of many connection errors", "host_blocked"},
      {1130, "Host is not allowed to connect", "denied"},
      {1698, "Access denied for user", "denied"},
      {4151, "Access denied, this account is locked", "denied"},
      {1053, "Server shutdown in progress", "down"},
      {1969, "Query execution was interrupted (max_statement_time exceeded)", "timeout"},
      {3024, "Query execution was interrupted, maximum statement execution time exceeded",
       "timeout"},
      {2026, "TLS error", "protocol"},
      {2027, "Malformed packet", "protocol"},
  };
  for (const auto& test : cases) {
    server_->answers = {{"", Failing(MariadbErrorKind(test.number, test.message))}};
    EXPECT_EQ("1", Run().Value(Reason(test.reason))) << test.number << " " << test.message;
  }
}

TEST_F(MariadbStatusTest, BenchesOfOneServerShareItsAnswer) {
  Publish(context_, {BenchAt("a", "db1"), BenchAt("b", "db1")});
  const Collected collected = Run();
  EXPECT_EQ("1", collected.Value(Up("a")));
  EXPECT_EQ("1", collected.Value(Up("b")));
  EXPECT_THAT(server_->statements, ElementsAre("SHOW GLOBAL STATUS"));
}

TEST_F(MariadbStatusTest, OneDeadServerLeavesTheOtherAlone) {
  const auto dead = std::make_shared<FakeMariadb>();
  dead->answers = {{"", Failing(ErrorKind::kRefused)}};
  context_.mariadb_server = [&](const MariadbOptions& options) {
    return options.address.host == "dead" ? dead : server_;
  };
  Publish(context_, {BenchAt("a", "db1"), BenchAt("b", "dead")});
  const Collected collected = Run();
  EXPECT_EQ("refused", collected.Kind());
  EXPECT_EQ("1", collected.Value(Up("a")));
  EXPECT_EQ("0", collected.Value(Up("b")));
  EXPECT_EQ("1", collected.Value("mysql_up")) << "it tells of the first server";
  EXPECT_THAT(dead->statements, ElementsAre("SELECT 1"));
}

TEST_F(MariadbStatusTest, TakesHostileRows) {
  status_ = {{"", ""},           {"\xFF\x01", "1"}, {"a b", "1"},
             {"Uptime", "\xFE"}, {"Com_\xFF", "2"}, {"Questions", "1e400"},
             {"Queries", "12 "}, {"UPTIME", "4"},   {"Connections", "-1"}};
  for (int i = 0; i < 20'000; ++i) status_.emplace_back(fmt::format("x{}", i), "1");
  const auto with_odd_rows = [this]() -> Result<MariadbTable> {
    MariadbTable table = FakeMariadb::Pairs(status_);
    table.rows.push_back({});
    table.rows.push_back({std::nullopt, "1"});
    table.rows.push_back({"Threads_running", std::nullopt});
    table.rows.push_back({"one", "two", "three"});
    return table;
  };
  server_->answers[0].second = with_odd_rows;
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  EXPECT_GT(collected.dropped.over_limit, 0u);
  EXPECT_GT(collected.dropped.invalid_name, 0u);
  EXPECT_EQ("absent", collected.Value("mysql_global_status_threads_running"));
  EXPECT_EQ("absent", collected.Value("mysql_global_status_queries"));
  EXPECT_EQ("-1", collected.Value("mysql_global_status_connections"));
  EXPECT_EQ("2", collected.Value("mysql_global_status_commands_total{command=\"\xEF\xBF\xBD\"}"));
}

TEST_F(MariadbStatusTest, RealConnectionsThatFailHaveTheirReasons) {
  context_.mariadb_server = CollectorContext().mariadb_server;
  context_.settings.mariadb.user = "u";
  TempFolder folder;
  Address closed;
  {
    FaultServer server(FaultServer::Hangs());
    closed = server.address();
  }
  FaultServer hangs(FaultServer::Hangs());
  // The packet that a full server sends instead of its greeting.
  FaultServer full([](const auto& c) {
    const std::string text = "Too many connections";
    c.Send(std::string{static_cast<char>(3 + text.size()), 0, 0, 0, '\xFF', '\x10', '\x04'} + text);
    c.HangUntilStopped();
  });
  const std::pair<Address, const char*> cases[] = {
      {{folder.path("none.sock"), "", 0}, "down"},
      {closed, "refused"},
      {hangs.address(), "timeout"},
      {full.address(), "too_many_connections"},
  };
  for (const auto& [address, reason] : cases) {
    Bench bench = BenchAt("b", "");
    bench.database.address = address;
    Publish(context_, {bench});
    const auto collector = kMariadbStatusCollector.make(context_);
    const Collected collected =
        Collect(kMariadbStatusCollector, *collector, Deadline::After(std::chrono::seconds(1)));
    EXPECT_EQ("1", collected.Value(Reason(reason))) << reason << "\n" << collected.text;
  }
}

}  // namespace
}  // namespace erpnext
