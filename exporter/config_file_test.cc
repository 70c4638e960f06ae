// SPDX-License-Identifier: Apache-2.0
#include "exporter/config_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/testing/temp_folder.h"

namespace erpnext {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(ConfigFile, TakesDottedAndNestedKeys) {
  for (const char* text : {"log.level: debug\nmariadb.user: watcher\n",
                           "log: {level: debug}\nmariadb:\n  user: watcher\n",
                           "log.level: debug\nmariadb: {user: watcher}\n"}) {
    Settings settings;
    EXPECT_TRUE(ApplyConfig(text, "f", settings).empty()) << text;
    EXPECT_EQ(LogLevel::kDebug, settings.log_level) << text;
    EXPECT_EQ("watcher", settings.collect.mariadb.user) << text;
  }
}

TEST(ConfigFile, ReadsListsFlagsDurationsAddressesAndRecords) {
  Settings settings;
  const auto mistakes = ApplyConfig(R"(
web.listen-address: [":10470", "unix:/run/x.sock"]
collector: {queues: false}
mariadb:
  tls: true
  address: "[::1]:3307"
  heartbeat-table: "my`db.heart beat"
  heartbeat-utc: true
  targets:
    - {name: archive, address: "db2:3306", user: far, password-file: /run/secret}
    - {name: local, address: "unix:/run/b.sock"}
probe: {timeout: 1500ms}
benches:
  - {path: /srv/bench, name: main, id: home-frappe-bench, web: "web:8000"}
logs:
  patterns:
    - {name: own, severity: error, regex: 'boom \d+'}
)",
                                    "f", settings);
  EXPECT_THAT(mistakes.fatal, IsEmpty());
  EXPECT_THAT(settings.listen_addresses, ElementsAre(":10470", "unix:/run/x.sock"));
  EXPECT_FALSE(settings.collectors.at("queues"));
  EXPECT_TRUE(settings.collect.mariadb.tls);
  EXPECT_EQ((Address{"", "::1", 3307}), settings.collect.mariadb.address);
  EXPECT_EQ((TableSetting{"my`db", "heart beat"}), settings.collect.heartbeat.table);
  EXPECT_TRUE(settings.collect.heartbeat.utc);
  ASSERT_EQ(2U, settings.mysql_targets.size());
  const MysqlTarget& target = settings.mysql_targets.front();
  EXPECT_EQ("archive db2:3306 far /run/secret", target.name + " " + target.login.address.Text() +
                                                    " " + target.login.user + " " +
                                                    target.password_file);
  EXPECT_EQ("/run/b.sock", settings.mysql_targets.back().login.address.unix_path);
  EXPECT_EQ(std::chrono::milliseconds(1500), settings.collect.probe.timeout);
  ASSERT_EQ(1U, settings.collect.discovery.benches.size());
  const BenchSetting& bench = settings.collect.discovery.benches.front();
  EXPECT_EQ("/srv/bench main home-frappe-bench web:8000",
            bench.path + " " + bench.name + " " + bench.id + " " + bench.web.Text());
  EXPECT_THAT(settings.collect.logs.patterns, ElementsAre(LogPattern{"own", "error", "boom \\d+"}));
}

TEST(ConfigFile, TwoTargetsOfOneNameAreAMistake) {
  Settings settings;
  const char* text = "mariadb.targets: [{name: x, address: 'a:1'}, {name: x, address: 'b:1'}]\n";
  EXPECT_TRUE(ApplyConfig(text, "f", settings).empty());
  EXPECT_EQ("mariadb.targets: the name x is there twice", CheckSettings(settings).error().message);
}

TEST(ConfigFile, AnEmptyFileChangesNothing) {
  for (const char* text : {"", "# only a comment\n", "---\n", "{}\n"}) {
    Settings settings;
    EXPECT_TRUE(ApplyConfig(text, "f", settings).empty()) << text;
  }
}

struct MistakeCase {
  const char* text;
  const char* mistake;
};

TEST(ConfigFile, SaysWhereAndWhat) {
  const MistakeCase cases[] = {
      {"nonsense: 1\n", "f:1:1: unknown key nonsense"},
      {"log:\n  volume: 3\n", "f:2:3: unknown key log.volume"},
      {"listen-address: x\n", "did you mean web.listen-address?"},
      {"log.level: info\nlog: {level: warn}\n", "f:2:7: log.level is set twice"},
      {"log.level: info\nlog.level: info\n", "f:2:1: log.level is set twice"},
      {"log.level: loud\n", "f:1:12: log.level: 'loud' is none of: debug, info, warn, error"},
      {"log.level: [info]\n", "f:1:12: log.level: expected one value"},
      {"log.level:\n", "log.level: expected one value"},
      {"log: 3\n", "f:1:6: log groups other keys: expected a map"},
      {"mariadb.tls: yes\n", "f:1:14: mariadb.tls: 'yes' is none of: true, false"},
      {"mariadb.tls: \"true\"\n", "expected true or false without quotes"},
      {"probe.timeout: 5\n", "'5' is no duration"},
      {"probe.timeout: 90000000h\n", "is no duration"},
      {"probe.concurrency: 0\n", "'0' is no whole number from 1"},
      {"probe.concurrency: 012x\n", "'012x' is no whole number"},
      {"mariadb.address: nowhere\n", "'nowhere' is no address"},
      {"mariadb.address: ::1:3306\n", "is no address"},
      {"mariadb.heartbeat-table: heartbeat\n",
       "f:1:26: mariadb.heartbeat-table: 'heartbeat' is no table: DATABASE.TABLE"},
      {"mariadb.heartbeat-table: a.b.c\n", "'a.b.c' is no table"},
      {"mariadb.heartbeat-table: \"a.b\\n\"\n", "is no table"},
      {"filesystem.fs-types-exclude: \"(\"\n", "no regular expression: missing )"},
      {"bench: {a: b}\n", "f:1:8: bench: expected a list of texts"},
      {"bench: [[a]]\n", "bench: expected a text"},
      {"benches: /srv/bench\n", "expected a list of maps with the keys path, name, id, web"},
      {"mariadb.targets: [{name: x}]\n", "f:1:19: mariadb.targets: "},
      {"mariadb.targets: [{address: 'db:1'}]\n", "a target needs a name"},
      {"mariadb.targets: [{name: 'a b', address: 'db:1'}]\n", "a target needs a name"},
      {"mariadb.targets: [{name: x, address: 'db:1', password: y}]\n", "unknown key password"},
      {"benches: [{name: x}]\n", "f:1:11: benches: a bench needs a path"},
      {"benches: [{path: x, colour: red}]\n", "unknown key colour"},
      {"benches: [{path: x, path: y}]\n", "path is set twice"},
      {"benches: [x]\n", "benches: expected a map"},
      {"[a, b]\n", "f:1:1: expected keys with values"},
      {"log.level: info\n---\nlog.level: info\n", "a second document"},
      {",", "a second document"},  // yaml-cpp finds one document after the other
      {"a: [\n", "f:2:1: "},
      {"? [a]\n: b\n", "expected a name as key"},
  };
  for (const MistakeCase& c : cases) {
    Settings settings;
    const ConfigMistakes mistakes = ApplyConfig(c.text, "f", settings);
    ASSERT_EQ(1U, mistakes.fatal.size()) << c.text;
    EXPECT_THAT(mistakes.fatal.front(), HasSubstr(c.mistake)) << c.text;
  }
}

TEST(ConfigFile, FindsAllMistakesAtOnce) {
  Settings settings;
  const auto mistakes =
      ApplyConfig("log.level: loud\nx: 1\nprobe: {timeout: 1, y: 2}\n", "f", settings);
  EXPECT_EQ(4U, mistakes.fatal.size());
}

TEST(ConfigFile, ABadPatternIsReportedAndTheRestUsed) {
  Settings settings;
  const auto mistakes = ApplyConfig(
      "log.level: debug\nlogs.patterns:\n  - {name: a, severity: error, regex: 'a('}\n"
      "  - {name: b, severity: error, regex: 'b'}\n",
      "f", settings);
  EXPECT_THAT(mistakes.fatal, IsEmpty());
  EXPECT_THAT(mistakes.tolerated, ElementsAre(HasSubstr("f:3:5: logs.patterns: pattern a")));
  EXPECT_EQ(LogLevel::kDebug, settings.log_level);
  EXPECT_EQ(2U, settings.collect.logs.patterns.size());
}

TEST(ConfigFile, EndlessNestingAndAliasesAreRefused) {
  Settings settings;
  const std::string deep(100'000, '[');
  EXPECT_FALSE(ApplyConfig("log.level: " + deep, "f", settings).empty());
  EXPECT_FALSE(ApplyConfig("a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n", "f", settings).empty());
}

TEST(ConfigFile, AFileThatIsNotThereOrTooLargeIsAnError) {
  const TempFolder folder;
  Settings settings;
  const auto missing = ApplyConfigFile(folder.path() + "/none.yml", settings);
  ASSERT_FALSE(missing);
  EXPECT_EQ(ErrorKind::kUnavailable, missing.error().kind);
  folder.Write("big.yml", std::string(2U << 20, '#'));
  const auto big = ApplyConfigFile(folder.path() + "/big.yml", settings);
  ASSERT_FALSE(big);
  EXPECT_EQ(ErrorKind::kLimit, big.error().kind);
}

}  // namespace
}  // namespace erpnext
