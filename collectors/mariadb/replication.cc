// SPDX-License-Identifier: Apache-2.0
// How the first database server follows others, and how large its own binary logs are, under the
// names of mysqld_exporter. Frappe reads from a replica where the bench says so
// (read_from_replica).
#include "collectors/mariadb/replication.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "collectors/context.h"
#include "collectors/mariadb/gtid_positions.h"
#include "collectors/mariadb_servers.h"
#include "collectors/mariadb_values.h"
#include "core/text.h"
#include "sources/mariadb_error.h"

namespace erpnext {
namespace {

constexpr std::string_view kPrefix = "mysql_slave_status_";

constexpr Family OfReplica(std::string_view name) {
  return {.name = name,
          .kind = MetricKind::kUntyped,
          .labels = {"master_host", "master_uuid", "channel_name", "connection_name"},
          .help = "Generic metric from SHOW SLAVE STATUS.",
          .source = "SHOW ALL SLAVES STATUS, else SHOW SLAVE STATUS; the column of the same name"};
}

// The columns of MariaDB 10.3 to 11.8 that are numbers, or yes and no. Not those that list numbers
// of servers, nor texts, which may hold a number by accident.
constexpr auto kColumns = std::to_array<Family>({
    OfReplica("mysql_slave_status_connect_retry"),
    OfReplica("mysql_slave_status_exec_master_log_pos"),
    OfReplica("mysql_slave_status_executed_log_entries"),
    OfReplica("mysql_slave_status_last_errno"),
    OfReplica("mysql_slave_status_last_io_errno"),
    OfReplica("mysql_slave_status_last_sql_errno"),
    OfReplica("mysql_slave_status_master_port"),
    OfReplica("mysql_slave_status_master_server_id"),
    OfReplica("mysql_slave_status_master_slave_time_diff"),
    OfReplica("mysql_slave_status_master_ssl_allowed"),
    OfReplica("mysql_slave_status_master_ssl_verify_server_cert"),
    OfReplica("mysql_slave_status_max_relay_log_size"),
    OfReplica("mysql_slave_status_read_master_log_pos"),
    OfReplica("mysql_slave_status_relay_log_pos"),
    OfReplica("mysql_slave_status_relay_log_space"),
    OfReplica("mysql_slave_status_retried_transactions"),
    OfReplica("mysql_slave_status_seconds_behind_master"),
    OfReplica("mysql_slave_status_skip_counter"),
    OfReplica("mysql_slave_status_slave_ddl_groups"),
    OfReplica("mysql_slave_status_slave_heartbeat_period"),
    OfReplica("mysql_slave_status_slave_io_running"),
    OfReplica("mysql_slave_status_slave_non_transactional_groups"),
    OfReplica("mysql_slave_status_slave_received_heartbeats"),
    OfReplica("mysql_slave_status_slave_sql_running"),
    OfReplica("mysql_slave_status_slave_transactional_groups"),
    OfReplica("mysql_slave_status_sql_delay"),
    OfReplica("mysql_slave_status_sql_remaining_delay"),
    OfReplica("mysql_slave_status_until_log_pos"),
});

// As mysqld_exporter 0.18 reads them; Debian's is older and has neither.
constexpr Family OfPositions(std::string_view name) {
  return {
      .name = name,
      .kind = MetricKind::kUntyped,
      .labels = {"master_host", "master_uuid", "channel_name", "connection_name", "domain_id",
                 "server_id"},
      .help =
          "Generic metric from SHOW SLAVE STATUS. The sequence number of the last transaction of "
          "each domain: io of those this connection has received, slave of those the server has "
          "executed.",
      .source = "SHOW ALL SLAVES STATUS, else SHOW SLAVE STATUS; the column of the same name"};
}
constexpr auto kPositions = std::to_array<Family>({
    OfPositions("mysql_slave_status_gtid_io_pos"),
    OfPositions("mysql_slave_status_gtid_slave_pos"),
});

constexpr Family kSize{.name = "mysql_binlog_size_bytes",
                       .help = "Combined size of all registered binlog files.",
                       .source = "SHOW BINARY LOGS"};
constexpr Family kFiles{.name = "mysql_binlog_files",
                        .help = "Number of registered binlog files.",
                        .source = "SHOW BINARY LOGS"};
constexpr Family kFileNumber{.name = "mysql_binlog_file_number",
                             .help = "The last binlog file number.",
                             .source = "SHOW BINARY LOGS, the end of the last name"};

constexpr auto kFamilies = [] {
  std::array<const Family*, kColumns.size() + kPositions.size() + 3> all{&kSize, &kFiles,
                                                                         &kFileNumber};
  std::size_t at = 3;
  for (const Family& each : kColumns) all[at++] = &each;
  for (const Family& each : kPositions) all[at++] = &each;
  return all;
}();

constexpr std::size_t kMostSources = 64;

// MariaDB has one row for each source, and no name for the only one. The other two labels are of
// MySQL.
void AddReplica(const MariadbTable& table, SampleSink& sink) {
  const MariadbColumns columns(table);
  for (std::size_t i = 0; i < std::min(table.rows.size(), kMostSources); ++i) {
    const auto& row = table.rows[i];
    const auto text = [&](std::string_view column) {
      return columns.Text(row, column).value_or(std::string_view());
    };
    for (const Family& family : kColumns) {
      const auto value = columns.Number(row, family.name.substr(kPrefix.size()));
      if (!value) continue;
      sink.Add(
          family,
          {text("master_host"), text("master_uuid"), text("channel_name"), text("connection_name")},
          *value);
    }
    for (const Family& family : kPositions) {
      for (const GtidPosition& position :
           ParseGtidPositions(text(family.name.substr(kPrefix.size())))) {
        sink.Add(family,
                 {text("master_host"), text("master_uuid"), text("channel_name"),
                  text("connection_name"), fmt::to_string(position.domain),
                  fmt::to_string(position.server)},
                 static_cast<double>(position.sequence));
      }
    }
  }
}

// MySQL does not know the first; mysqld_exporter asks in the same order.
Result<MariadbTable> AskReplica(MariadbServer& server, Deadline deadline) {
  auto rows = server.Query("/* mariadb_replication */ SHOW ALL SLAVES STATUS", deadline.Share(2));
  if (rows || rows.error().kind != ErrorKind::kUnsupported) return rows;
  return server.Query("/* mariadb_replication */ SHOW SLAVE STATUS", deadline);
}

void AddBinlogs(const MariadbTable& table, SampleSink& sink) {
  const MariadbColumns columns(table);
  double size = 0;
  for (const auto& row : table.rows) size += columns.Number(row, "file_size").value_or(0);
  sink.Add(kSize, size);
  sink.Add(kFiles, static_cast<double>(table.rows.size()));
  if (table.rows.empty()) return;
  const std::string_view last = columns.Text(table.rows.back(), "log_name").value_or("");
  const std::size_t dot = last.rfind('.');
  if (dot == std::string_view::npos) return;
  if (const auto number = ParseNumber<std::uint64_t>(last.substr(dot + 1))) {
    sink.Add(kFileNumber, static_cast<double>(*number));
  }
}

class MariadbReplicationCollector final : public Collector {
 public:
  explicit MariadbReplicationCollector(const CollectorContext& context) : context_(context) {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    const auto server = FirstServer(context_);
    if (!server) return {};
    Status status;
    // What a login may not see is not there.
    const auto take = [&](const Result<MariadbTable>& rows, const auto& add) {
      if (rows) return add(*rows);
      if (status && !IsAbsent(rows.error())) status = Fail(rows.error());
    };
    const auto ask = [&](std::string_view statement, std::size_t left, const auto& add) {
      take(server->Query(statement, deadline.Share(left)), add);
    };
    bool logs = false;
    take(AskReplica(*server, deadline.Share(3)),
         [&](const MariadbTable& rows) { AddReplica(rows, sink); });
    // Without binary logs the server calls the question after them an error.
    ask("/* mariadb_replication */ SHOW GLOBAL VARIABLES LIKE 'log_bin'", 2,
        [&](const MariadbTable& rows) { logs = PairsOf(rows)["log_bin"] == "ON"; });
    if (!logs) return status;
    ask("/* mariadb_replication */ SHOW BINARY LOGS", 1,
        [&](const MariadbTable& rows) { AddBinlogs(rows, sink); });
    return status;
  }

 private:
  CollectorContext context_;
};

}  // namespace

const CollectorEntry kMariadbReplicationCollector{
    .name = "mariadb_replication",
    .summary = "how far MariaDB follows its sources; size of its binary logs",
    .access =
        "MariaDB: REPLICA MONITOR to see its sources, BINLOG MONITOR to see its binary logs "
        "(before "
        "10.5 REPLICATION CLIENT for both)",
    .mariadb_privileges = "BINLOG MONITOR, REPLICA MONITOR",
    .interval = std::chrono::seconds(15),
    .timeout = std::chrono::seconds(3),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<MariadbReplicationCollector>(context);
    }};

}  // namespace erpnext
