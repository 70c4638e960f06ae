// SPDX-License-Identifier: Apache-2.0
#include "sources/slow_log_file.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <thread>

#include "core/testing/temp_folder.h"
#include "sources/testing/fake_mariadb.h"

namespace erpnext {
namespace {

using testing::ElementsAre;

Deadline Soon() { return Deadline::After(std::chrono::seconds(5)); }

std::string Entry(const std::string& schema) {
  return fmt::format(
      "# User@Host: a[a] @ h []\n# Thread_id: 5  Schema: {}  QC_hit: No\n"
      "# Query_time: 1.5  Lock_time: 0.0  Rows_sent: 1  Rows_examined: 20\n"
      "SET timestamp=1795479652;\nselect 'x';\n",
      schema);
}

std::optional<std::string> PathOf(std::vector<std::optional<std::string>> row,
                                  const Address& address = {"", "127.0.0.1", 3306}) {
  FakeMariadb server;
  server.answers = {{"/* slow_log */ SELECT @@GLOBAL.", [&] { return MariadbTable{{}, {row}}; }}};
  MariadbOptions options;
  options.address = address;
  const auto path = SlowLogPath(server, options, Soon());
  EXPECT_TRUE(path);
  return *path;
}

TEST(SlowLogPath, IsWhatTheServerSays) {
  EXPECT_EQ("/var/log/mysql/mariadb-slow.log",
            PathOf({"1", "FILE", "/var/log/mysql/mariadb-slow.log", "/var/lib/mysql/"}));
  EXPECT_EQ("/var/lib/mysql/host-slow.log",
            PathOf({"1", "TABLE,FILE", "host-slow.log", "/var/lib/mysql/"}));
  EXPECT_EQ("/d/s.log", PathOf({"1", "FILE", "s.log", "/d"}, {"/run/mysqld/mysqld.sock", "", 0}));
}

TEST(SlowLogPath, IsNothingWhereThereIsNoFileForUs) {
  EXPECT_EQ(std::nullopt, PathOf({"0", "FILE", "s.log", "/d"}));
  EXPECT_EQ(std::nullopt, PathOf({"1", "TABLE", "s.log", "/d"}));
  EXPECT_EQ(std::nullopt, PathOf({"1", "NONE", "s.log", "/d"}));
  EXPECT_EQ(std::nullopt, PathOf({"1", "FILE", "", "/d"}));
  EXPECT_EQ(std::nullopt, PathOf({"1", "FILE", "s.txt", "/d"}));
  EXPECT_EQ(std::nullopt, PathOf({"1", "FILE", "s.log.1", "/d"}));
  EXPECT_EQ(std::nullopt, PathOf({"1", "FILE", "s.log", "relative"}));
  EXPECT_EQ(std::nullopt, PathOf({"1", "FILE", std::nullopt, std::nullopt}));
  EXPECT_EQ(std::nullopt, PathOf({"1", "FILE", std::string(5000, 'a') + ".log", "/d"}));
  EXPECT_EQ(std::nullopt, PathOf({}));
  // A path on another host is none of ours.
  EXPECT_EQ(std::nullopt, PathOf({"1", "FILE", "s.log", "/d"}, {"", "db.example.com", 3306}));
}

TEST(SlowLogPath, FailsWithTheServer) {
  FakeMariadb server;
  server.answers = {{"", [] { return Fail(ErrorKind::kTimeout, "no answer in time"); }}};
  MariadbOptions options;
  options.address = {"", "localhost", 3306};
  EXPECT_FALSE(SlowLogPath(server, options, Soon()));
}

class SlowLogFileTest : public testing::Test {
 protected:
  // The schemas of the new entries.
  std::vector<std::string> Poll() {
    std::vector<std::string> schemas;
    const auto there =
        file_->Poll(Soon(), [&](const SlowStatement& each) { schemas.emplace_back(each.schema); });
    EXPECT_TRUE(there);
    there_ = there.value_or(false);
    return schemas;
  }

  TempFolder folder_;
  std::string path_ = folder_.path("slow.log");
  std::unique_ptr<SlowLogFile> file_ = std::make_unique<SlowLogFile>(path_);
  bool there_ = false;
};

TEST_F(SlowLogFileTest, GivesWhatIsNew) {
  folder_.Write("slow.log", Entry("old"));
  folder_.Write("other.log", Entry("other"));
  EXPECT_THAT(Poll(), ElementsAre());
  EXPECT_TRUE(there_);
  folder_.Append("slow.log", Entry("a") + Entry("b"));
  EXPECT_THAT(Poll(), ElementsAre("a", "b"));
  EXPECT_THAT(Poll(), ElementsAre());
}

TEST_F(SlowLogFileTest, LosesNothingWhenItIsRotated) {
  folder_.Write("slow.log", "");
  Poll();
  folder_.Append("slow.log", Entry("a"));
  std::filesystem::rename(path_, path_ + ".1");
  folder_.Append("slow.log.1", Entry("b"));  // until FLUSH LOGS the server writes on
  folder_.Write("slow.log", Entry("c"));
  EXPECT_THAT(Poll(), ElementsAre("a", "b", "c"));
}

TEST_F(SlowLogFileTest, LosesNothingOverARestart) {
  folder_.Write("slow.log", "");
  EXPECT_EQ(std::nullopt, file_->Positions());
  Poll();
  folder_.Append("slow.log", Entry("a"));
  EXPECT_THAT(Poll(), ElementsAre("a"));
  folder_.Append("slow.log", Entry("b"));
  file_ = std::make_unique<SlowLogFile>(path_, *file_->Positions());
  EXPECT_THAT(Poll(), ElementsAre("b"));
}

TEST_F(SlowLogFileTest, IsNotThereWithoutAFileThatMayBeRead) {
  EXPECT_THAT(Poll(), ElementsAre());
  EXPECT_FALSE(there_);
  file_ = std::make_unique<SlowLogFile>(folder_.path("none/slow.log"));
  EXPECT_THAT(Poll(), ElementsAre());
  EXPECT_FALSE(there_);
  if (geteuid() == 0) return;  // who may read everything
  folder_.Write("slow.log", Entry("a"));
  std::filesystem::permissions(path_, std::filesystem::perms::none);
  file_ = std::make_unique<SlowLogFile>(path_);
  EXPECT_THAT(Poll(), ElementsAre());
  EXPECT_FALSE(there_);
}

TEST_F(SlowLogFileTest, KnowsAStatementThatWasCutOff) {
  folder_.Write("slow.log", "");
  Poll();
  std::string entry = Entry("a");
  entry.insert(entry.find("'x'") + 1, std::string(LogFolder::kMaxLine, 'x'));
  folder_.Append("slow.log", entry + Entry("b"));
  EXPECT_THAT(Poll(), ElementsAre("a", "b"));
}

// Lines that look like an entry, inside of a string that is too long to tell.
TEST_F(SlowLogFileTest, TimeThatEndsInsideOfAStringShowsNothingOfIt) {
  folder_.Write("slow.log", "");
  Poll();
  std::string filling;
  for (int i = 0; i < 1000; ++i) filling += std::string(1000, 'x') + ";\n";
  std::string entry = Entry("b");
  entry.insert(entry.find("'x'") + 1, filling + Entry("forged") + "select '");
  folder_.Append("slow.log", Entry("a") + entry + Entry("c"));
  const Deadline deadline = Deadline::After(std::chrono::milliseconds(300));
  ASSERT_TRUE(file_->Poll(deadline, [&](const SlowStatement&) {
    while (!deadline.Expired()) std::this_thread::yield();
  }));
  std::map<std::string, std::string> texts;
  ASSERT_TRUE(file_->Poll(
      Soon(), [&](const SlowStatement& each) { texts[std::string(each.schema)] = each.text; }));
  EXPECT_EQ("", texts.at("forged"));
}

}  // namespace
}  // namespace erpnext
