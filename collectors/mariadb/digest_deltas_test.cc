// SPDX-License-Identifier: Apache-2.0
#include "collectors/mariadb/digest_deltas.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

namespace erpnext {
namespace {

StatementDigest Digest(const std::string& schema, const std::string& digest, double executions,
                       double seconds) {
  return {schema, digest, "SELECT ?", {.executions = executions, .seconds = seconds}};
}

// "schema digest executions seconds; ..."
std::string Text(const std::vector<StatementDigest>& deltas) {
  std::string text;
  for (const StatementDigest& each : deltas) {
    text += fmt::format("{} {} {} {}; ", each.schema, each.digest.empty() ? "rest" : each.digest,
                        each.cost.executions, each.cost.seconds);
  }
  return text;
}

TEST(DigestDeltas, AreWhatWasAddedSinceTheLastReading) {
  DigestDeltas deltas;
  EXPECT_EQ("", Text(deltas.Take({Digest("s", "a", 5, 50)}, {Digest("s", "", 9, 90)})));
  EXPECT_EQ("s a 1 10; s b 2 3; s rest 4 7; ",
            Text(deltas.Take({Digest("s", "a", 6, 60), Digest("s", "b", 2, 3)},
                             {Digest("s", "", 16, 110)})));
  EXPECT_EQ("", Text(deltas.Take({Digest("s", "a", 6, 60), Digest("s", "b", 2, 3)},
                                 {Digest("s", "", 16, 110)})));
}

TEST(DigestDeltas, ARestartOrTruncateIsNoCost) {
  DigestDeltas deltas;
  (void)deltas.Take({Digest("s", "a", 5, 50)}, {Digest("s", "", 9, 90)});
  EXPECT_EQ("s a 1 2; s rest 2 3; ",
            Text(deltas.Take({Digest("s", "a", 1, 2)}, {Digest("s", "", 3, 5)})));
  EXPECT_EQ("", Text(deltas.Take({}, {})));
  EXPECT_EQ("s a 1 2; ", Text(deltas.Take({Digest("s", "a", 1, 2)}, {Digest("s", "", 1, 2)})));
}

TEST(DigestDeltas, OneThatIsAheadOfItsSumIsCountedOnce) {
  DigestDeltas deltas;
  (void)deltas.Take({Digest("s", "a", 5, 50)}, {Digest("s", "", 5, 50)});
  EXPECT_EQ("s a 2 20; ", Text(deltas.Take({Digest("s", "a", 7, 70)}, {Digest("s", "", 6, 60)})));
  EXPECT_EQ("s rest 3 3; ",
            Text(deltas.Take({Digest("s", "a", 7, 70)}, {Digest("s", "", 10, 73)})));
}

TEST(DigestDeltas, ThePastOfOneBeyondTheReadingIsOfTheRest) {
  std::vector<StatementDigest> full;
  for (std::size_t i = 0; i < kMaxStatementDigests; ++i) {
    full.push_back(Digest("s", fmt::format("{}", i), 1, 100));
  }
  DigestDeltas deltas;
  (void)deltas.Take(full, {Digest("s", "", 1000, 1000)});
  full[0] = Digest("s", "late", 400, 500);  // 399 of them before the last reading
  EXPECT_EQ("s rest 1 2; ", Text(deltas.Take(full, {Digest("s", "", 1001, 1002)})));
  full[0] = Digest("s", "late", 402, 504);
  EXPECT_EQ("s late 2 4; ", Text(deltas.Take(full, {Digest("s", "", 1003, 1006)})));
}

TEST(DigestDeltas, WithoutADigestIsOfTheRest) {
  DigestDeltas deltas;
  (void)deltas.Take({Digest("", "", 5, 5)}, {Digest("", "", 5, 5)});
  EXPECT_EQ(" rest 2 3; ", Text(deltas.Take({Digest("", "", 7, 8)}, {Digest("", "", 7, 8)})));
}

}  // namespace
}  // namespace erpnext
