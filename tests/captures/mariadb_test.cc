// SPDX-License-Identifier: Apache-2.0
// The captured global status of a real MariaDB: every row that is a number is published with it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "captures.h"
#include "collectors/mariadb/status.h"
#include "collectors/mariadb/status_values.h"
#include "collectors/testing/collect.h"
#include "core/text.h"
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

TEST(CapturedMariadb, EveryNumberIsPublishedWithAKind) {
  REQUIRE_CAPTURES();
  const auto folder = CapturesFolder() / "frappe-v16dev" / "mariadb";
  const Rows status = ReadRows(folder / "global_STATUS.tsv");
  const Rows variables = ReadRows(folder / "global_VARIABLES.tsv");
  ASSERT_GT(status.size(), 500u);
  const auto server = std::make_shared<FakeMariadb>();
  server->answers = {{"SHOW GLOBAL STATUS", [&] { return FakeMariadb::Pairs(status); }},
                     {"SHOW GLOBAL VARIABLES", [&] { return FakeMariadb::Pairs(variables); }}};
  CollectorContext context;
  context.mariadb_server = [&](const MariadbOptions&) { return server; };
  Bench bench = MakeBench("b");
  bench.database.address = {"", "db", 3306};
  Publish(context, {bench});
  const Collected collected = CollectOnce(kMariadbStatusCollector, context);
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
  for (const auto& [variable, text] : variables) {
    const std::string name = ToLower(variable);
    if (name.find("version") != std::string::npos) continue;
    const auto number = NumberOf(text);
    EXPECT_EQ(number ? fmt::format("{}", *number) : "absent",
              collected.Value("mysql_global_variables_" + name))
        << variable;
  }
  fmt::print("{} rows, {} numbers\n", status.size(), numbers);
}

}  // namespace
}  // namespace erpnext
