// SPDX-License-Identifier: Apache-2.0
#include "collectors/mariadb/heartbeat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/testing/collect.h"
#include "sources/testing/fake_mariadb.h"

namespace erpnext {
namespace {

using testing::HasSubstr;
using Row = std::vector<std::optional<std::string>>;

class MariadbHeartbeatTest : public testing::Test {
 protected:
  MariadbHeartbeatTest() {
    server_->answers = {{"/* mariadb_heartbeat */ SELECT", [this] { return answer_; }}};
    context_.mariadb_server = [this](const MariadbOptions&) { return server_; };
    Bench bench = MakeBench("b");
    bench.database = {"mariadb", {"", "db1", 3306}};
    Publish(context_, {bench});
  }
  Collected Run() { return CollectOnce(kMariadbHeartbeatCollector, context_); }

  Result<MariadbTable> answer_ =
      MariadbTable{{"server_id", "stored", "present"},
                   {Row{"1", "1795860000.001230", "1795860001.500000"},
                    Row{"4294967295", "1795859000.500000", "1795860001.500000"}}};
  std::shared_ptr<FakeMariadb> server_ = std::make_shared<FakeMariadb>();
  CollectorContext context_;
};

TEST_F(MariadbHeartbeatTest, HasTheNamesOfMysqldExporter) {
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  ExpectGolden("mariadb_heartbeat", run.text);
  ASSERT_EQ(1u, server_->statements.size());
  EXPECT_THAT(server_->statements[0], HasSubstr("UNIX_TIMESTAMP(NOW(6)) AS present FROM "
                                                "`heartbeat`.`heartbeat` ORDER BY"));
  EXPECT_THAT(server_->statements[0], testing::EndsWith(" LIMIT 100"));
}

TEST_F(MariadbHeartbeatTest, TableAndZoneAreSettings) {
  context_.settings.heartbeat = {{"my-db", "a`; DROP TABLE x; --"}, true};
  (void)Run();
  ASSERT_EQ(1u, server_->statements.size());
  EXPECT_THAT(server_->statements[0], HasSubstr("UNIX_TIMESTAMP(UTC_TIMESTAMP(6)) AS present FROM "
                                                "`my-db`.`a``; DROP TABLE x; --` ORDER BY"));
  EXPECT_EQ("`my-db`.`a``; DROP TABLE x; --`",
            kMariadbHeartbeatCollector.mariadb_setting_table(context_.settings));
}

TEST_F(MariadbHeartbeatTest, WithoutATableForUsThereIsNone) {
  for (const ErrorKind kind : {ErrorKind::kPermission, ErrorKind::kUnsupported}) {
    answer_ = Fail(kind, "no");
    const Collected run = Run();
    EXPECT_TRUE(run.status);
    EXPECT_EQ("", run.text);
  }
  answer_ = MariadbTable{};
  EXPECT_EQ("", Run().text);
  answer_ = Fail(ErrorKind::kTimeout, "no answer in time");
  EXPECT_EQ("timeout", Run().Kind());
}

TEST_F(MariadbHeartbeatTest, TakesAnyRows) {
  answer_->rows = {Row{},
                   Row{"secret", "1", "1"},
                   Row{"-1", "1", "1"},
                   Row{std::nullopt, "1", "1"},
                   Row{"2", std::nullopt, "1"},  // a text that is no time
                   Row{"3", "1", "1e999"},
                   Row{"007", "5", "6"}};
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("5", run.Value(R"(mysql_heartbeat_stored_timestamp_seconds{server_id="7"})"));
  EXPECT_EQ("absent", run.Value(R"(mysql_heartbeat_now_timestamp_seconds{server_id="2"})"));
  EXPECT_THAT(run.text, testing::Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace erpnext
