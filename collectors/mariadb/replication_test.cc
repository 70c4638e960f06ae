// SPDX-License-Identifier: Apache-2.0
#include "collectors/mariadb/replication.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/testing/collect.h"
#include "sources/testing/fake_mariadb.h"

namespace erpnext {
namespace {

using testing::HasSubstr;
using testing::Not;
using Row = std::vector<std::optional<std::string>>;

constexpr const char* kRunning =
    R"(mysql_slave_status_slave_sql_running{master_host="db2",master_uuid="",channel_name="",connection_name="east"})";

class MariadbReplicationTest : public testing::Test {
 protected:
  MariadbReplicationTest() {
    server_->answers = {
        {"/* mariadb_replication */ SHOW ALL SLAVES STATUS", [this] { return replica_; }},
        {"/* mariadb_replication */ SHOW SLAVE STATUS", [this] { return only_; }},
        {"/* mariadb_replication */ SHOW GLOBAL VARIABLES",
         [this] {
           return FakeMariadb::Pairs({{"log_bin", log_bin_}});
         }},
        {"/* mariadb_replication */ SHOW BINARY LOGS", [this] { return logs_; }}};
    context_.mariadb_server = [this](const MariadbOptions&) { return server_; };
    Bench bench = MakeBench("b");
    bench.database = {"mariadb", {"", "db1", 3306}};
    Publish(context_, {bench});
  }
  Collected Run() { return CollectOnce(kMariadbReplicationCollector, context_); }

  // As MariaDB 10.11 answers, in part.
  Result<MariadbTable> replica_ =
      MariadbTable{{"Connection_name", "Slave_SQL_State", "Master_Host", "Master_User",
                    "Master_Port", "Slave_IO_Running", "Slave_SQL_Running", "Last_Errno",
                    "Last_Error", "Seconds_Behind_Master", "Using_Gtid", "Gtid_IO_Pos",
                    "Slave_heartbeat_period", "Replicate_Ignore_Server_Ids", "Gtid_Slave_Pos"},
                   {Row{"", "Slave has read all relay log", "db1", "repl", "3306", "Yes", "Yes",
                        "0", "", "7", "Slave_Pos", "0-11-6,3-12-9", "30.000", "5", "0-11-5"},
                    Row{"east", "", "db2", "repl", "3307", "Connecting", "No", "1062",
                        "Duplicate entry 'x'", std::nullopt, "No", "", "60.000", "", "0-11-5,x"}}};
  Result<MariadbTable> only_ = Fail(ErrorKind::kUnsupported, "syntax");
  std::string log_bin_ = "ON";
  Result<MariadbTable> logs_ = MariadbTable{
      {"Log_name", "File_size"}, {Row{"mysql.bin.000009", "1000"}, Row{"mysql.bin.000010", "234"}}};
  std::shared_ptr<FakeMariadb> server_ = std::make_shared<FakeMariadb>();
  CollectorContext context_;
};

TEST_F(MariadbReplicationTest, PublishesEachSourceAndTheBinaryLogs) {
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  ExpectGolden("mariadb_replication", run.text);
  EXPECT_EQ("0", run.Value(kRunning));
  EXPECT_THAT(run.text, Not(HasSubstr("Duplicate")));
}

TEST_F(MariadbReplicationTest, AServerThatFollowsNobodyAndKeepsNoLogsIsSilent) {
  replica_ = MariadbTable{{"Connection_name", "Master_Host"}, {}};
  log_bin_ = "OFF";
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("", run.text);
  EXPECT_EQ(2u, server_->statements.size());
}

TEST_F(MariadbReplicationTest, WhoMaySeeOneSeesOne) {
  replica_ = Fail(ErrorKind::kPermission, "Access denied; you need SLAVE MONITOR");
  Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("1234", run.Value("mysql_binlog_size_bytes"));
  EXPECT_EQ("10", run.Value("mysql_binlog_file_number"));
  logs_ = Fail(ErrorKind::kPermission, "Access denied; you need BINLOG MONITOR");
  run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("", run.text);
}

TEST_F(MariadbReplicationTest, AsksMysqlInItsOwnWords) {
  replica_ = Fail(ErrorKind::kUnsupported, "syntax");
  only_ = MariadbTable{{"Master_Host", "Slave_SQL_Running", "Master_UUID", "Channel_Name"},
                       {Row{"db2", "Yes", "3e11fa47", "east"}}};
  EXPECT_EQ("1", Run().Value("mysql_slave_status_slave_sql_running{master_host=\"db2\",master_uuid="
                             "\"3e11fa47\",channel_name=\"east\",connection_name=\"\"}"));
  only_ = Fail(ErrorKind::kUnsupported, "syntax");
  Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("2", run.Value("mysql_binlog_files"));
  only_ = Fail(ErrorKind::kTimeout, "no answer in time");
  EXPECT_EQ("timeout", Run().Kind());
}

TEST_F(MariadbReplicationTest, AnErrorOfOneDoesNotTakeTheOther) {
  replica_ = Fail(ErrorKind::kTimeout, "no answer in time");
  const Collected run = Run();
  EXPECT_EQ("timeout", run.Kind());
  EXPECT_EQ("2", run.Value("mysql_binlog_files"));
}

TEST_F(MariadbReplicationTest, NoFileYetHasNoNumber) {
  logs_ = MariadbTable{{"Log_name", "File_size"}, {}};
  EXPECT_EQ("0", Run().Value("mysql_binlog_size_bytes"));
  EXPECT_EQ("absent", Run().Value("mysql_binlog_file_number"));
}

TEST_F(MariadbReplicationTest, TakesHostileRows) {
  replica_ = MariadbTable{{"Master_Host", "Last_Errno"}, {Row{}, Row{"h"}, Row{"h", "1e999"}}};
  replica_->rows.resize(10'000, Row{"\xFF", "3"});
  logs_ = MariadbTable{{"Log_name"}, {Row{}, Row{"no number"}, Row{"a.-3"}}};
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("absent", run.Value("mysql_binlog_file_number"));
  EXPECT_EQ("3", run.Value("mysql_binlog_files"));
  EXPECT_EQ(60u, run.dropped.duplicate);
}

}  // namespace
}  // namespace erpnext
