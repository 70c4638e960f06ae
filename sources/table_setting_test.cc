// SPDX-License-Identifier: Apache-2.0
#include "sources/table_setting.h"

#include <gtest/gtest.h>

namespace erpnext {
namespace {

TEST(TableSetting, IsTwoNamesAroundADot) {
  const auto name = ParseTableSetting("heart-beat.my table");
  ASSERT_TRUE(name);
  EXPECT_EQ((TableSetting{"heart-beat", "my table"}), *name);
  EXPECT_EQ("heart-beat.my table", name->Text());
  EXPECT_EQ("`heart-beat`.`my table`", name->Quoted());
}

TEST(TableSetting, CannotEndItsQuotes) {
  EXPECT_EQ("`a```.```; DROP TABLE x; --`", ParseTableSetting("a`.`; DROP TABLE x; --")
                                                .value_or(TableSetting{"no", "name"})
                                                .Quoted()
                                                .value_or("none"));
  EXPECT_EQ("`a``b`.`c``'\\`", ParseTableSetting("a`b.c`'\\")->Quoted());
}

TEST(TableSetting, AnythingElseIsNone) {
  using namespace std::string_literals;
  for (const std::string& bad :
       {""s, "heartbeat"s, "."s, "a."s, ".a"s, "a.b.c"s, "a..b"s, "`a.b`.c"s, "a.b\n"s, "a\t.b"s,
        "a\0.b"s, "a.\x7F"s, "\xFF.b"s, "a.b "s, "a ."s, "a." + std::string(65, 'b'),
        std::string(65, 'a') + ".b"}) {
    EXPECT_FALSE(ParseTableSetting(bad)) << bad;
  }
  EXPECT_TRUE(ParseTableSetting(std::string(64, 'a') + ".b"));
}

}  // namespace
}  // namespace erpnext
