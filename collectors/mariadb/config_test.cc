// SPDX-License-Identifier: Apache-2.0
#include "collectors/mariadb/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "collectors/mariadb/config_rules.h"
#include "collectors/testing/collect.h"
#include "sources/testing/fake_mariadb.h"

namespace erpnext {
namespace {

using testing::HasSubstr;
using testing::Not;
using Row = std::vector<std::optional<std::string>>;

// As a MariaDB that is set for Frappe answers.
const std::vector<std::pair<std::string, std::string>> kWanted = {
    {"character_set_server", "utf8mb4"},
    {"collation_server", "utf8mb4_unicode_ci"},
    {"innodb_force_recovery", "0"},
    {"read_only", "OFF"},
    {"innodb_flush_log_at_trx_commit", "1"},
    {"innodb_doublewrite", "ON"},
    {"log_bin", "ON"},
    {"expire_logs_days", "10.000000"},
    {"binlog_expire_logs_seconds", "864000"},
    {"innodb_buffer_pool_size", "536870912"},
    {"innodb_default_row_format", "dynamic"},
    {"innodb_file_per_table", "ON"},
    {"innodb_read_only_compressed", "OFF"},
    {"max_allowed_packet", "16777216"},
    {"slow_query_log", "ON"}};

ServerConfig With(std::vector<std::pair<std::string, std::string>> changed,
                  std::optional<double> data_bytes = std::nullopt) {
  ServerConfig config{{kWanted.begin(), kWanted.end()}, data_bytes};
  for (auto& [name, value] : changed) config.variables[name] = value;
  return config;
}

std::optional<bool> Judge(std::string_view setting, const ServerConfig& config) {
  for (const ConfigRule& rule : ConfigRules()) {
    if (rule.setting == setting) return rule.is_as_wanted(config);
  }
  ADD_FAILURE() << "no rule for " << setting;
  return std::nullopt;
}

TEST(ConfigRules, AreContentWithWhatFrappeWants) {
  for (const ConfigRule& rule : ConfigRules()) {
    EXPECT_EQ(true, rule.is_as_wanted(With({}))) << rule.setting;
    EXPECT_EQ(std::nullopt, rule.is_as_wanted(ServerConfig{})) << rule.setting;
  }
}

TEST(ConfigRules, SeeEachSettingThatDiffers) {
  const struct {
    std::string setting, value;
  } cases[] = {{"character_set_server", "latin1"},      {"collation_server", "utf8mb4_general_ci"},
               {"innodb_force_recovery", "1"},          {"read_only", "ON"},
               {"innodb_flush_log_at_trx_commit", "0"}, {"innodb_flush_log_at_trx_commit", "2"},
               {"innodb_doublewrite", "OFF"},           {"innodb_default_row_format", "compact"},
               {"innodb_file_per_table", "OFF"},        {"innodb_read_only_compressed", "ON"},
               {"max_allowed_packet", "1048576"},       {"slow_query_log", "OFF"}};
  for (const auto& [setting, value] : cases) {
    EXPECT_EQ(false, Judge(setting, With({{setting, value}}))) << setting << " " << value;
  }
  EXPECT_EQ(true, Judge("innodb_doublewrite", With({{"innodb_doublewrite", "fast"}})));
  EXPECT_EQ(true, Judge("innodb_flush_log_at_trx_commit",
                        With({{"innodb_flush_log_at_trx_commit", "3"}})));
}

TEST(ConfigRules, BinaryLogsExpireByDaysOrSeconds) {
  constexpr const char* kSetting = "binlog_expire_logs_seconds";
  EXPECT_EQ(true, Judge(kSetting, With({{kSetting, "0"}})));
  EXPECT_EQ(true, Judge(kSetting, With({{"expire_logs_days", "0"}})));
  EXPECT_EQ(false, Judge(kSetting, With({{kSetting, "0"}, {"expire_logs_days", "0.000000"}})));
  EXPECT_EQ(std::nullopt, Judge(kSetting, With({{"log_bin", "OFF"}, {kSetting, "0"}})));
}

TEST(ConfigRules, ASmallBufferPoolMattersWhenDataDoNotFit) {
  constexpr const char* kSetting = "innodb_buffer_pool_size";
  const auto small = [](std::optional<double> bytes) {
    return With({{"innodb_buffer_pool_size", "134217728"}}, bytes);
  };
  EXPECT_EQ(true, Judge(kSetting, small(134217728)));
  EXPECT_EQ(false, Judge(kSetting, small(134217729)));
  EXPECT_EQ(std::nullopt, Judge(kSetting, small(std::nullopt)));
  EXPECT_EQ(true, Judge(kSetting, With({}, 1e12)));
}

TEST(ConfigRules, StandInTheDocumentation) {
  const std::string path = fmt::format("{}/docs/mariadb-settings.md", ERPNEXT_EXPORTER_SOURCE_DIR);
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path) << ConfigRulesPage();
  std::ostringstream page;
  page << std::ifstream(path).rdbuf();
  EXPECT_EQ(page.str(), ConfigRulesPage()) << "UPDATE_GOLDEN=1 writes it anew";
}

class MariadbConfigTest : public testing::Test {
 protected:
  MariadbConfigTest() {
    bench_.database = {"mariadb", {"", "db1", 3306}};
    AddSite(bench_, "a.example", R"({"db_host": "db1", "db_name": "_a"})");
    AddSite(bench_, "b.example", R"({"db_host": "db1", "db_name": "_b"})");
    AddSite(bench_, "far.example", R"({"db_host": "db9", "db_name": "_a"})");
    server_->answers = {
        {"/* mariadb_config */ SHOW GLOBAL VARIABLES", [this] { return variables_; }},
        {"/* mariadb_config */ SELECT SUM", [this] { return bytes_; }},
        {"/* mariadb_config */ SELECT SCHEMA_NAME", [this] { return collations_; }},
        {"/* mariadb_config */ SELECT SUBSTRING_INDEX", [this] { return formats_; }}};
    context_.mariadb_server = [this](const MariadbOptions&) { return server_; };
    Publish(context_, {bench_});
  }
  Collected Run() { return CollectOnce(kMariadbConfigCollector, context_); }

  Result<MariadbTable> variables_ = FakeMariadb::Pairs({{"Character_Set_Server", "utf8mb4"},
                                                        {"collation_server", "latin1_swedish_ci"},
                                                        {"innodb_buffer_pool_size", "134217728"}});
  Result<MariadbTable> bytes_ = MariadbTable{{"bytes"}, {Row{"999999999"}}};
  Result<MariadbTable> collations_ = MariadbTable{
      {"name", "collation"},
      {Row{"_a", "utf8mb4_unicode_ci"}, Row{"_b", "utf8mb4_general_ci"}, Row{"other", "latin1"}}};
  Result<MariadbTable> formats_ =
      MariadbTable{{"name", "others"}, {Row{"_a", "3"}, Row{"_b", "0"}, Row{"mysql", "1"}}};
  std::shared_ptr<FakeMariadb> server_ = std::make_shared<FakeMariadb>();
  CollectorContext context_;
  Bench bench_ = MakeBench("b");
};

TEST_F(MariadbConfigTest, PublishesWhatDiffersAndWhatDoesNot) {
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  ExpectGolden("mariadb_config", run.text);
}

TEST_F(MariadbConfigTest, WhatALoginMayNotSeeIsNotJudged) {
  bytes_ = collations_ = formats_ = Fail(ErrorKind::kPermission, "denied");
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_THAT(run.text, HasSubstr("setting=\"collation_server\""));
  EXPECT_THAT(run.text, Not(HasSubstr("innodb_buffer_pool_size")));
  EXPECT_THAT(run.text, Not(HasSubstr(".example")));
}

// MySQL 8 calls the table of row formats INNODB_TABLES.
TEST_F(MariadbConfigTest, WhatTheServerDoesNotHaveIsNotJudged) {
  formats_ = Fail(ErrorKind::kUnsupported, "Unknown table");
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_THAT(run.text, HasSubstr("schema_collation"));
  EXPECT_THAT(run.text, Not(HasSubstr("table_row_format")));
}

TEST_F(MariadbConfigTest, AServerThatDoesNotAnswerHasNoDrift) {
  variables_ = Fail(ErrorKind::kRefused, "connection refused");
  const Collected run = Run();
  EXPECT_EQ("refused", run.Kind());
  EXPECT_THAT(run.text, Not(HasSubstr("erpnext_config_drift{")));
  EXPECT_EQ(1u, server_->statements.size());
}

TEST_F(MariadbConfigTest, TellsWhetherTheServerIsOnThisHost) {
  EXPECT_EQ("0", Run().Value("erpnext_mariadb_on_this_host{bench=\"b\"}"));
  bench_.database.address = {"", "localhost", 3307};
  Publish(context_, {bench_});
  EXPECT_EQ("1", Run().Value("erpnext_mariadb_on_this_host{bench=\"b\"}"));
}

TEST_F(MariadbConfigTest, OneQuestionThatFailsLeavesTheOthers) {
  collations_ = Fail(ErrorKind::kTimeout, "no answer in time");
  const Collected run = Run();
  EXPECT_EQ("timeout", run.Kind());
  EXPECT_THAT(run.text, Not(HasSubstr("schema_collation")));
  EXPECT_THAT(run.text, HasSubstr("table_row_format"));
}

TEST_F(MariadbConfigTest, TakesHostileRows) {
  variables_ = MariadbTable{
      {}, {Row{}, Row{"read_only"}, Row{"read_only", "\xFF"}, Row{"max_allowed_packet", "1e999"}}};
  bytes_ = MariadbTable{{}, {Row{}}};
  collations_ = MariadbTable{{"collation"}, {Row{}, Row{"x"}}};
  formats_ = MariadbTable{{"name", "others"}, {Row{"_a", "many"}, Row{"_b"}}};
  const Collected run = Run();
  EXPECT_TRUE(run.status);
  EXPECT_THAT(run.text, Not(HasSubstr("max_allowed_packet")));
  EXPECT_THAT(run.text, Not(HasSubstr(".example")));
}

}  // namespace
}  // namespace erpnext
