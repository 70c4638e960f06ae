// SPDX-License-Identifier: Apache-2.0
#include "sources/mariadb_error_log.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/testing/temp_folder.h"
#include "core/text.h"
#include "sources/testing/fake_mariadb.h"

namespace erpnext {
namespace {

TEST(MariadbErrorLog, ReadsStampThreadAndLevel) {
  struct Case {
    std::string_view line;
    std::string at, thread, level, text;
  };
  for (const Case& each : {
           Case{"2026-11-24  0:21:56 130 [Note] InnoDB: Text", "2026-11-24 00:21:56", "130", "Note",
                "InnoDB: Text"},
           Case{"2026-11-24 10:21:56 0 [ERROR] x\r", "2026-11-24 10:21:56", "0", "ERROR", "x"},
           Case{"261124 10:21:56 [ERROR] mariadbd got signal 11 ;", "2026-11-24 10:21:56", "",
                "ERROR", "mariadbd got signal 11 ;"},
           Case{"2026-11-24 10:21:56 7 plain", "2026-11-24 10:21:56", "7", "", "plain"},
           Case{"2026-11-24 10:21:56 [Note", "2026-11-24 10:21:56", "", "", "[Note"},
           Case{"2026-11-24 10:21:56 word [Note] x", "", "", "",
                "2026-11-24 10:21:56 word [Note] x"},
           Case{"*** (1) TRANSACTION:", "", "", "", "*** (1) TRANSACTION:"},
           Case{"20261124 10:21:56 7 [Note] x", "", "", "", "20261124 10:21:56 7 [Note] x"},
           Case{"", "", "", "", ""},
       }) {
    const ErrorLogLine line = ParseErrorLogLine(each.line);
    EXPECT_EQ(each.at, line.at) << each.line;
    EXPECT_EQ(each.thread, line.thread) << each.line;
    EXPECT_EQ(each.level, line.level) << each.line;
    EXPECT_EQ(each.text, line.text) << each.line;
  }
}

constexpr std::string_view kDeadlock =
    R"(2026-11-24  0:21:56 130 [Note] InnoDB: Transactions deadlock detected, dumping detailed information.
2026-11-24  0:21:56 130 [Note] InnoDB: 
*** (1) TRANSACTION:

TRANSACTION 5179, ACTIVE 3 sec starting index read
MariaDB thread id 130, OS thread handle 1, query id 42636 127.0.0.1 _s Updating
2026-11-24  0:21:56 131 [Warning] Aborted connection 131 to db: '_s'
its second line
2026-11-24  0:21:56 130 [Note] InnoDB: *** WAITING FOR THIS LOCK TO BE GRANTED:

RECORD LOCKS space id 12 page no 8 n bits 440 index by_item of table `_s`.`tabBin` trx id 5179 lock_mode X waiting
 0: len 6; hex 63616e617279; asc canary;;

2026-11-24  0:21:57 130 [Note] InnoDB: 
*** (2) TRANSACTION:

TRANSACTION 5178, ACTIVE 3 sec starting index read
MariaDB thread id 129, OS thread handle 1, query id 42635 127.0.0.1 _s Updating
update tabItem set value='canary'
2026-11-24  0:21:57 130 [Note] InnoDB: *** WE ROLL BACK TRANSACTION (1)
)";

std::vector<Deadlock> FindAll(std::string_view text) {
  DeadlockFinder finder;
  std::vector<Deadlock> found;
  for (const std::string_view line : Split(text, '\n')) {
    if (auto deadlock = finder.Take(ParseErrorLogLine(line))) found.push_back(*deadlock);
  }
  return found;
}

TEST(MariadbErrorLog, FindsADeadlockThoughOthersWriteBetween) {
  const auto found = FindAll(kDeadlock);
  ASSERT_EQ(1u, found.size());
  EXPECT_EQ("2026-11-24 00:21:56", found[0].at);
  ASSERT_EQ(2u, found[0].sides.size());
  EXPECT_EQ("5179", found[0].sides[0].transaction);
  EXPECT_EQ((DeadlockLock{{"_s", "tabBin"}, "by_item", "X"}), found[0].sides[0].wants);
  EXPECT_EQ("update", found[0].sides[1].statement);
  EXPECT_EQ(0u, found[0].victim);
}

TEST(MariadbErrorLog, OneThatBreaksOffIsDropped) {
  const std::string_view half = kDeadlock.substr(0, kDeadlock.size() / 2);
  const auto found = FindAll(std::string(half) + "\n" + std::string(kDeadlock));
  ASSERT_EQ(1u, found.size());
  EXPECT_EQ(2u, found[0].sides.size());
  std::string endless(kDeadlock.substr(0, 400));
  for (int i = 0; i < 20'000; ++i) endless += "\nx";
  EXPECT_TRUE(FindAll(endless + "\n*** WE ROLL BACK TRANSACTION (1)\n").empty());
}

RC_GTEST_PROP(MariadbErrorLog, AnyPieceIsTaken, ()) {
  const auto from = *rc::gen::inRange<std::size_t>(0, kDeadlock.size());
  const auto size = *rc::gen::inRange<std::size_t>(0, kDeadlock.size());
  for (const Deadlock& each : FindAll(kDeadlock.substr(from, size))) {
    RC_ASSERT(each.sides.size() <= 2u);
  }
}

TEST(MariadbErrorLog, TheRotatedLogIsReadBeforeTheLog) {
  TempFolder folder;
  EXPECT_EQ(ErrorKind::kUnavailable, DeadlocksInLog(folder.path() + "/db.err").error().kind);
  folder.Write("db.err.1", std::string(kDeadlock));
  folder.Write("db.err", std::string(kDeadlock.substr(0, 700)));
  const auto found = DeadlocksInLog(folder.path() + "/db.err");
  ASSERT_TRUE(found);
  EXPECT_EQ(1u, found->size());
}

TEST(MariadbErrorLog, ItsPathIsWhatTheServerOnThisHostSays) {
  const auto path = [](const Address& address, std::optional<std::string> file) {
    FakeMariadb server;
    server.answers = {{"/* error_log */", [&] {
                         return MariadbTable{{"log_error", "datadir"}, {{file, "/var/lib/mysql/"}}};
                       }}};
    return ErrorLogPath(server, address, Deadline::After(std::chrono::seconds(1)))
        ->value_or("none");
  };
  const Address socket{"/run/mysqld.sock", "", 0}, remote{"", "db1", 3306};
  EXPECT_EQ("/var/log/mysql/error.log", path(socket, "/var/log/mysql/error.log"));
  EXPECT_EQ("/var/lib/mysql/./db.err", path({"", "127.0.0.1", 3306}, "./db.err"));
  EXPECT_EQ("none", path(remote, "/var/log/mysql/error.log"));
  EXPECT_EQ("none", path(socket, ""));
  EXPECT_EQ("none", path(socket, std::nullopt));
  EXPECT_EQ("none", path(socket, "stderr"));
}

}  // namespace
}  // namespace erpnext
