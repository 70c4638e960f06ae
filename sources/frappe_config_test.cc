// SPDX-License-Identifier: Apache-2.0
#include "sources/frappe_config.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace erpnext {
namespace {

FrappeConfig Parse(std::string_view json) {
  const auto config = FrappeConfig::Parse(json, "test.json");
  EXPECT_TRUE(config) << json;
  return config ? *config : FrappeConfig();
}

TEST(FrappeConfig, HasPythonsRulesOfTruth) {
  struct Row {
    const char* value;
    bool truthy;
  };
  const Row rows[] = {
      {"0", false},   {"1", true},      {"-1", true},        {"0.0", false},
      {"0.5", true},  {"\"\"", false},  {"\"0\"", true},     {"\"false\"", true},
      {"true", true}, {"false", false}, {"null", false},     {"[]", false},
      {"[0]", true},  {"{}", false},    {"{\"a\":0}", true}, {"18446744073709551615", true}};
  for (const Row& row : rows) {
    const auto config = Parse(std::string("{\"maintenance_mode\": ") + row.value + "}");
    EXPECT_EQ(row.truthy, config.Truthy("maintenance_mode")) << row.value;
  }
  EXPECT_FALSE(Parse("{}").Truthy("maintenance_mode"));
}

TEST(FrappeConfig, HasTheNumbersOfFrappesCint) {
  for (const char* value :
       {"1", "-1", "true", "\"1\"", "\" 1 \"", "\"1.5\"", "1.5", "\"2\"", "18446744073709551615"}) {
    EXPECT_TRUE(Parse(std::string("{\"a\": ") + value + "}").NonZero("a")) << value;
  }
  for (const char* value : {"0", "0.5", "false", "null", "\"0\"", "\"0.5\"", "\"\"", "\"yes\"",
                            "\"true\"", "\"inf\"", "\"nan\"", "[1]", "{\"b\": 1}"}) {
    EXPECT_FALSE(Parse(std::string("{\"a\": ") + value + "}").NonZero("a")) << value;
  }
  EXPECT_FALSE(Parse("{}").NonZero("a"));
}

TEST(FrappeConfig, AHigherLayerHidesWholeValues) {
  const auto site = Parse(R"({"db_name": "_1", "workers": {"a": {}}, "pause_scheduler": 0})");
  const auto common = Parse(R"({"db_port": 3311, "workers": {"b": {}}, "pause_scheduler": 1})");
  const auto both = site.Over(common);
  EXPECT_EQ("_1", both.Text("db_name"));
  EXPECT_EQ(3311, both.Integer("db_port"));
  EXPECT_EQ(std::vector<std::string>{"a"}, both.KeysOf("workers"));
  EXPECT_FALSE(both.Truthy("pause_scheduler"));
  EXPECT_TRUE(both.Has("pause_scheduler"));
}

TEST(FrappeConfig, TakesNumbersThatAreStrings) {
  const auto config =
      Parse(R"({"a": "3306", "b": 3306, "c": 1.5, "d": "x", "e": true, "f": " 7 "})");
  EXPECT_EQ(3306, config.Integer("a"));
  EXPECT_EQ(3306, config.Integer("b"));
  EXPECT_EQ(std::nullopt, config.Integer("c"));
  EXPECT_EQ(std::nullopt, config.Integer("d"));
  EXPECT_EQ(std::nullopt, config.Integer("e"));
  EXPECT_EQ(7, config.Integer("f"));
  EXPECT_EQ(std::nullopt, config.Text("b"));
}

TEST(FrappeConfig, RefusesOthersWithoutQuotingThem) {
  struct Row {
    const char* name;
    std::string text;
  };
  const Row rows[] = {
      {"truncated", R"({"db_password": "hunter2)"},
      {"no object", R"(["hunter2"])"},
      {"byte order mark", "\xEF\xBB\xBF{\"db_password\": \"hunter2\"}"},
      {"empty", ""},
      {"trailing text", R"({} hunter2)"},
      {"invalid UTF-8", "{\"db_password\": \"hunter2\xFF\"}"},
      {"very deep", std::string(500'000, '[')},
  };
  for (const Row& row : rows) {
    const auto config = FrappeConfig::Parse(row.text, "sites/a/site_config.json");
    ASSERT_FALSE(config) << row.name;
    EXPECT_EQ(ErrorKind::kMalformed, config.error().kind);
    EXPECT_TRUE(config.error().message.starts_with("sites/a/site_config.json: ")) << row.name;
    EXPECT_EQ(std::string::npos, config.error().message.find("hunter2")) << row.name;
  }
}

RC_GTEST_PROP(FrappeConfig, TakesAnyBytes, (const std::string& bytes)) {
  const auto config = FrappeConfig::Parse(bytes, "f");
  RC_ASSERT(config || config.error().kind == ErrorKind::kMalformed);
}

}  // namespace
}  // namespace erpnext
