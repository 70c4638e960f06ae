// SPDX-License-Identifier: Apache-2.0
#include "exporter/log.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace erpnext {
namespace {

TEST(Log, WritesLogfmt) {
  EXPECT_EQ("ts=T level=info msg=listening address=127.0.0.1:1",
            Log::Format(LogFormat::kLogfmt, "T", LogLevel::kInfo, "listening",
                        {{"address", "127.0.0.1:1"}}));
  EXPECT_EQ(R"(ts=T level=warn msg="two words" error="" path="a=b")",
            Log::Format(LogFormat::kLogfmt, "T", LogLevel::kWarning, "two words",
                        {{"error", ""}, {"path", "a=b"}}));
}

TEST(Log, TextFromOutsideCannotForgeALine) {
  for (const LogFormat format : {LogFormat::kLogfmt, LogFormat::kJson}) {
    const std::string line = Log::Format(format, "T", LogLevel::kError, "m",
                                         {{"error", "a\nts=T level=info msg=\"fake\"\x1b\xff"}});
    EXPECT_EQ(std::string::npos, line.find('\n')) << line;
    EXPECT_EQ(std::string::npos, line.find('\x1b')) << line;
  }
}

TEST(Log, WritesJson) {
  const auto line = nlohmann::json::parse(
      Log::Format(LogFormat::kJson, "T", LogLevel::kDebug, "a \"b\"", {{"path", "c\\d"}}));
  EXPECT_EQ("debug", line.at("level"));
  EXPECT_EQ("a \"b\"", line.at("msg"));
  EXPECT_EQ("c\\d", line.at("path"));
}

}  // namespace
}  // namespace erpnext
