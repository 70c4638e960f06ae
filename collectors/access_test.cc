// SPDX-License-Identifier: Apache-2.0
#include "collectors/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/all_collectors.h"
#include "collectors/testing/collect.h"

namespace erpnext {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string GrantsFor(const std::string& path) {
  Inventory inventory;
  inventory.benches.push_back(MakeBench("b"));
  inventory.benches.back().path = path;
  return GrantLines({}, inventory, AllCollectors());
}

TEST(GrantLines, NameEveryCommandThatIsSent) {
  EXPECT_THAT(GrantsFor("/b"),
              HasSubstr("-@all +select +hmget +info +lindex +llen +smembers +zcard +zcount\n"));
  EXPECT_THAT(GrantsFor("/b"), HasSubstr("IDENTIFIED VIA unix_socket"));
}

TEST(GrantLines, APathIsOneWordOfTheShell) {
  EXPECT_THAT(GrantsFor("/home/a b/$(id)"), HasSubstr("stat -c %G '/home/a b/$(id)')"));
  EXPECT_THAT(GrantsFor("/home/a';id;'"), HasSubstr(R"(stat -c %G '/home/a'\'';id;'\''')"));
}

TEST(GrantLines, APathThatBreaksTheLineIsLeftOut) {
  const std::string lines = GrantsFor("/home/a\nid\n");
  EXPECT_THAT(lines, Not(HasSubstr("\nid\n")));
  EXPECT_THAT(lines, HasSubstr("left out"));
}

TEST(GrantLines, APasswordIsAPlaceToFillIn) {
  CollectorContext context;
  context.settings.mariadb.user = "watcher";
  context.settings.mariadb.password = Secret("hunter2");
  const std::string lines = GrantLines(context, {}, AllCollectors());
  EXPECT_THAT(lines, HasSubstr("'watcher'@'localhost' IDENTIFIED BY '<password>'"));
  EXPECT_THAT(lines, Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace erpnext
