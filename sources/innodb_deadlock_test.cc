// SPDX-License-Identifier: Apache-2.0
#include "sources/innodb_deadlock.h"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace erpnext {
namespace {

// Made after those of MariaDB 10.11 and MySQL 8, with names and values of our own.
constexpr std::string_view kMariadb = R"(
------------------------
LATEST DETECTED DEADLOCK
------------------------
2026-11-24 10:11:12 0x7f0000000001
*** (1) TRANSACTION:
TRANSACTION 501, ACTIVE 3 sec starting index read
mysql tables in use 1, locked 1
LOCK WAIT 5 lock struct(s), heap size 1128, 4 row lock(s), undo log entries 1
MariaDB thread id 7, OS thread handle 1, query id 9 127.0.0.1 _s Updating
/* trace: 1 */ UPDATE `tabBin` SET actual_qty = 4711 WHERE name = 'canary'
*** WAITING FOR THIS LOCK TO BE GRANTED:
RECORD LOCKS space id 12 page no 8 n bits 440 index item_warehouse of table `_s`.`tabBin` trx id 501 lock_mode X locks rec but not gap waiting
Record lock, heap no 364 PHYSICAL RECORD: n_fields 1; compact format; info bits 0
 0: len 6; hex 63616e617279; asc canary;;

*** CONFLICTING WITH:
RECORD LOCKS space id 12 page no 8 n bits 440 index PRIMARY of table `_s`.`tabOther` trx id 502 lock_mode X

*** (2) TRANSACTION:
TRANSACTION 502, ACTIVE 3 sec inserting
MariaDB thread id 8, OS thread handle 2, query id 10 127.0.0.1 _s Update
insert into
`tabGL Entry` values ('canary')
*** WAITING FOR THIS LOCK TO BE GRANTED:
RECORD LOCKS space id 13 page no 8 n bits 440 index PRIMARY of table `_s`.`tabGL Entry` trx id 502 lock_mode X locks gap before rec insert intention waiting

*** WE ROLL BACK TRANSACTION (2)
------------
TRANSACTIONS
------------
*** (3) TRANSACTION:
)";

TEST(InnodbDeadlock, TellsWhoWantedWhat) {
  const auto deadlock = LatestDeadlock(kMariadb);
  ASSERT_TRUE(deadlock);
  EXPECT_EQ("2026-11-24 10:11:12", deadlock->at);
  ASSERT_EQ(2u, deadlock->sides.size());
  EXPECT_EQ("501", deadlock->sides[0].transaction);
  EXPECT_EQ("update", deadlock->sides[0].statement);
  EXPECT_EQ((DeadlockLock{{"_s", "tabBin"}, "item_warehouse", "X record"}),
            deadlock->sides[0].wants);
  EXPECT_EQ("insert", deadlock->sides[1].statement);
  EXPECT_EQ((DeadlockLock{{"_s", "tabGL Entry"}, "PRIMARY", "X gap insert intention"}),
            deadlock->sides[1].wants);
  EXPECT_EQ(1u, deadlock->victim);
}

TEST(InnodbDeadlock, MysqlHasAHoldsPartAndQuotesIndexes) {
  const auto deadlock = LatestDeadlock(R"(LATEST DETECTED DEADLOCK
------------------------
2026-11-24 10:11:12 140000000000000
*** (1) TRANSACTION:
TRANSACTION 501, ACTIVE 3 sec fetching rows
MySQL thread id 7, OS thread handle 1, query id 9 localhost u updating
DELETE FROM t

*** (1) HOLDS THE LOCK(S):
RECORD LOCKS space id 2 page no 4 n bits 72 index `a b` of table `d`.`held` trx id 501 lock mode S

*** (1) WAITING FOR THIS LOCK TO BE GRANTED:
RECORD LOCKS space id 2 page no 4 n bits 72 index `a b` of table `d`.`t` trx id 501 lock mode S waiting
*** (2) TRANSACTION:
TRANSACTION 502, ACTIVE 0 sec setting auto-inc lock
MySQL thread id 8, OS thread handle 1, query id 9 localhost u updating
*** (2) WAITING FOR THIS LOCK TO BE GRANTED:
TABLE LOCK table `d`.`u` trx id 502 lock mode AUTO-INC waiting
)");
  ASSERT_TRUE(deadlock);
  ASSERT_EQ(2u, deadlock->sides.size());
  EXPECT_EQ("delete", deadlock->sides[0].statement);
  EXPECT_EQ((DeadlockLock{{"d", "t"}, "a b", "S"}), deadlock->sides[0].wants);
  EXPECT_EQ("other", deadlock->sides[1].statement);
  EXPECT_EQ((DeadlockLock{{"d", "u"}, "", "AUTO-INC"}), deadlock->sides[1].wants);
  EXPECT_FALSE(deadlock->victim);
}

TEST(InnodbDeadlock, ThereIsNoneWithoutItsSection) {
  EXPECT_FALSE(LatestDeadlock(""));
  EXPECT_FALSE(LatestDeadlock("------------\nTRANSACTIONS\n------------\n"));
  EXPECT_FALSE(LatestDeadlock("LATEST DETECTED DEADLOCK\n"));
  EXPECT_FALSE(LatestDeadlock("LATEST DETECTED DEADLOCK\n---\n2026-11-24 10:11:12 0x1\n*** "));
}

TEST(InnodbDeadlock, AnyPartOfATextIsTaken) {
  for (std::size_t length = 0; length <= kMariadb.size(); ++length) {
    const auto deadlock = LatestDeadlock(kMariadb.substr(0, length));
    EXPECT_LE(deadlock ? deadlock->sides.size() : 0, 2u);
  }
}

TEST(InnodbDeadlock, SidesHaveABound) {
  std::string text = "LATEST DETECTED DEADLOCK\n---\n2026-11-24 10:11:12 0x1\n";
  for (int i = 1; i < 1000; ++i)
    text += fmt::format("*** ({}) TRANSACTION:\nTRANSACTION {}\n", i, i);
  const auto deadlock = LatestDeadlock(text);
  ASSERT_TRUE(deadlock);
  EXPECT_EQ(16u, deadlock->sides.size());
}

RC_GTEST_PROP(InnodbDeadlock, AnyBytesAreTaken, (std::vector<std::string> lines)) {
  const std::vector<std::string> known = {"*** (1) TRANSACTION:",
                                          "TRANSACTION 1",
                                          "x thread id 1",
                                          "*** WAITING FOR THIS LOCK TO BE GRANTED:",
                                          "RECORD LOCKS  index  of table `",
                                          "TABLE LOCK table ",
                                          "*** WE ROLL BACK TRANSACTION (0)",
                                          "/*",
                                          "lock_mode "};
  std::string text = "LATEST DETECTED DEADLOCK\n---\n";
  for (const std::string& line : lines) {
    text += *rc::gen::elementOf(known) + line + "\n";
  }
  const auto deadlock = LatestDeadlock(text);
  RC_ASSERT(!deadlock || !deadlock->victim || *deadlock->victim < deadlock->sides.size());
}

}  // namespace
}  // namespace erpnext
