// SPDX-License-Identifier: Apache-2.0
#include "sources/state_store.h"

#include <gtest/gtest.h>

#include "core/testing/temp_folder.h"

namespace erpnext {
namespace {

TEST(StateStore, KeepsStatesInMemoryWithoutAFolder) {
  StateStore store("");
  EXPECT_EQ(std::nullopt, *store.Load("logs"));
  ASSERT_TRUE(store.Save("logs", "state"));
  EXPECT_EQ("state", *store.Load("logs"));
}

TEST(StateStore, KeepsStatesInFiles) {
  const TempFolder folder;
  ASSERT_TRUE(StateStore(folder.path()).Save("logs", "one"));
  ASSERT_TRUE(StateStore(folder.path()).Save("logs", "two"));
  EXPECT_EQ("two", *StateStore(folder.path()).Load("logs"));
  EXPECT_FALSE(std::filesystem::exists(folder.path("logs.new")));
}

TEST(StateStore, ASuccessorHasTheStatesAndAloneWritesThem) {
  const TempFolder folder;
  StateStore old(folder.path());
  ASSERT_TRUE(old.Save("logs", "one"));
  StateStore next(folder.path());
  next.TakeOver(old);
  EXPECT_EQ("one", *next.Load("logs"));
  EXPECT_FALSE(old.Save("logs", "late"));
  EXPECT_EQ("one", *StateStore(folder.path()).Load("logs"));
}

TEST(StateStore, AFileThatCannotBeReadIsNoFirstStart) {
  const TempFolder folder;
  folder.MakeFolder("logs");
  EXPECT_FALSE(StateStore(folder.path()).Load("logs"));
}

TEST(StateStore, SavesInMemoryEvenIfTheFolderIsGone) {
  StateStore store("/nosuch/folder");
  EXPECT_FALSE(store.Save("logs", "state"));
  EXPECT_EQ("state", *store.Load("logs"));
}

}  // namespace
}  // namespace erpnext
