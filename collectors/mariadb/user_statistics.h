// SPDX-License-Identifier: Apache-2.0
// The columns of USER_STATISTICS and CLIENT_STATISTICS, and what mysqld_exporter calls them.
#pragma once

#include <array>
#include <string_view>

#include "core/family.h"

namespace erpnext {

struct UserStatistic {
  std::string_view column;  // in lower case
  Family of_user;
  Family of_client;  // the host that a connection comes from
};

constexpr UserStatistic UserCounter(std::string_view column, std::string_view user,
                                    std::string_view client, std::string_view help) {
  return {column,
          {user, MetricKind::kCounter, {"user"}, help, "information_schema.USER_STATISTICS"},
          {client, MetricKind::kCounter, {"client"}, help, "information_schema.CLIENT_STATISTICS"}};
}

constexpr UserStatistic UserGauge(std::string_view column, std::string_view user,
                                  std::string_view client, std::string_view help) {
  UserStatistic gauge = UserCounter(column, user, client, help);
  gauge.of_user.kind = gauge.of_client.kind = MetricKind::kGauge;
  return gauge;
}

// mysqld_exporter 0.14 knows this column of CLIENT_STATISTICS, but not that of USER_STATISTICS.
constexpr UserStatistic UserStatementTimeouts() {
  UserStatistic timeouts =
      UserCounter("max_statement_time_exceeded",
                  "mysql_info_schema_user_statistics_max_statement_time_exceeded",
                  "mysql_info_schema_client_statistics_max_statement_time_exceeded_total",
                  "Statements that were ended by max_statement_time.");
  timeouts.of_user.kind = MetricKind::kUntyped;
  return timeouts;
}

// Those that MariaDB 10.3 to 11 has.
inline constexpr auto kUserStatistics = std::to_array<UserStatistic>({
    UserCounter("total_connections", "mysql_info_schema_user_statistics_total_connections",
                "mysql_info_schema_client_statistics_total_connections",
                "Connections that were opened."),
    UserGauge("concurrent_connections", "mysql_info_schema_user_statistics_concurrent_connections",
              "mysql_info_schema_client_statistics_concurrent_connections",
              "Connections that are open."),
    UserCounter("connected_time", "mysql_info_schema_user_statistics_connected_time_seconds_total",
                "mysql_info_schema_client_statistics_connected_time_seconds_total",
                "How long connections were open."),
    UserCounter("busy_time", "mysql_info_schema_user_statistics_busy_seconds_total",
                "mysql_info_schema_client_statistics_busy_seconds_total",
                "How long connections were busy."),
    UserCounter("cpu_time", "mysql_info_schema_user_statistics_cpu_time_seconds_total",
                "mysql_info_schema_client_statistics_cpu_time_seconds_total",
                "Processor time spent on connections."),
    UserCounter("bytes_received", "mysql_info_schema_user_statistics_bytes_received_total",
                "mysql_info_schema_client_statistics_bytes_received_total", "Bytes received."),
    UserCounter("bytes_sent", "mysql_info_schema_user_statistics_bytes_sent_total",
                "mysql_info_schema_client_statistics_bytes_sent_total", "Bytes sent."),
    UserCounter("binlog_bytes_written",
                "mysql_info_schema_user_statistics_binlog_bytes_written_total",
                "mysql_info_schema_client_statistics_binlog_bytes_written_total",
                "Bytes written to the binary log."),
    UserCounter("rows_read", "mysql_info_schema_user_statistics_rows_read_total",
                "mysql_info_schema_client_statistics_rows_read_total", "Rows read."),
    UserCounter("rows_sent", "mysql_info_schema_user_statistics_rows_sent_total",
                "mysql_info_schema_client_statistics_rows_sent_total", "Rows sent."),
    UserCounter("rows_deleted", "mysql_info_schema_user_statistics_rows_deleted_total",
                "mysql_info_schema_client_statistics_rows_deleted_total", "Rows deleted."),
    UserCounter("rows_inserted", "mysql_info_schema_user_statistics_rows_inserted_total",
                "mysql_info_schema_client_statistics_rows_inserted_total", "Rows inserted."),
    UserCounter("rows_updated", "mysql_info_schema_user_statistics_rows_updated_total",
                "mysql_info_schema_client_statistics_rows_updated_total", "Rows updated."),
    UserCounter("select_commands", "mysql_info_schema_user_statistics_select_commands_total",
                "mysql_info_schema_client_statistics_select_commands_total", "SELECT statements."),
    UserCounter("update_commands", "mysql_info_schema_user_statistics_update_commands_total",
                "mysql_info_schema_client_statistics_update_commands_total",
                "Statements that change data."),
    UserCounter("other_commands", "mysql_info_schema_user_statistics_other_commands_total",
                "mysql_info_schema_client_statistics_other_commands_total", "Other statements."),
    UserCounter("commit_transactions",
                "mysql_info_schema_user_statistics_commit_transactions_total",
                "mysql_info_schema_client_statistics_commit_transactions_total",
                "Transactions that were committed."),
    UserCounter("rollback_transactions",
                "mysql_info_schema_user_statistics_rollback_transactions_total",
                "mysql_info_schema_client_statistics_rollback_transactions_total",
                "Transactions that were rolled back."),
    UserCounter("denied_connections", "mysql_info_schema_user_statistics_denied_connections_total",
                "mysql_info_schema_client_statistics_denied_connections_total",
                "Connections that were denied."),
    UserCounter("lost_connections", "mysql_info_schema_user_statistics_lost_connections_total",
                "mysql_info_schema_client_statistics_lost_connections_total",
                "Connections that ended uncleanly."),
    UserCounter("access_denied", "mysql_info_schema_user_statistics_access_denied_total",
                "mysql_info_schema_client_statistics_access_denied_total",
                "Statements that were denied."),
    UserCounter("empty_queries", "mysql_info_schema_user_statistics_empty_queries_total",
                "mysql_info_schema_client_statistics_empty_queries_total",
                "Statements without a result."),
    UserCounter("total_ssl_connections",
                "mysql_info_schema_user_statistics_total_ssl_connections_total",
                "mysql_info_schema_client_statistics_total_ssl_connections_total",
                "Connections that were opened with TLS."),
    UserStatementTimeouts(),
});

}  // namespace erpnext
