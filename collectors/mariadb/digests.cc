// SPDX-License-Identifier: Apache-2.0
// Statement digests of the first database server under the names of mysqld_exporter 0.14 with
// collect.perf_schema.eventsstatements, and with its defaults: 250 digests of the last day, 120
// characters of text.
#include "collectors/mariadb/digests.h"

#include <fmt/format.h>

#include <array>

#include "collectors/context.h"
#include "collectors/mariadb_servers.h"
#include "collectors/mariadb_values.h"
#include "core/text.h"
#include "sources/mariadb_error.h"

namespace erpnext {
namespace {

constexpr std::string_view kSource =
    "performance_schema.events_statements_summary_by_digest; the 250 digests of the last day that "
    "took most time";

struct Figure {
  Family family;
  std::string_view column;
  double unit = 1;
};

constexpr Family Digests(std::string_view name, std::string_view help) {
  return {.name = name,
          .kind = MetricKind::kCounter,
          .labels = {"schema", "digest", "digest_text"},
          .help = help,
          .source = kSource};
}

constexpr Figure kFigures[] = {
    {Digests("mysql_perf_schema_events_statements_total",
             "The total count of events statements by digest."),
     "COUNT_STAR"},
    {Digests("mysql_perf_schema_events_statements_seconds_total",
             "The total time of events statements by digest."),
     "SUM_TIMER_WAIT", 1e12},
    {Digests("mysql_perf_schema_events_statements_errors_total",
             "The errors of events statements by digest."),
     "SUM_ERRORS"},
    {Digests("mysql_perf_schema_events_statements_warnings_total",
             "The warnings of events statements by digest."),
     "SUM_WARNINGS"},
    {Digests("mysql_perf_schema_events_statements_rows_affected_total",
             "The total rows affected of events statements by digest."),
     "SUM_ROWS_AFFECTED"},
    {Digests("mysql_perf_schema_events_statements_rows_sent_total",
             "The total rows sent of events statements by digest."),
     "SUM_ROWS_SENT"},
    {Digests("mysql_perf_schema_events_statements_rows_examined_total",
             "The total rows examined of events statements by digest."),
     "SUM_ROWS_EXAMINED"},
    {Digests("mysql_perf_schema_events_statements_tmp_tables_total",
             "The total tmp tables of events statements by digest."),
     "SUM_CREATED_TMP_TABLES"},
    {Digests("mysql_perf_schema_events_statements_tmp_disk_tables_total",
             "The total tmp disk tables of events statements by digest."),
     "SUM_CREATED_TMP_DISK_TABLES"},
    {Digests("mysql_perf_schema_events_statements_sort_merge_passes_total",
             "The total number of merge passes by the sort algorithm performed by digest."),
     "SUM_SORT_MERGE_PASSES"},
    {Digests("mysql_perf_schema_events_statements_sort_rows_total",
             "The total number of sorted rows by digest."),
     "SUM_SORT_ROWS"},
    {Digests("mysql_perf_schema_events_statements_no_index_used_total",
             "The total number of statements that used full table scans by digest."),
     "SUM_NO_INDEX_USED"},
};

constexpr auto kFamilies = [] {
  std::array<const Family*, std::size(kFigures)> families{};
  for (std::size_t i = 0; i < families.size(); ++i) families[i] = &kFigures[i].family;
  return families;
}();

std::string Statement() {
  std::string columns;
  for (const Figure& figure : kFigures) columns += fmt::format(", {}", figure.column);
  return fmt::format(
      "/* mariadb_digests */ SELECT SCHEMA_NAME, DIGEST, LEFT(DIGEST_TEXT, 120) AS DIGEST_TEXT{} "
      "FROM performance_schema.events_statements_summary_by_digest WHERE SCHEMA_NAME NOT IN "
      "('mysql', 'performance_schema', 'information_schema') AND LAST_SEEN > DATE_SUB(NOW(), "
      "INTERVAL 86400 SECOND) ORDER BY SUM_TIMER_WAIT DESC LIMIT 250",
      columns);
}

class MariadbDigestsCollector final : public Collector {
 public:
  explicit MariadbDigestsCollector(const CollectorContext& context) : context_(context) {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    const auto server = FirstServer(context_);
    if (!server) return {};
    const auto table = server->Query(Statement(), deadline);
    if (!table) {
      if (IsAbsent(table.error())) return {};
      return Fail(table.error());
    }
    const MariadbColumns columns(*table);
    for (const auto& row : table->rows) {
      const auto schema = columns.Text(row, "schema_name"), digest = columns.Text(row, "digest");
      if (!schema || !digest) continue;
      const std::string_view text = columns.Text(row, "digest_text").value_or("");
      for (const Figure& figure : kFigures) {
        const auto value = columns.Number(row, ToLower(figure.column));
        if (value && *value >= 0) {
          sink.Add(figure.family, {*schema, *digest, text}, *value / figure.unit);
        }
      }
    }
    return {};
  }

 private:
  CollectorContext context_;
};

}  // namespace

const CollectorEntry kMariadbDigestsCollector{
    .name = "mariadb_digests",
    .summary = "statement digests under the names of mysqld_exporter: up to 3000 series",
    .access =
        "MariaDB: performance_schema=ON and SELECT on its digests; off by default, as in "
        "mysqld_exporter: mariadb_queries has the same of few statements",
    .mariadb_tables = "performance_schema.events_statements_summary_by_digest",
    .enabled_by_default = false,
    .interval = std::chrono::seconds(30),
    .timeout = std::chrono::seconds(10),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<MariadbDigestsCollector>(context);
    }};

}  // namespace erpnext
