// SPDX-License-Identifier: Apache-2.0
// The captured global status of a real MariaDB: every row that is a number is published with it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "captures.h"
#include "collectors/mariadb/config_rules.h"
#include "collectors/mariadb/status.h"
#include "collectors/mariadb/status_values.h"
#include "collectors/mariadb/userstat.h"
#include "collectors/mariadb/variables.h"
#include "collectors/mariadb_values.h"
#include "collectors/testing/collect.h"
#include "core/text.h"
#include "sources/mariadb_error_log.h"
#include "sources/slow_log.h"
#include "sources/testing/fake_mariadb.h"

namespace erpnext {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

Rows ReadRows(const std::filesystem::path& file) {
  Rows rows;
  const std::string text = ReadBytes(file);
  std::string_view rest = text;
  NextLine(rest);  // the names of the columns
  while (const auto line = NextLine(rest)) {
    const std::size_t tab = line->find('\t');
    if (tab != std::string_view::npos)
      rows.emplace_back(line->substr(0, tab), line->substr(tab + 1));
  }
  return rows;
}

// What mysqld_exporter 0.14 makes of a value, by strtod; nothing for texts.
std::optional<double> NumberOf(const std::string& text) {
  const std::string word = ToLower(text);
  if (word == "on" || word == "yes") return 1;
  if (word == "off" || word == "no" || word == "disconnected" || word == "disabled") return 0;
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  return !text.empty() && *end == '\0' ? std::optional(number) : std::nullopt;
}

// The name that mysqld_exporter gives a row; empty for the one it leaves out.
std::string SeriesOf(const std::string& variable) {
  constexpr std::string_view kPool = "innodb_buffer_pool_pages_";
  const std::pair<std::string_view, std::string_view> groups[] = {
      {"com_", "commands_total{command"},
      {"handler_", "handlers_total{handler"},
      {"connection_errors_", "connection_errors_total{error"},
      {"innodb_rows_", "innodb_row_ops_total{operation"},
      {"performance_schema_", "performance_schema_lost_total{instrumentation"},
  };
  const std::string name = ToLower(variable);
  for (const auto& [prefix, family] : groups) {
    if (name.starts_with(prefix)) {
      return fmt::format("mysql_global_status_{}=\"{}\"}}", family, name.substr(prefix.size()));
    }
  }
  if (!name.starts_with(kPool)) return "mysql_global_status_" + name;
  const std::string rest = name.substr(kPool.size());
  if (rest == "total") return "";
  if (rest == "dirty") return "mysql_global_status_buffer_pool_dirty_pages";
  const bool level = rest == "data" || rest == "free" || rest == "misc" || rest == "old";
  return fmt::format("mysql_global_status_buffer_pool_{}=\"{}\"}}",
                     level ? "pages{state" : "page_changes_total{operation", rest);
}

Collected CollectFrom(const CollectorEntry& entry, const std::shared_ptr<FakeMariadb>& server) {
  CollectorContext context;
  context.mariadb_server = [&](const MariadbOptions&) { return server; };
  Bench bench = MakeBench("b");
  bench.database.address = {"", "db", 3306};
  Publish(context, {bench});
  return CollectOnce(entry, context);
}

TEST(CapturedMariadb, EveryNumberIsPublishedWithAKind) {
  REQUIRE_CAPTURES();
  const auto folder = CapturesFolder() / "frappe-v16dev" / "mariadb";
  const Rows status = ReadRows(folder / "global_STATUS.tsv");
  ASSERT_GT(status.size(), 500u);
  const auto server = std::make_shared<FakeMariadb>();
  server->answers = {{"SHOW GLOBAL STATUS", [&] { return FakeMariadb::Pairs(status); }}};
  const Collected collected = CollectFrom(kMariadbStatusCollector, server);
  ASSERT_TRUE(collected.status);
  EXPECT_EQ(0u, collected.dropped.duplicate + collected.dropped.invalid_name);

  std::size_t numbers = 0;
  for (const auto& [variable, text] : status) {
    const std::string series = SeriesOf(variable);
    const auto number = NumberOf(text);
    if (series.empty()) continue;
    numbers += number ? 1 : 0;
    EXPECT_EQ(number ? fmt::format("{}", *number) : "absent", collected.Value(series)) << variable;
    if (number && series == "mysql_global_status_" + ToLower(variable)) {
      EXPECT_NE(MetricKind::kUntyped, StatusKind(ToLower(variable))) << variable;
    }
  }
  fmt::print("{} rows, {} numbers\n", status.size(), numbers);
}

TEST(CapturedMariadb, EverySettingThatIsANumberIsPublished) {
  REQUIRE_CAPTURES();
  const Rows variables = ReadRows(CapturesFolder() / "frappe-v16dev/mariadb/global_VARIABLES.tsv");
  ASSERT_GT(variables.size(), 500u);
  const auto server = std::make_shared<FakeMariadb>();
  server->answers = {{"SHOW GLOBAL VARIABLES", [&] { return FakeMariadb::Pairs(variables); }}};
  const Collected collected = CollectFrom(kMariadbVariablesCollector, server);
  ASSERT_TRUE(collected.status);
  EXPECT_EQ(0u, collected.dropped.duplicate + collected.dropped.invalid_name);
  for (const auto& [variable, text] : variables) {
    const auto number = NumberOf(text);
    EXPECT_EQ(number ? fmt::format("{}", *number) : "absent",
              collected.Value("mysql_global_variables_" + ToLower(variable)))
        << variable;
  }
}

// A bench as Frappe's own installation leaves it, but for its binary logs, which never expire.
TEST(CapturedMariadb, ItsSettingsAreAsFrappeNeedsThemButOne) {
  REQUIRE_CAPTURES();
  const Rows rows = ReadRows(CapturesFolder() / "frappe-v16dev/mariadb/global_VARIABLES.tsv");
  const ServerConfig config{PairsOf(FakeMariadb::Pairs(rows)), std::nullopt};
  std::size_t judged = 0;
  for (const ConfigRule& rule : ConfigRules()) {
    const auto as_wanted = rule.is_as_wanted(config);
    judged += as_wanted ? 1 : 0;
    EXPECT_EQ(rule.setting != "binlog_expire_logs_seconds", as_wanted) << rule.setting;
  }
  EXPECT_EQ(ConfigRules().size(), judged);
}

TEST(CapturedMariadb, EveryColumnOfItsUserStatisticsIsPublished) {
  REQUIRE_CAPTURES();
  const std::string text =
      ReadBytes(CapturesFolder() / "frappe-v16dev/mariadb/user_statistics.tsv");
  MariadbTable table;
  std::string_view rest = text;
  for (const std::string_view name : Split(NextLine(rest).value_or(""), '\t')) {
    table.columns.emplace_back(name);
  }
  while (const auto line = NextLine(rest)) {
    auto& row = table.rows.emplace_back();
    for (const std::string_view field : Split(*line, '\t')) row.emplace_back(std::string(field));
  }
  ASSERT_EQ(25u, table.columns.size());
  ASSERT_GT(table.rows.size(), 1u);
  const auto server = std::make_shared<FakeMariadb>();
  server->answers = {
      {"/* mariadb_userstat */ SHOW",
       [] {
         return FakeMariadb::Pairs({{"userstat", "ON"}});
       }},
      {"/* mariadb_userstat */ SELECT * FROM information_schema.USER", [&] { return table; }},
      {"", [] { return MariadbTable{}; }}};
  const Collected collected = CollectFrom(kMariadbUserstatCollector, server);
  ASSERT_TRUE(collected.status);
  const auto samples = static_cast<std::size_t>(
      std::count(collected.text.begin(), collected.text.end(), '\n') -
      2 * static_cast<std::ptrdiff_t>(table.columns.size() - 1));  // HELP and TYPE of each
  EXPECT_EQ(table.rows.size() * (table.columns.size() - 1), samples);
}

TEST(CapturedMariadb, ErrorLogAndStatusTellTheSameOfADeadlock) {
  REQUIRE_CAPTURES();
  const auto folder = CapturesFolder() / "frappe-v16dev" / "mariadb";
  const auto deadlock = LatestDeadlock(ReadBytes(folder / "innodb_status_after_deadlock.txt"));
  ASSERT_TRUE(deadlock);
  const std::string log = ReadBytes(folder / "error.log");
  DeadlockFinder finder;
  std::vector<Deadlock> logged;
  for (const std::string_view line : Split(log, '\n')) {
    if (auto found = finder.Take(ParseErrorLogLine(line))) logged.push_back(std::move(*found));
  }
  ASSERT_EQ(1u, logged.size());
  EXPECT_EQ(deadlock->at, logged[0].at);
  EXPECT_EQ(deadlock->victim, logged[0].victim);
  ASSERT_EQ(deadlock->sides.size(), logged[0].sides.size());
  for (std::size_t i = 0; i < logged[0].sides.size(); ++i) {
    EXPECT_EQ(deadlock->sides[i].transaction, logged[0].sides[i].transaction);
    EXPECT_EQ(deadlock->sides[i].statement, logged[0].sides[i].statement);
    EXPECT_EQ(deadlock->sides[i].wants, logged[0].sides[i].wants);
  }
}

TEST(CapturedMariadb, ItsSlowLogIsReadWithoutAValue) {
  REQUIRE_CAPTURES();
  const std::string log = ReadBytes(CapturesFolder() / "frappe-v16dev" / "mariadb" / "slow.log");
  std::size_t headers = 0;
  double seconds = 0;
  for (const std::string_view line : Split(log, '\n')) {
    if (!line.starts_with("# Query_time: ")) continue;
    ++headers;
    seconds += ParseNumber<double>(SplitBlanks(line)[2]).value_or(0);
  }
  std::vector<std::string> texts;
  double told = 0;
  SlowLogParser parser([&](const SlowStatement& statement) {
    texts.emplace_back(statement.text);
    told += statement.cost.seconds;
  });
  std::string_view rest = log;
  while (const auto line = NextLine(rest)) parser.Line(*line);
  parser.Pause();
  ASSERT_LT(2u, headers);
  ASSERT_EQ(headers, texts.size());
  EXPECT_NEAR(seconds, told, 1e-6);
  for (const std::string& text : texts) {
    EXPECT_FALSE(text.empty());
    EXPECT_EQ(std::string::npos, text.find_first_of("'\"0123456789")) << text;
  }
}

TEST(CapturedMariadb, ItsDeadlockIsReadToTheIndex) {
  REQUIRE_CAPTURES();
  const auto folder = CapturesFolder() / "frappe-v16dev" / "mariadb";
  const auto deadlock = LatestDeadlock(ReadBytes(folder / "innodb_status_after_deadlock.txt"));
  ASSERT_TRUE(deadlock);
  EXPECT_EQ("2026-11-24 00:21:56", deadlock->at);
  ASSERT_EQ(2u, deadlock->sides.size());
  for (const DeadlockSide& side : deadlock->sides) {
    EXPECT_EQ("update", side.statement);
    ASSERT_TRUE(side.wants);
    EXPECT_EQ("tabSingles", side.wants->table.table);
    EXPECT_EQ("singles_doctype_field_index", side.wants->index);
    EXPECT_EQ("X", side.wants->mode);
  }
  EXPECT_EQ(0u, deadlock->victim);
}

}  // namespace
}  // namespace erpnext
