// SPDX-License-Identifier: Apache-2.0
#include "sources/log_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "core/testing/temp_folder.h"

namespace erpnext {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

class LogFolderTest : public testing::Test {
 protected:
  LogFolder& Logs() {
    if (!logs_) logs_.emplace(folder_.path());
    return *logs_;
  }
  std::vector<std::string> Poll() {
    std::vector<std::string> lines;
    const Status status = Logs().Poll(Deadline::After(std::chrono::seconds(10)),
                                      [&](std::string_view log, std::string_view line) {
                                        lines.push_back(fmt::format("{}|{}", log, line));
                                      });
    EXPECT_TRUE(status);
    return lines;
  }
  void Restart() {
    const auto positions = Logs().Positions();
    logs_.emplace(folder_.path(), positions);
  }

  TempFolder folder_;
  std::optional<LogFolder> logs_;
};

TEST_F(LogFolderTest, BeginsAtTheEndOfTheLastLine) {
  folder_.Write("a.log", "old\nhalf");
  EXPECT_THAT(Poll(), ElementsAre());
  folder_.Append("a.log", " line\nnew\n");
  EXPECT_THAT(Poll(), ElementsAre("a.log|half line", "a.log|new"));
  EXPECT_THAT(Poll(), ElementsAre());
}

TEST_F(LogFolderTest, TheOneLogMayHaveAnyName) {
  logs_.emplace(folder_.path(), "db.err");
  Poll();
  folder_.Write("db.err", "one\n");
  folder_.Write("db.err.1", "old\n");
  folder_.Write("db.err.1.gz", "packed\n");
  folder_.Write("db.err-1", "other\n");
  folder_.Write("db.error", "other\n");
  EXPECT_THAT(Poll(), ElementsAre("db.err|old", "db.err|one"));
}

TEST_F(LogFolderTest, FollowsOneLogAloneWhereThatIsWanted) {
  logs_.emplace(folder_.path(), "a.log");
  Poll();
  folder_.Write("a.log", "one\n");
  folder_.Write("a.log.1", "old\n");
  folder_.Write("b.log", "other\n");
  EXPECT_THAT(Poll(), ElementsAre("a.log|old", "a.log|one"));
  EXPECT_THAT(Logs().logs(), ElementsAre("a.log"));
  EXPECT_THAT(Logs().Positions(), SizeIs(2));
  logs_.emplace(folder_.path(), Logs().Positions(), "a.log");
  folder_.Append("a.log", "two\n");
  folder_.Append("b.log", "two\n");
  EXPECT_THAT(Poll(), ElementsAre("a.log|two"));
}

TEST_F(LogFolderTest, ReadsNewFilesFromTheirBeginning) {
  Poll();
  folder_.Write("a.log", "one\n");
  folder_.Write("notes.txt", "no log\n");
  folder_.Write("a.log.gz", "compressed\n");
  EXPECT_THAT(Poll(), ElementsAre("a.log|one"));
}

TEST_F(LogFolderTest, GivesALineOnlyWhenItIsComplete) {
  Poll();
  folder_.Write("a.log", "par");
  EXPECT_THAT(Poll(), ElementsAre());
  folder_.Append("a.log", "tial");
  EXPECT_THAT(Poll(), ElementsAre());
  folder_.Append("a.log", "\nrest");
  EXPECT_THAT(Poll(), ElementsAre("a.log|partial"));
}

TEST_F(LogFolderTest, FollowsAFileThatWasRotated) {
  folder_.Write("a.log", "zero\n");
  Poll();
  folder_.Append("a.log", "one\n");
  folder_.Rename("a.log", "a.log.1");
  folder_.Append("a.log.1", "two\n");  // by a process that has not noticed
  folder_.Write("a.log", "three\n");
  EXPECT_THAT(Poll(), ElementsAre("a.log|one", "a.log|two", "a.log|three"));
  folder_.Rename("a.log.1", "a.log.2");
  folder_.Append("a.log.2", "four\n");
  EXPECT_THAT(Poll(), ElementsAre("a.log|four"));
}

TEST_F(LogFolderTest, AFileInTheInodeOfARemovedOneIsANewFile) {
  folder_.Write("a.log", "2026-01-01 one\n");
  Poll();
  for (int i = 0; i < 20; ++i) {  // ext4 gives the inode away again at once
    folder_.Remove("a.log");
    folder_.Write("a.log", fmt::format("2026-01-02 number {}\nmore\n", i));
    EXPECT_THAT(Poll(), ElementsAre(fmt::format("a.log|2026-01-02 number {}", i), "a.log|more"));
  }
}

TEST_F(LogFolderTest, BeginsAgainWhenAFileWasTruncated) {
  folder_.Write("a.log", "one\ntwo\nthree\n");
  Poll();
  ASSERT_EQ(0, truncate(folder_.path("a.log").c_str(), 0));  // as logrotate's copytruncate does
  folder_.Append("a.log", "new\n");
  EXPECT_THAT(Poll(), ElementsAre("a.log|new"));
}

TEST_F(LogFolderTest, SeesATruncatedFileThatHasGrownBeyondTheOldEnd) {
  folder_.Write("a.log", "one\n");
  Poll();
  ASSERT_EQ(0, truncate(folder_.path("a.log").c_str(), 0));
  folder_.Append("a.log", "other text\nand more\n");
  EXPECT_THAT(Poll(), ElementsAre("a.log|other text", "a.log|and more"));
}

TEST_F(LogFolderTest, ARestartLosesAndRepeatsNothing) {
  folder_.Write("a.log", "zero\n");
  Poll();
  folder_.Append("a.log", "one\nha");
  EXPECT_THAT(Poll(), ElementsAre("a.log|one"));
  Restart();
  folder_.Append("a.log", "lf\ntwo\n");
  folder_.Rename("a.log", "a.log.1");
  folder_.Write("a.log", "three\n");  // made while nobody looked
  EXPECT_THAT(Poll(), ElementsAre("a.log|half", "a.log|two", "a.log|three"));
  Restart();
  EXPECT_THAT(Poll(), ElementsAre());
}

TEST_F(LogFolderTest, CutsLongLinesAndGoesOnBehindThem) {
  Poll();
  const std::string before(LogFolder::kMaxLine - 1, 'x');
  folder_.Write("a.log", before + "yz-cut-off");
  const auto first = Poll();
  ASSERT_THAT(first, SizeIs(1));
  EXPECT_EQ("a.log|" + before + "y", first[0]);
  Restart();
  folder_.Append("a.log", std::string(3U << 20, 'w'));
  EXPECT_THAT(Poll(), ElementsAre());
  folder_.Append("a.log", "\nnext\n");
  EXPECT_THAT(Poll(), ElementsAre("a.log|next"));
}

TEST_F(LogFolderTest, PassesEveryByteThrough) {
  Poll();
  using namespace std::string_literals;
  const std::string odd = "nul\0 bad\xFF\xC3 end\r"s;
  folder_.Write("a.log", odd + "\n");
  EXPECT_THAT(Poll(), ElementsAre("a.log|" + odd));
}

TEST_F(LogFolderTest, DoesNotFollowLinksAndPipes) {
  folder_.Write("secret", "secret\n");
  Poll();
  ASSERT_EQ(0, symlink("secret", folder_.path("a.log").c_str()));
  ASSERT_EQ(0, mkfifo(folder_.path("b.log").c_str(), 0600));
  folder_.MakeFolder("c.log");
  EXPECT_THAT(Poll(), ElementsAre());
}

TEST_F(LogFolderTest, AMissingFolderIsUnavailable) {
  LogFolder logs(folder_.path("nowhere"));
  const Status status = logs.Poll(Deadline::After(std::chrono::seconds(1)), nullptr);
  ASSERT_FALSE(status);
  EXPECT_EQ(ErrorKind::kUnavailable, status.error().kind);
}

TEST(LogName, ForgetsTheNumber) {
  EXPECT_EQ("worker.log", ParseLogName("worker.log")->log);
  EXPECT_EQ("worker.error.log", ParseLogName("worker.error.log.12")->log);
  EXPECT_EQ(12u, ParseLogName("worker.error.log.12")->rotation);
  for (const char* other : {"", ".log", "a.log.gz", "a.log.x", "a.txt", "a.log.", "1", "."}) {
    EXPECT_FALSE(ParseLogName(other)) << other;
  }
}

// Python's RotatingFileHandler, one in each process: it looks at the size of the file it has open,
// renames the chain when a line would not fit, and opens the live name anew. The others notice
// nothing and write on into what is now a numbered file.
class RotatingWriter {
 public:
  RotatingWriter(const TempFolder& folder, int number) : folder_(folder), number_(number) {
    Open();
  }

  void Write() {
    const std::string line = fmt::format("writer {} line {}\n", number_, ++lines_);
    if (std::ftell(file_.get()) + static_cast<long>(line.size()) > 300) Rotate();
    std::fputs(line.c_str(), file_.get());
    std::fflush(file_.get());
  }

  int lines() const { return lines_; }

 private:
  static constexpr int kKept = 20;

  void Open() {
    file_.reset(std::fopen(folder_.path("w.log").c_str(), "a"));
    std::fseek(file_.get(), 0, SEEK_END);
  }
  void Rotate() {
    for (int i = kKept - 1; i > 0; --i) {
      std::rename(folder_.path(fmt::format("w.log.{}", i)).c_str(),
                  folder_.path(fmt::format("w.log.{}", i + 1)).c_str());
    }
    std::rename(folder_.path("w.log").c_str(), folder_.path("w.log.1").c_str());
    Open();
  }

  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  const TempFolder& folder_;
  int number_;
  int lines_ = 0;
  std::unique_ptr<std::FILE, Close> file_;
};

RC_GTEST_PROP(LogFolder, SeveralRotatingWritersLoseNoLineAndRepeatNone, ()) {
  TempFolder folder;
  std::optional<LogFolder> logs(folder.path());
  std::multiset<std::string> seen;
  const auto poll = [&] {
    RC_ASSERT(logs->Poll(Deadline::After(std::chrono::seconds(10)),
                         [&](std::string_view, std::string_view line) { seen.emplace(line); })
                  .has_value());
  };
  poll();
  std::vector<std::unique_ptr<RotatingWriter>> writers;
  const int count = *rc::gen::inRange(1, 5);
  for (int i = 0; i < count; ++i) writers.push_back(std::make_unique<RotatingWriter>(folder, i));
  for (int round = 0; round < 20; ++round) {
    // So few lines between two polls that the oldest file is not removed unread.
    for (const auto pick :
         *rc::gen::container<std::vector<std::uint8_t>>(30, rc::gen::arbitrary<std::uint8_t>())) {
      writers[pick % writers.size()]->Write();
    }
    poll();
    if (*rc::gen::arbitrary<bool>()) {
      const auto positions = logs->Positions();
      logs.emplace(folder.path(), positions);
    }
  }
  std::size_t written = 0;
  for (int i = 0; i < count; ++i) {
    for (int line = 1; line <= writers[static_cast<std::size_t>(i)]->lines(); ++line, ++written) {
      RC_ASSERT(seen.count(fmt::format("writer {} line {}", i, line)) == 1u);
    }
  }
  RC_ASSERT(seen.size() == written);
}

// Root reads everything: while one of these lives, root is somebody else.
class Unprivileged {
 public:
  Unprivileged() {
    if (geteuid() == 0) Become(65534);
  }
  ~Unprivileged() {
    if (getuid() == 0) Become(0);
  }

 private:
  static void Become(uid_t user) { EXPECT_EQ(0, seteuid(user)); }
};

TEST(LogFolder, WhatCouldNotBeReadAtFirstIsOldWhenItCan) {
  TempFolder folder;
  folder.Write("web.log", "old\n");
  ASSERT_EQ(0, chmod(folder.path().c_str(), 0755));
  ASSERT_EQ(0, chmod(folder.path("web.log").c_str(), 0));
  LogFolder logs(folder.path());
  std::vector<std::string> lines;
  const auto poll = [&] {
    const Unprivileged somebody;
    return logs.Poll(Deadline::After(std::chrono::seconds(5)),
                     [&](auto, std::string_view line) { lines.emplace_back(line); });
  };
  const Status denied = poll();
  ASSERT_FALSE(denied);
  EXPECT_EQ(ErrorKind::kPermission, denied.error().kind);
  ASSERT_EQ(0, chmod(folder.path("web.log").c_str(), 0644));
  folder.Append("web.log", "new\n");
  EXPECT_TRUE(poll());
  EXPECT_EQ(std::vector<std::string>{"new"}, lines);
}

TEST(LogFolder, HasStartedOnlyWhenAllFilesWereLookedAt) {
  TempFolder folder;
  LogFolder logs(folder.path("logs"));
  const auto poll = [&] {
    return logs.Poll(Deadline::After(std::chrono::seconds(5)), [](auto, auto) {});
  };
  EXPECT_FALSE(poll());
  EXPECT_FALSE(logs.started());
  folder.Write("logs/web.log", "old\n");
  EXPECT_TRUE(poll());
  EXPECT_TRUE(logs.started());
}

}  // namespace
}  // namespace erpnext
