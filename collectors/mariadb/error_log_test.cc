// SPDX-License-Identifier: Apache-2.0
#include "collectors/mariadb/error_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/testing/collect.h"
#include "core/testing/temp_folder.h"
#include "sources/testing/fake_mariadb.h"

namespace erpnext {
namespace {

class MariadbErrorLogTest : public testing::Test {
 protected:
  MariadbErrorLogTest() {
    bench_.database = {"mariadb", {"", "127.0.0.1", 3306}};
    server_->answers = {{"/* error_log */", [this] { return answer_; }}};
    context_.mariadb_server = [this](const MariadbOptions&) { return server_; };
    Publish(context_, {bench_});
    collector_ = kMariadbErrorLogCollector.make(context_);
  }

  Collected Run() {
    return Collect(kMariadbErrorLogCollector, *collector_,
                   Deadline::After(std::chrono::seconds(1)));
  }
  void Log(const std::string& text) { folder_.Append("db.err", text + "\n"); }
  static std::string Event(const Collected& run, const char* event) {
    return run.Value(
        fmt::format("erpnext_mariadb_error_log_events_total{{bench=\"b\",event=\"{}\"}}", event));
  }

  TempFolder folder_;
  Result<MariadbTable> answer_ =
      MariadbTable{{"log_error", "datadir"}, {{folder_.path() + "/db.err", "/"}}};
  std::shared_ptr<FakeMariadb> server_ = std::make_shared<FakeMariadb>();
  CollectorContext context_;
  Bench bench_ = MakeBench("b");
  std::unique_ptr<Collector> collector_;
};

TEST_F(MariadbErrorLogTest, CountsWhatIsNewByLevelAndEvent) {
  Log("2026-11-24  0:01:45 0 [ERROR] InnoDB: Table `a`.`old` is corrupted.");
  Run();
  for (const char* line : {
           "261124  0:01:45 [ERROR] /usr/sbin/mariadbd got signal 11 ;",
           "Sorry, we probably made a mistake",
           "2026-11-24  0:01:46 0 [Note] InnoDB: Starting crash recovery from checkpoint LSN=1",
           "2026-11-24  0:01:47 0 [Note] mariadbd: ready for connections.",
           "2026-11-24  0:01:48 9 [Warning] Aborted connection 9 to db: 'a' user: 'canary'",
           "2026-11-24  0:01:48 9 [ERROR] InnoDB: Table `canary`.`t` is corrupted.",
           "2026-11-24  0:01:48 9 [ERROR] mariadbd: Index for table 't' is corrupt; try to repair",
           "2026-11-24  0:01:48 9 [Note] InnoDB: page is corrupt, but that is only a note",
           "2026-11-24  0:01:49 0 [ERROR] mariadbd: Disk full (/tmp/x); waiting",
           "2026-11-24  0:01:50 0 [Note] InnoDB: Started in read only mode",
           "2026-11-24  0:01:51 0 [ERROR] mariadbd: Out of memory (Needed 8 bytes)",
           "2026-11-24  0:01:52 0 [ERROR] [FATAL] InnoDB: innodb_fatal_semaphore_wait_threshold "
           "was "
           "exceeded for dict_sys.latch",
           "2026-11-24  0:01:53 0 [Note] mariadbd (initiated by: root): Normal shutdown",
           "2026-11-24  0:01:54 0 nothing known",
           "select 'got signal 11 ; Disk full'",
       }) {
    Log(line);
  }
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  ExpectGolden("mariadb_error_log", run.text);
  EXPECT_THAT(run.text, testing::Not(testing::HasSubstr("canary")));
}

TEST_F(MariadbErrorLogTest, WhatDidNotHappenIsZero) {
  Log("2026-11-24  0:01:45 0 [Note] mariadbd: ready for connections.");
  EXPECT_EQ("0", Event(Run(), "start"));
  EXPECT_EQ("0", Event(Run(), "crash"));
}

TEST_F(MariadbErrorLogTest, IsReadWhileTheServerIsAway) {
  Log("");
  Run();
  answer_ = Fail(ErrorKind::kRefused, "nobody listens");
  Log("261124  0:01:45 [ERROR] mariadbd got signal 6 ;");
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("1", Event(run, "crash"));
}

TEST_F(MariadbErrorLogTest, ALogThatIsNotThereOrNotForUsIsAbsent) {
  const Collected without = Run();
  EXPECT_TRUE(without.status);
  EXPECT_EQ("", without.text);
  answer_ = MariadbTable{{"log_error", "datadir"}, {{"", "/"}}};
  EXPECT_EQ("", Run().text);
  answer_ = MariadbTable{{"log_error", "datadir"}, {{"/nowhere/db.err", "/"}}};
  EXPECT_TRUE(Run().status);
}

TEST_F(MariadbErrorLogTest, WithoutAServerThereIsAnError) {
  answer_ = Fail(ErrorKind::kRefused, "nobody listens");
  EXPECT_EQ("refused", Run().Kind());
}

}  // namespace
}  // namespace erpnext
