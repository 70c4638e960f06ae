// SPDX-License-Identifier: Apache-2.0
#include "sources/innodb_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sources/testing/fake_mariadb.h"

namespace erpnext {
namespace {

using testing::HasSubstr;
using testing::Not;
using Row = std::vector<std::optional<std::string>>;

class TableFilesTest : public testing::Test {
 protected:
  TableFilesTest() {
    server_.answers = {{"/* x */ SELECT GROUP_CONCAT", [this] { return answer_; }}};
  }
  Result<FilesOfTables> Read(FileChoice choice = FileChoice::kAll) {
    return ReadTableFiles(
        server_, "x", choice,
        [](const std::string& schema, const std::string&) { return schema != "_not"; },
        Deadline::After(std::chrono::minutes(5)));
  }

  FakeMariadb server_;
  Result<MariadbTable> answer_ = PackedEntries({{"_a", "tabParts", "16384", "65536"},
                                                {"_a", "tabParts", "16384", "98304"},
                                                {"_not", "tabX", "16384", "1"},
                                                {"_b", "tabError Log", "8192", "40960"}});
};

TEST_F(TableFilesTest, PutsPartitionsTogether) {
  const auto files = Read().value();
  ASSERT_EQ(2u, files.size());
  EXPECT_EQ(2u, files.at("_a").at("tabParts").count);
  EXPECT_EQ(163840, files.at("_a").at("tabParts").bytes);
  EXPECT_EQ(8192, files.at("_b").at("tabError Log").page_bytes);
}

TEST_F(TableFilesTest, AsksForCompressedTablesAlone) {
  ASSERT_TRUE(Read());
  EXPECT_THAT(server_.statements.back(), Not(HasSubstr("WHERE ROW_FORMAT")));
  ASSERT_TRUE(Read(FileChoice::kCompressed));
  EXPECT_THAT(server_.statements.back(), HasSubstr("WHERE ROW_FORMAT = 'Compressed' GROUP"));
}

TEST_F(TableFilesTest, KnowsPagesOfCompressedTables) {
  const auto files = Read().value();
  EXPECT_EQ(0.5, PartOfPage(files, "_b", "tabError Log", 16384));
  EXPECT_EQ(1, PartOfPage(files, "_a", "tabParts", 16384));
  EXPECT_EQ(1, PartOfPage(files, "_a", "tabBin", 16384));
  EXPECT_EQ(1, PartOfPage(files, "_c", "tabBin", 16384));
  EXPECT_EQ(1, PartOfPage(files, "_b", "tabError Log", 0));
}

TEST_F(TableFilesTest, WhoMayNotSeeThemHasNone) {
  answer_ = Fail(ErrorKind::kPermission, "Access denied; you need PROCESS");
  EXPECT_TRUE(Read().value().empty());
  answer_ = Fail(ErrorKind::kTimeout, "no answer in time");
  EXPECT_EQ(ErrorKind::kTimeout, Read().error().kind);
}

TEST_F(TableFilesTest, LeavesOutWhatHasNoName) {
  answer_ = PackedEntries({{"a", "", "16384", "1"}, {"", "t", "16384", "1"}});
  EXPECT_TRUE(Read().value().empty());
}

TEST_F(TableFilesTest, AListThatWasCutIsAnError) {
  answer_->rows[0][1] = "5";
  EXPECT_EQ(ErrorKind::kMalformed, Read().error().kind);
  for (const auto& entry : std::vector<std::vector<std::string>>{
           {"a", "t", "0", "1"}, {"a", "t", "16384", "-1"}, {"a", "t", "x", "1"}, {"a"}}) {
    answer_ = PackedEntries({entry});
    EXPECT_EQ(ErrorKind::kMalformed, Read().error().kind);
  }
  answer_ = MariadbTable{{}, {Row{}, Row{std::nullopt, "1"}}};
  EXPECT_EQ(ErrorKind::kMalformed, Read().error().kind);
}

}  // namespace
}  // namespace erpnext
