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
    server_.answers = {{"/* x */ SELECT ", [this] { return answer_; }}};
  }
  Result<FilesOfTables> Read(FileChoice choice = FileChoice::kAll) {
    return ReadTableFiles(server_, "x", choice, Deadline::After(std::chrono::minutes(5)));
  }

  FakeMariadb server_;
  Result<MariadbTable> answer_ =
      MariadbTable{{"TABLE_SCHEMA", "TABLE_NAME", "NAME", "PAGE_SIZE", "FILE_SIZE"},
                   {Row{"_a", "tabParts", "_a/tabParts#P#p0", "16384", "65536"},
                    Row{"_a", "tabParts", "_a/tabParts#P#p1", "16384", "98304"},
                    Row{"_b", "tabError Log", "_b/tabError@0020Log", "8192", "40960"}}};
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
  EXPECT_THAT(server_.statements.back(), Not(HasSubstr("Compressed")));
  ASSERT_TRUE(Read(FileChoice::kCompressed));
  EXPECT_THAT(server_.statements.back(), HasSubstr("WHERE ROW_FORMAT = 'Compressed' LIMIT"));
}

TEST_F(TableFilesTest, KnowsThePageSizeOfOlderServers) {
  answer_->columns[2] = "ZIP_PAGE_SIZE";
  for (Row& row : answer_->rows) row[2] = "4096";
  EXPECT_EQ(4096, Read()->at("_a").at("tabParts").page_bytes);
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

TEST_F(TableFilesTest, TakesHostileRows) {
  answer_->rows = {Row{},
                   Row{"a", "", "a/#sql-1", "16384", "1"},
                   Row{std::nullopt, "t", "x", "16384", "1"},
                   Row{"a", "t", "x", "0", "1"},
                   Row{"a", "t", "x", "16384", "-1"},
                   Row{"a", "t", "x", std::nullopt, "1"}};
  EXPECT_TRUE(Read().value().empty());
  answer_->columns = {"A", "B"};
  EXPECT_TRUE(Read().value().empty());
}

}  // namespace
}  // namespace erpnext
