// SPDX-License-Identifier: Apache-2.0
#include "core/text.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace erpnext {
namespace {

using Pieces = std::vector<std::string_view>;

TEST(Text, TrimsOnlyTheEnds) {
  EXPECT_EQ("a b", Trim(" \t a b\r\n"));
  EXPECT_EQ("", Trim(" \n"));
  EXPECT_EQ("", Trim(""));
}

TEST(Text, SplitsIntoAsManyPiecesAsSeparatorsPlusOne) {
  EXPECT_EQ((Pieces{"a", "", "b"}), Split("a,,b", ','));
  EXPECT_EQ((Pieces{""}), Split("", ','));
  EXPECT_EQ((Pieces{"", ""}), Split(",", ','));
}

TEST(Text, SplitBlanksGivesNoEmptyPieces) {
  EXPECT_EQ((Pieces{"cpu0", "1", "2"}), SplitBlanks("  cpu0 \t1  2 "));
  EXPECT_EQ(Pieces{}, SplitBlanks("   "));
}

TEST(Text, NextLineTakesEveryLineEnd) {
  std::string_view text = "one\r\n\ntwo";
  EXPECT_EQ("one", NextLine(text));
  EXPECT_EQ("", NextLine(text));
  EXPECT_EQ("two", NextLine(text));
  EXPECT_EQ(std::nullopt, NextLine(text));
}

TEST(Text, ParsesWholeNumbersOnly) {
  EXPECT_EQ(42, ParseNumber<int>("42"));
  EXPECT_EQ(1.5, ParseNumber<double>("1.5"));
  for (std::string_view bad : {"", " 1", "1 ", "1x", "0x10", "+1", "999999999999"}) {
    EXPECT_EQ(std::nullopt, ParseNumber<int>(bad)) << bad;
  }
  EXPECT_EQ(std::nullopt, ParseNumber<unsigned>("-1"));
  EXPECT_EQ(std::nullopt, ParseNumber<double>("1,5"));
}

TEST(Text, RepairsEachInvalidByte) {
  struct Row {
    const char* name;
    std::string bytes;
    std::string repaired;
  };
  const std::string bad = "\xEF\xBF\xBD";
  const Row rows[] = {
      {"ascii", "abc", "abc"},
      {"umlaut", "\xC3\xBC", "\xC3\xBC"},
      {"euro", "\xE2\x82\xAC", "\xE2\x82\xAC"},
      {"emoji", "\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"},
      {"lone tail", "a\x80z", "a" + bad + "z"},
      {"overlong slash", "\xC0\xAF", bad + bad},
      {"surrogate", "\xED\xA0\x80", bad + bad + bad},
      {"above the last code point", "\xF4\x90\x80\x80", bad + bad + bad + bad},
      {"cut in the middle", "x\xE2\x82", "x" + bad + bad},
      {"latin-1", "caf\xE9", "caf" + bad},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(row.repaired, RepairUtf8(row.bytes)) << row.name;
    EXPECT_EQ(row.bytes == row.repaired, IsValidUtf8(row.bytes)) << row.name;
  }
}

TEST(Text, CutsBetweenCharacters) {
  EXPECT_EQ("ab", CutUtf8("ab\xC3\xBC", 3));
  EXPECT_EQ("ab\xC3\xBC", CutUtf8("ab\xC3\xBC", 4));
  EXPECT_EQ("", CutUtf8("\xF0\x9F\x98\x80", 3));
}

RC_GTEST_PROP(Text, RepairedTextIsValidAndValidTextStays, (const std::string& bytes)) {
  const std::string repaired = RepairUtf8(bytes);
  RC_ASSERT(IsValidUtf8(repaired));
  RC_ASSERT(RepairUtf8(repaired) == repaired);
}

TEST(Text, WhatIsPrintedDoesNotCommandATerminal) {
  EXPECT_EQ("a b", Printable("a b"));
  EXPECT_EQ("?[31m?7", Printable("\x1B[31m\n7"));
  EXPECT_EQ("?31m\xC2\xA0\xC3\xA4?", Printable("\xC2\x9B"
                                               "31m\xC2\xA0\xC3\xA4\x7F"));
  EXPECT_EQ("\xEF\xBF\xBD", Printable("\xC2"));
}

}  // namespace
}  // namespace erpnext
