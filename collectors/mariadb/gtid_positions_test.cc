// SPDX-License-Identifier: Apache-2.0
#include "collectors/mariadb/gtid_positions.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace erpnext {
namespace {

TEST(GtidPositions, AreOneForEachDomain) {
  const struct {
    const char* text;
    std::vector<GtidPosition> expected;
  } cases[] = {
      {"", {}},
      {"0-11-42", {{0, 11, 42}}},
      {"0-11-42,1-12-7", {{0, 11, 42}, {1, 12, 7}}},
      {"4294967295-4294967295-18446744073709551615", {{4294967295, 4294967295, ~0ULL}}},
      {"4294967296-1-1", {}},
      {"1-4294967296-1", {}},
      {"1-1-18446744073709551616", {}},
      // The others are read all the same.
      {"0-11-x,1-12-7", {{1, 12, 7}}},
      {"0-11,1-12-7,2-3-4-5,,3-3-3,", {{1, 12, 7}, {3, 3, 3}}},
      {"-11-42", {}},
      {"0--42", {}},
      {"0-11-", {}},
      {"0-11-+4", {}},
      {"0-11- 4", {}},
      {"0x1-11-4", {}},
      // As MySQL lists transactions.
      {"3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5", {}},
  };
  for (const auto& test : cases)
    EXPECT_EQ(test.expected, ParseGtidPositions(test.text)) << test.text;
}

TEST(GtidPositions, AreNotMoreThanAServerHas) {
  std::string text;
  for (int domain = 0; domain < 100'000; ++domain) text += std::to_string(domain) + "-1-5,";
  const auto positions = ParseGtidPositions(text);
  ASSERT_EQ(64u, positions.size());
  EXPECT_EQ(63u, positions.back().domain);
}

RC_GTEST_PROP(GtidPositions, TakeAnyBytes, (const std::string& bytes)) {
  RC_ASSERT(ParseGtidPositions(bytes).size() <= 64);
}

}  // namespace
}  // namespace erpnext
