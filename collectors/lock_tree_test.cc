// SPDX-License-Identifier: Apache-2.0
#include "collectors/lock_tree.h"

#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/testing/collect.h"
#include "sources/testing/fake_mariadb.h"

namespace erpnext {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Row = std::vector<std::optional<std::string>>;

Bench BenchOfTwoSites() {
  Bench bench = MakeBench("b");
  bench.database = {"mariadb", {"", "db1", 3306}};
  AddSite(bench, "a.example", R"({"db_host": "db1", "db_name": "_a"})");
  AddSite(bench, "b.example", R"({"db_host": "db1", "db_name": "_b"})");
  return bench;
}

class LockTreeTest : public testing::Test {
 protected:
  void Session(const std::string& id, const std::string& state = "Updating") {
    activity_.sessions.push_back({id, "_a", "", "_a", state.empty() ? "Sleep" : "Query", state, 5});
  }
  // Of a transaction with the number of its session and a hundred.
  void Transaction(int session, std::optional<double> waiting = std::nullopt) {
    InnodbTransaction each{std::to_string(100 + session), std::to_string(session), 9, waiting, {}};
    if (waiting) each.wants = WantedLock{{"_b", "tabBin"}, "by_item", "X"};
    activity_.transactions->push_back(each);
  }
  void Wait(int waiter, int blocker) {
    activity_.waits->push_back({std::to_string(100 + waiter), std::to_string(100 + blocker)});
  }
  // Lines of depth and session, and whom else it waits for.
  std::vector<std::string> Tree() {
    Bench bench = BenchOfTwoSites();
    const BenchServer server{MariadbOptionsFor(bench, {}), {&bench}};
    sessions_ = LockTree(activity_, SchemaOwners(server, {}));
    std::vector<std::string> lines;
    for (const TreeSession& each : sessions_) {
      lines.push_back(fmt::format("{}{}", std::string(each.depth, '>'), each.session));
      if (!each.also.empty()) lines.back() += fmt::format(" also {}", fmt::join(each.also, " "));
      if (each.holds_up > 0) lines.back() += fmt::format(" holds up {}", each.holds_up);
    }
    return lines;
  }

  MariadbActivity activity_ = [] {
    MariadbActivity activity;
    activity.transactions.emplace();
    activity.waits.emplace();
    return activity;
  }();
  std::vector<TreeSession> sessions_;
};

TEST_F(LockTreeTest, WhoWaitsForNobodyIsNotInIt) {
  Session("1", "");
  Transaction(1);
  EXPECT_THAT(Tree(), IsEmpty());
}

// InnoDB tells of all that stand before one in the line.
TEST_F(LockTreeTest, EachStandsBelowTheNearestToTheRoot) {
  Session("1", "");
  for (const char* id : {"2", "3", "4", "5"}) Session(id);
  Transaction(1);
  for (const int id : {2, 3, 4, 5}) Transaction(id, 10 - id);
  Wait(2, 1);
  Wait(3, 2);  // in the line behind 2
  Wait(3, 1);
  Wait(4, 3);  // for what 3 has
  Wait(5, 4);
  Wait(5, 2);
  EXPECT_THAT(Tree(), ElementsAre("1 holds up 4", ">2 holds up 1", ">>5", ">3 holds up 1", ">>4"));
  EXPECT_EQ("Sleep", sessions_[0].command);
  EXPECT_EQ((SiteKey{"b", "a.example"}), sessions_[1].site);
  ASSERT_TRUE(sessions_[1].wait);
  EXPECT_EQ("row", sessions_[1].wait->kind);
  EXPECT_EQ(8, sessions_[1].wait->seconds);
  EXPECT_EQ("b.example", sessions_[1].wait->site);
  EXPECT_EQ("by_item", sessions_[1].wait->wants->index);
}

// Of hundreds the server gives no more pairs than it is asked for.
TEST_F(LockTreeTest, WhoHoldsUpIsNearerThanWhoWaitsForNobodyKnown) {
  for (const char* id : {"1", "2", "3"}) Session(id);
  for (const int id : {1, 2}) Transaction(id, 1);
  Transaction(3);
  Wait(2, 1);
  Wait(2, 3);
  EXPECT_THAT(Tree(), ElementsAre("3 holds up 1", ">2", "1"));
}

TEST_F(LockTreeTest, WhoHoldsUpMostIsFirstAndOtherHoldersAreNamed) {
  for (const char* id : {"1", "2", "3", "4", "5"}) Session(id);
  for (const int id : {1, 2}) Transaction(id);
  for (const int id : {3, 4, 5}) Transaction(id, 1);
  Wait(3, 1);
  Wait(4, 2);
  Wait(5, 2);
  Wait(5, 1);
  Wait(5, 3);
  EXPECT_THAT(Tree(), ElementsAre("1 holds up 2", ">5 also 2", ">3", "2 holds up 1", ">4"));
}

TEST_F(LockTreeTest, WhoChangesADefinitionWaitsForThoseWhoHoldIt) {
  Session("1", "");
  Session("2", "");
  Session("3", "Waiting for table metadata lock");
  Session("4", "Waiting for table metadata lock");  // holds none: what it wants is not told
  activity_.definitions = {{"1", {"_b", "tabItem"}},
                           {"3", {"_b", "tabItem"}},
                           {"2", {"_b", "tabBin"}},
                           {"1", {"_b", "tabItem"}},
                           {"9", {"_b", "tabItem"}}};
  EXPECT_THAT(Tree(), ElementsAre("1 holds up 1", ">3", "4"));
  EXPECT_EQ("metadata", sessions_[1].wait->kind);
  EXPECT_EQ("tabItem", sessions_[1].wait->wants->table.table);
  EXPECT_EQ("b.example", sessions_[1].wait->site);
  EXPECT_FALSE(sessions_[2].wait->wants);
}

TEST_F(LockTreeTest, ACircleIsThereOnce) {
  for (const char* id : {"1", "2", "3"}) Session(id);
  for (const int id : {1, 2, 3}) Transaction(id, 1);
  Wait(1, 2);
  Wait(2, 1);
  Wait(3, 3);
  EXPECT_THAT(Tree(), ElementsAre("1 holds up 1", ">2", "3"));
}

TEST_F(LockTreeTest, ATransactionWithoutASessionHoldsUpToo) {
  Session("2");
  activity_.transactions->push_back({"77", "0", 500, std::nullopt, {}});
  Transaction(2, 3);
  activity_.waits->push_back({"102", "77"});
  activity_.waits->push_back({"102", "gone"});
  EXPECT_THAT(Tree(), ElementsAre(" holds up 1", ">2"));
  EXPECT_EQ("77", sessions_[0].transaction);
  EXPECT_EQ("other", sessions_[0].site.site);
}

TEST_F(LockTreeTest, ALineOfThousandsIsNoDeepWay) {
  for (int i = 1; i <= 5000; ++i) {
    Session(std::to_string(i));
    Transaction(i, i == 1 ? std::nullopt : std::optional<double>(1));
    if (i > 1) Wait(i, i - 1);
  }
  Tree();
  ASSERT_EQ(5000u, sessions_.size());
  EXPECT_EQ(4999u, sessions_[0].holds_up);
  EXPECT_EQ(4999u, sessions_[4999].depth);
}

class LockTreesTest : public testing::Test {
 protected:
  LockTreesTest() {
    const std::string begin = "/* mariadb_activity */ ";
    server_->answers = {
        {begin + "SELECT ID", [this] { return Rows(sessions_); }},
        {begin + "SELECT trx_id",
         [this]() -> Result<MariadbTable> {
           if (error_) return Fail(*error_, "MariaDB says no");
           return Rows({{"100", "1", "95", {}, {}}, {"101", "2", "9", "8", "101:5:3:2"}});
         }},
        {begin + "SELECT lock_id",
         [] {
           return Rows({{"101:5:3:2", "`_a`.`tabBin`", "PRIMARY", "X"}});
         }},
        {begin + "SELECT requesting_trx_id",
         [] {
           return Rows({{"101", "100"}});
         }},
        {begin + "SELECT THREAD_ID",
         []() -> Result<MariadbTable> { return Fail(ErrorKind::kUnsupported, "no plugin"); }},
        {"/* locks */", [] {
           return Rows({{"2", "UPDATE tabBin SET x = 'canary'"}, {"3", {}}});
         }}};
    context_.mariadb_server = [this](const MariadbOptions&) { return server_; };
    Publish(context_, {BenchOfTwoSites()});
  }
  static MariadbTable Rows(std::vector<Row> rows) { return {{}, std::move(rows)}; }
  LockTrees Read(const std::string& site = "") {
    return ReadLockTrees(context_, site, Deadline::After(std::chrono::seconds(5)));
  }

  std::vector<Row> sessions_ = {{"1", "_a", "h", "_a", "Sleep", "", "90"},
                                {"2", "_a", "h", "_a", "Query", "Updating", "8"}};
  std::optional<ErrorKind> error_;
  std::shared_ptr<FakeMariadb> server_ = std::make_shared<FakeMariadb>();
  CollectorContext context_;
};

TEST_F(LockTreesTest, KnowWhatEachSessionRuns) {
  const LockTrees trees = Read();
  EXPECT_TRUE(trees.asked);
  EXPECT_THAT(trees.gaps, IsEmpty());
  ASSERT_EQ(2u, trees.sessions.size());
  EXPECT_EQ("", trees.sessions[0].statement);
  EXPECT_EQ("update", trees.sessions[1].statement);
  EXPECT_EQ("db1:3306", trees.sessions[1].server);
}

TEST_F(LockTreesTest, OfOneSite) {
  EXPECT_EQ(2u, Read("a.example").sessions.size());
  EXPECT_THAT(Read("b.example").sessions, IsEmpty());
  EXPECT_TRUE(Read("b.example").asked);
}

TEST_F(LockTreesTest, SayWhatIsNotKnown) {
  sessions_.push_back({"3", "_b", "h", "_b", "Query", "Waiting for table metadata lock", "31"});
  EXPECT_THAT(Read().gaps, ElementsAre(HasSubstr("INSTALL SONAME 'metadata_lock_info'")));
  sessions_.pop_back();
  error_ = ErrorKind::kPermission;
  EXPECT_THAT(Read().gaps, ElementsAre(HasSubstr("needs PROCESS")));
  error_ = ErrorKind::kTimeout;
  const LockTrees trees = Read();
  EXPECT_FALSE(trees.asked);
  EXPECT_THAT(trees.gaps, ElementsAre("MariaDB says no"));
}

}  // namespace
}  // namespace erpnext
