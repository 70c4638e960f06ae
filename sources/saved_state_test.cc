// SPDX-License-Identifier: Apache-2.0
#include "sources/saved_state.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/testing/temp_folder.h"

namespace erpnext {
namespace {

using nlohmann::json;

class SavedStateTest : public testing::Test {
 protected:
  SavedState Make() {
    return {std::make_shared<StateStore>(folder_.path()), "state.json", "it begins anew"};
  }
  // What is restored; "error" when it cannot be.
  std::string Restored(SavedState& state) {
    std::string text = "nothing";
    const Status status = state.Restore([&](const json& saved) { text = saved.at("a"); });
    message_ = status ? "" : status.error().message;
    return status ? text : "error";
  }

  TempFolder folder_;
  std::string message_;
};

TEST_F(SavedStateTest, ComesBackOnce) {
  SavedState first = Make();
  EXPECT_FALSE(first.ready());
  EXPECT_EQ("nothing", Restored(first));
  EXPECT_TRUE(first.ready());
  EXPECT_TRUE(first.Save({{"a", "x\xFF"}}));  // names of files are bytes
  SavedState second = Make();
  EXPECT_EQ("x\xEF\xBF\xBD", Restored(second));
  EXPECT_EQ("nothing", Restored(second)) << "it was given already";
}

TEST_F(SavedStateTest, WhatCannotBeUsedIsSaidOnceAndReplaced) {
  for (const char* text : {"{", "[]", R"({"a": 1})", ""}) {
    folder_.Write("state.json", text);
    SavedState state = Make();
    EXPECT_EQ("error", Restored(state)) << text;
    EXPECT_NE(std::string::npos, message_.find("state.json")) << message_;
    EXPECT_NE(std::string::npos, message_.find("it begins anew")) << message_;
    EXPECT_TRUE(state.ready());
    EXPECT_TRUE(state.Save({{"a", "new"}}));
    SavedState next = Make();
    EXPECT_EQ("new", Restored(next));
  }
}

TEST_F(SavedStateTest, WhatCannotBeReadIsTriedAgain) {
  std::filesystem::create_directory(folder_.path("state.json"));
  SavedState state = Make();
  EXPECT_EQ("error", Restored(state));
  EXPECT_FALSE(state.ready());
  std::filesystem::remove(folder_.path("state.json"));
  folder_.Write("state.json", R"({"a": "old"})");
  EXPECT_EQ("old", Restored(state));
  EXPECT_TRUE(state.ready());
}

}  // namespace
}  // namespace erpnext
