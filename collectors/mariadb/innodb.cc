// SPDX-License-Identifier: Apache-2.0
// InnoDB's own counters of the first database server under the names of mysqld_exporter.
#include "collectors/mariadb/innodb.h"

#include <algorithm>

#include "collectors/context.h"
#include "collectors/mariadb_servers.h"
#include "core/text.h"

namespace erpnext {
namespace {

constexpr Family kPageReads{.name = "mysql_info_schema_innodb_metrics_buffer_page_read_total",
                            .kind = MetricKind::kCounter,
                            .labels = {"type"},
                            .help = "Total number of buffer pages read total.",
                            .source = "INNODB_METRICS buffer_page_read_*"};
constexpr Family kPageWrites{.name = "mysql_info_schema_innodb_metrics_buffer_page_written_total",
                             .kind = MetricKind::kCounter,
                             .labels = {"type"},
                             .help = "Total number of buffer pages written total.",
                             .source = "INNODB_METRICS buffer_page_written_*"};
constexpr Family kPoolPages{.name = "mysql_info_schema_innodb_metrics_buffer_pool_pages",
                            .labels = {"state"},
                            .help = "Total number of buffer pool pages by state.",
                            .source = "INNODB_METRICS buffer_pool_pages_*"};
constexpr Family kDirtyPages{.name = "mysql_info_schema_innodb_metrics_buffer_pool_dirty_pages",
                             .help = "Total number of dirty pages in the buffer pool.",
                             .source = "INNODB_METRICS buffer_pool_pages_dirty"};
constexpr Family kMetrics{
    .name = "mysql_info_schema_innodb_metrics_*",
    .help = "Generic metric from information_schema.INNODB_METRICS.",
    .source = "INNODB_METRICS, subsystem and name; _total where its type is a counter"};
constexpr const Family* kFamilies[] = {&kPageReads, &kPageWrites, &kPoolPages, &kDirtyPages,
                                       &kMetrics};

// MariaDB calls the column ENABLED since 10.5, MySQL and MariaDB before it STATUS.
constexpr std::string_view kQuery =
    "/* mariadb_innodb */ SELECT * FROM information_schema.INNODB_METRICS LIMIT 2000";

struct Columns {
  explicit Columns(const MariadbTable& table) {
    const auto find = [&](std::string_view wanted) {
      const auto found =
          std::find_if(table.columns.begin(), table.columns.end(),
                       [&](const std::string& each) { return ToLower(each) == wanted; });
      return static_cast<std::size_t>(found - table.columns.begin());
    };
    name = find("name");
    subsystem = find("subsystem");
    count = find("count");
    type = find("type");
    enabled = std::min(find("enabled"), find("status"));
  }
  std::size_t name, subsystem, count, type, enabled;
};

void AddMetric(std::string_view subsystem, std::string_view name, std::string_view type,
               double value, SampleSink& sink) {
  constexpr std::string_view kRead = "buffer_page_read_", kWritten = "buffer_page_written_",
                             kPages = "buffer_pool_pages_";
  if (subsystem == "buffer_page_io" && name.starts_with(kRead)) {
    sink.Add(kPageReads, {name.substr(kRead.size())}, value);
  } else if (subsystem == "buffer_page_io" && name.starts_with(kWritten)) {
    sink.Add(kPageWrites, {name.substr(kWritten.size())}, value);
  } else if (subsystem == "buffer" && name.starts_with(kPages)) {
    const std::string_view state = name.substr(kPages.size());
    if (state == "dirty") {
      sink.Add(kDirtyPages, value);
    } else if (state != "total") {  // which is the sum of the others
      sink.Add(kPoolPages, {state}, value);
    }
  } else {
    // MySQL's bug 75966: some counters are negative.
    const bool counts = (type == "counter" || type == "status_counter") && value >= 0;
    sink.AddOpen(kMetrics, fmt::format("{}_{}{}", subsystem, name, counts ? "_total" : ""),
                 counts ? MetricKind::kCounter : MetricKind::kGauge, value);
  }
}

void AddMetrics(const MariadbTable& table, SampleSink& sink) {
  const Columns at(table);
  for (const auto& row : table.rows) {
    const auto text = [&](std::size_t column) {
      return column < row.size() ? row[column].value_or("") : std::string();
    };
    const std::string enabled = text(at.enabled);
    const auto value = ParseNumber<double>(text(at.count));
    if ((enabled != "1" && enabled != "enabled") || !value || text(at.name).empty()) continue;
    AddMetric(text(at.subsystem), text(at.name), text(at.type), *value, sink);
  }
}

class MariadbInnodbCollector final : public Collector {
 public:
  explicit MariadbInnodbCollector(const CollectorContext& context) : context_(context) {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    const auto server = FirstServer(context_);
    if (!server) return {};
    const auto rows = server->QueryMemory(kQuery, deadline);
    // Without PROCESS the server refuses it: what a login may not see is not there.
    if (!rows && rows.error().kind == ErrorKind::kPermission) return {};
    if (!rows) return Fail(rows.error());
    AddMetrics(*rows, sink);
    return {};
  }

 private:
  CollectorContext context_;
};

}  // namespace

const CollectorEntry kMariadbInnodbCollector{
    .name = "mariadb_innodb",
    .summary = "InnoDB's own counters: lock timeouts, history, purge, buffer pool",
    .access = "MariaDB: PROCESS; without it nothing",
    .mariadb_privileges = "PROCESS",
    .interval = std::chrono::seconds(15),
    .timeout = std::chrono::seconds(2),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<MariadbInnodbCollector>(context);
    }};

}  // namespace erpnext
