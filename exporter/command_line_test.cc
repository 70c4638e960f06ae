// SPDX-License-Identifier: Apache-2.0
#include "exporter/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/testing/temp_folder.h"
#include "exporter/options.h"

namespace erpnext {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ParsedCommandLine Parse(std::vector<const char*> words) {
  words.insert(words.begin(), "erpnext-exporter");
  return ParseCommandLine(static_cast<int>(words.size()), words.data(), "1.2.3");
}

Result<Settings> Load(std::vector<const char*> words) {
  std::vector<std::string> tolerated;
  return LoadSettings(Parse(std::move(words)).command_line, tolerated);
}

TEST(CommandLine, ServesWhenNoCommandIsNamed) {
  EXPECT_EQ(Command::kServe, Parse({}).command_line.command);
  EXPECT_EQ(Command::kServe, Parse({"--log.level=warn"}).command_line.command);
}

TEST(CommandLine, KnowsItsCommands) {
  EXPECT_EQ(Command::kServe, Parse({"serve"}).command_line.command);
  EXPECT_EQ(Command::kOnce, Parse({"once"}).command_line.command);
  EXPECT_EQ(Command::kDiscover, Parse({"discover"}).command_line.command);
  EXPECT_EQ(Command::kIndexes, Parse({"indexes", "--format=json"}).command_line.command);
  EXPECT_EQ(Command::kLocks, Parse({"locks", "--site=a", "--format=json"}).command_line.command);
  EXPECT_EQ(Command::kGrants, Parse({"grants"}).command_line.command);
  EXPECT_EQ(Command::kMetrics, Parse({"metrics", "--format=json"}).command_line.command);
  const auto check = Parse({"check-config", "x.yml"}).command_line;
  EXPECT_EQ(Command::kCheckConfig, check.command);
  EXPECT_EQ("x.yml", check.config_file);
}

TEST(CommandLine, OptionsStandBeforeOrAfterTheCommand) {
  for (const auto& words : std::vector<std::vector<const char*>>{
           {"--bench=/a", "--bench", "/b", "once", "--collector=queues", "--collector", "cpu"},
           {"once", "--collector=queues", "--collector", "cpu", "--bench=/a", "--bench", "/b"}}) {
    const auto parsed = Parse(words);
    ASSERT_FALSE(parsed.exits) << parsed.exit.text;
    EXPECT_THAT(parsed.command_line.options.at("bench"), ElementsAre("/a", "/b"));
    EXPECT_THAT(parsed.command_line.collectors, ElementsAre("queues", "cpu"));
  }
}

TEST(CommandLine, FlagsHaveTheirOpposite) {
  EXPECT_FALSE(Load({"--no-collector.queues"})->collectors.at("queues"));
  EXPECT_TRUE(Load({"--collector.queues"})->collectors.at("queues"));
  EXPECT_FALSE(Load({"--no-mariadb.tls-verify"})->collect.mariadb.tls_verify);
}

TEST(CommandLine, MistakesOfUseExitWithAnError) {
  for (const auto& words :
       std::vector<std::vector<const char*>>{{"--nonsense"},
                                             {"stray"},
                                             {"serve", "stray"},
                                             {"once", "serve"},
                                             {"--log.level=info", "--log.level=warn"},
                                             {"--bench", "/a", "stray"},
                                             {"check-config"},
                                             {"metrics", "--format=xml"},
                                             {"--collector.bench"},
                                             {"--mariadb.password=x"}}) {
    const auto parsed = Parse(words);
    EXPECT_TRUE(parsed.exits && parsed.exit.is_error) << words.front();
  }
}

TEST(CommandLine, HelpNamesEveryOption) {
  const auto parsed = Parse({"--help"});
  ASSERT_TRUE(parsed.exits);
  EXPECT_FALSE(parsed.exit.is_error);
  for (const Option& option : AllOptions()) {
    if (option.file_only()) continue;
    EXPECT_THAT(parsed.exit.text, HasSubstr("--" + option.name));
  }
  EXPECT_THAT(Parse({"--version"}).exit.text, HasSubstr("1.2.3"));
}

TEST(LoadSettings, TheCommandLineWinsOverTheFile) {
  const TempFolder folder;
  folder.Write("c.yml", "log: {level: error, format: json}\n");
  const std::string option = "--config.file=" + folder.path() + "/c.yml";
  const auto settings = Load({option.c_str(), "--log.level=debug"});
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(LogLevel::kDebug, settings->log_level);
  EXPECT_EQ(LogFormat::kJson, settings->log_format);
}

TEST(LoadSettings, AnIntervalIsOfACollectorThatHasOneAndWithinItsLimits) {
  using std::chrono::minutes;
  EXPECT_TRUE(Load({})->intervals.empty());
  EXPECT_EQ(minutes(10), Load({"--interval.mariadb_tables=10m"})->intervals.at("mariadb_tables"));
  EXPECT_TRUE(Load({"--interval.jobs=1s"}));
  for (const char* wrong : {"--interval.jobs=999ms", "--interval.jobs=11m", "--interval.jobs=10"}) {
    EXPECT_FALSE(Load({wrong})) << wrong;
  }
  EXPECT_TRUE(Parse({"--interval.queues=10s"}).exits);  // collected with each scrape
}

TEST(LoadSettings, CollectsMistakesOfFileAndOptions) {
  const TempFolder folder;
  folder.Write("c.yml", "log.level: loud\nnonsense: 1\n");
  const std::string option = "--config.file=" + folder.path() + "/c.yml";
  const auto settings = Load({option.c_str(), "--probe.timeout=soon", "--probe.path=x"});
  ASSERT_FALSE(settings);
  for (const char* part : {"c.yml:1:12", "c.yml:2:1", "--probe.timeout: 'soon'", "probe.path"}) {
    EXPECT_THAT(settings.error().message, HasSubstr(part));
  }
}

TEST(LoadSettings, ReadsPasswordsFromFilesAndNeverTellsThem) {
  const TempFolder folder;
  folder.Write("secret", "hunter2\r\n");
  const std::string option = "--mariadb.password-file=" + folder.path() + "/secret";
  const auto settings = Load({option.c_str()});
  ASSERT_TRUE(settings);
  EXPECT_EQ("hunter2", settings->collect.mariadb.password.Reveal());
  const auto missing = Load({"--mariadb.password-file=/nowhere/secret"});
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr("mariadb.password-file"));
}

TEST(LoadSettings, RefusesWhatDoesNotFitTogether) {
  for (const char* option :
       {"--web.telemetry-path=metrics", "--web.telemetry-path=/", "--web.telemetry-path=/-/reload",
        "--redis.user=x", "--web.listen-address=nonsense", "--web.listen-address=host:99999"}) {
    EXPECT_FALSE(Load({option})) << option;
  }
}

}  // namespace
}  // namespace erpnext
