// SPDX-License-Identifier: Apache-2.0
#include "collectors/mariadb/innodb.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/testing/collect.h"
#include "sources/testing/fake_mariadb.h"

namespace erpnext {
namespace {

using Row = std::vector<std::optional<std::string>>;

class MariadbInnodbTest : public testing::Test {
 protected:
  MariadbInnodbTest() {
    server_->answers = {{"/* mariadb_innodb */", [this] { return answer_; }}};
    context_.mariadb_server = [this](const MariadbOptions&) { return server_; };
    Bench bench = MakeBench("b");
    bench.database = {"mariadb", {"", "db1", 3306}};
    Publish(context_, {bench});
  }
  Collected Run() { return CollectOnce(kMariadbInnodbCollector, context_); }

  Result<MariadbTable> answer_ =
      MariadbTable{{"NAME", "SUBSYSTEM", "COUNT", "ENABLED", "TYPE"},
                   {Row{"lock_timeouts", "lock", "3", "1", "counter"},
                    Row{"lock_rec_lock_created", "lock", "9", "0", "counter"},
                    Row{"trx_rseg_history_len", "transaction", "42", "1", "value"},
                    Row{"metadata_mem_pool_size", "metadata", "-1", "1", "counter"},
                    Row{"buffer_pool_pages_total", "buffer", "100", "1", "value"},
                    Row{"buffer_pool_pages_free", "buffer", "60", "1", "value"},
                    Row{"buffer_pool_pages_dirty", "buffer", "8", "1", "value"},
                    Row{"buffer_pool_reads", "buffer", "7", "1", "status_counter"},
                    Row{"buffer_page_read_index_leaf", "buffer_page_io", "5", "1", "counter"},
                    Row{"buffer_page_written_blob", "buffer_page_io", "6", "1", "counter"}}};
  std::shared_ptr<FakeMariadb> server_ = std::make_shared<FakeMariadb>();
  CollectorContext context_;
};

TEST_F(MariadbInnodbTest, PublishesWhatIsSwitchedOn) {
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  ExpectGolden("mariadb_innodb", run.text);
}

TEST_F(MariadbInnodbTest, OlderServersCallTheSwitchStatus) {
  answer_ = MariadbTable{{"Name", "Subsystem", "Status", "Type", "Count"},
                         {Row{"lock_timeouts", "lock", "enabled", "counter", "3"},
                          Row{"lock_deadlocks", "lock", "disabled", "counter", "4"}}};
  const Collected run = Run();
  EXPECT_EQ("3", run.Value("mysql_info_schema_innodb_metrics_lock_lock_timeouts_total"));
  EXPECT_EQ("absent", run.Value("mysql_info_schema_innodb_metrics_lock_lock_deadlocks_total"));
}

TEST_F(MariadbInnodbTest, TakesHostileRows) {
  answer_ = MariadbTable{{"NAME", "ENABLED"}, {Row{}, Row{"a", "1"}, Row{"b"}}};
  EXPECT_EQ("", Run().text);
  answer_ = MariadbTable{{"NAME", "SUBSYSTEM", "COUNT", "ENABLED", "TYPE"},
                         {Row{"a b", "\xFF", "1", "1", "counter"}, Row{"n", "s", "x", "1", "value"},
                          Row{std::nullopt, "s", "1", "1", "value"}}};
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("", run.text);
}

TEST_F(MariadbInnodbTest, WhoMayNotSeeItMissesNothing) {
  answer_ = Fail(ErrorKind::kPermission, "Access denied; you need the PROCESS privilege");
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("", run.text);
  answer_ = Fail(ErrorKind::kTimeout, "no answer in time");
  EXPECT_EQ("timeout", Run().Kind());
}

}  // namespace
}  // namespace erpnext
