// SPDX-License-Identifier: Apache-2.0
#include "collectors/mariadb/deadlocks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/testing/collect.h"
#include "collectors/testing/fake_sites.h"
#include "core/testing/temp_folder.h"
#include "sources/testing/fake_mariadb.h"

namespace erpnext {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string Side(int number, const std::string& table, const std::string& transaction) {
  return fmt::format(
      "*** ({0}) TRANSACTION:\nTRANSACTION {2}{0}, ACTIVE 3 sec\nMariaDB thread id 7, x\n"
      "update `secret canary`\n*** WAITING FOR THIS LOCK TO BE GRANTED:\n"
      "RECORD LOCKS space id 12 index PRIMARY of table {1} trx id 1 lock_mode X waiting\n"
      " 0: len 6; hex 63616e617279; asc canary;;\n",
      number, table, transaction);
}

class MariadbDeadlocksTest : public testing::Test {
 protected:
  MariadbDeadlocksTest() {
    bench_.database = {"mariadb", {"", "db1", 3306}};
    AddSite(bench_, "a.example", R"({"db_host": "db1", "db_name": "_a"})");
    server_->answers = {
        {"/* mariadb_deadlocks */ SHOW ENGINE INNODB STATUS", [this] { return answer_; }}};
    context_.mariadb_server = [this](const MariadbOptions&) { return server_; };
    Publish(context_, {bench_});
    collector_ = kMariadbDeadlocksCollector.make(context_);
  }

  Collected Run() {
    return Collect(kMariadbDeadlocksCollector, *collector_,
                   Deadline::After(std::chrono::seconds(1)));
  }
  Collected Run(const std::string& at, const std::string& one, const std::string& other) {
    std::string transaction = at;
    std::erase(transaction, ':');
    answer_ = Status("------\nLATEST DETECTED DEADLOCK\n------\n2026-11-24 " + at + " 0x1\n" +
                     Side(1, one, transaction) + Side(2, other, transaction) +
                     "*** WE ROLL BACK TRANSACTION (1)\n-----------\n");
    return Run();
  }
  static Result<MariadbTable> Status(const std::string& text) {
    return MariadbTable{{"Type", "Name", "Status"}, {{"InnoDB", "", text}}};
  }
  static std::string Explained(const Collected& run, const char* doctypes) {
    return run.Value(
        fmt::format("erpnext_mariadb_deadlocks_explained_total{{bench=\"b\",site=\"a."
                    "example\",doctypes=\"{}\"}}",
                    doctypes));
  }

  Result<MariadbTable> answer_ = Status("no deadlock since the start");
  std::shared_ptr<FakeMariadb> server_ = std::make_shared<FakeMariadb>();
  CollectorContext context_;
  Bench bench_ = MakeBench("b");
  std::unique_ptr<Collector> collector_;
};

TEST_F(MariadbDeadlocksTest, CountsEachThatIsNew) {
  EXPECT_EQ("", Run().text);
  Run("10:00:00", "`_a`.`tabGL Entry`", "`_a`.`tabBin`");
  Run("10:00:00", "`_a`.`tabGL Entry`", "`_a`.`tabBin`");  // still the same
  Run("10:00:07", "`_a`.`tabBin`", "`_a`.`tabGL Entry`");
  const Collected run = Run("10:00:09", "`_a`.`tabBin`", "`elsewhere`.`t`");
  EXPECT_TRUE(run.status);
  ExpectGolden("mariadb_deadlocks", run.text);
  EXPECT_THAT(run.text, Not(HasSubstr("canary")));
}

TEST_F(MariadbDeadlocksTest, OneFromBeforeOurStartIsShownAndNotCounted) {
  const Collected run = Run("10:00:00", "`_a`.`tabBin`", "`_a`.`tabBin`");
  EXPECT_EQ("absent", Explained(run, "Bin"));
  EXPECT_EQ("1", run.Value(R"(erpnext_mariadb_last_deadlock_info{bench="b",site="a.example",)"
                           R"(doctypes="Bin"})"));
  EXPECT_EQ("1", Explained(Run("10:01:00", "`_a`.`tabBin`", "`_a`.`tabBin`"), "Bin"));
}

TEST_F(MariadbDeadlocksTest, CountersStayWhileTheServerIsAwayAndAfterItsRestart) {
  Run();
  Run("10:00:00", "`_a`.`tabBin`", "`_a`.`tabBin`");
  answer_ = Fail(ErrorKind::kRefused, "nobody listens");
  const Collected away = Run();
  EXPECT_EQ("refused", away.Kind());
  answer_ = Status("no deadlock since the start");
  EXPECT_EQ("1", Explained(Run(), "Bin"));
}

TEST_F(MariadbDeadlocksTest, PairsWithoutEndAreOther) {
  Run();
  Collected run;
  for (int i = 0; i < 103; ++i) {
    run = Run(fmt::format("10:00:{:03}", i), fmt::format("`_a`.`tab{:03}`", i), "`_a`.`tabBin`");
  }
  EXPECT_EQ("1", Explained(run, "099, Bin"));
  EXPECT_EQ("absent", Explained(run, "100, Bin"));
  EXPECT_EQ("3", Explained(run, "other"));
}

TEST_F(MariadbDeadlocksTest, TheLogTellsOfEachAndIsNotCountedTwice) {
  bench_.database.address.host = "127.0.0.1";
  bench_.sites.clear();
  AddSite(bench_, "a.example", R"({"db_name": "_a"})");
  Publish(context_, {bench_});
  TempFolder folder;
  server_->answers.push_back(
      {"/* error_log */", [&] {
         return MariadbTable{{"log_error", "datadir"}, {{"./db.err", folder.path()}}};
       }});
  const auto log = [&](const std::string& transaction, const std::string& table) {
    const std::string prefix = "2026-11-24  9:00:00 77 [Note] InnoDB: ";
    folder.Append("db.err",
                  prefix + "Transactions deadlock detected, dumping detailed information.\n" +
                      prefix + "\n" + Side(1, table, transaction) + Side(2, table, transaction) +
                      prefix + "*** WE ROLL BACK TRANSACTION (1)\n");
  };
  folder.Write("db.err", "");
  log("7", "`_a`.`tabOld`");
  Run();
  log("100000", "`_a`.`tabBin`");
  log("100001", "`_a`.`tabBin`");
  // The status has the second of them.
  const Collected run = Run("10:00:01", "`_a`.`tabBin`", "`_a`.`tabBin`");
  EXPECT_EQ("2", Explained(run, "Bin"));
  EXPECT_EQ("absent", Explained(run, "Old"));
  answer_ = Fail(ErrorKind::kPermission, "Access denied; you need the PROCESS privilege");
  log("100002", "`_a`.`tabBin`");
  EXPECT_EQ("3", Explained(Run(), "Bin"));
}

TEST_F(MariadbDeadlocksTest, WhoMayNotSeeItMissesNothing) {
  answer_ = Fail(ErrorKind::kPermission, "Access denied; you need the PROCESS privilege");
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_EQ("", run.text);
  answer_ = MariadbTable{{}, {{"InnoDB"}}};
  EXPECT_TRUE(Run().status);
}

}  // namespace
}  // namespace erpnext
