// SPDX-License-Identifier: Apache-2.0
// Tables about status variables of MariaDB 10.3 to 11.x and MySQL 8.
#include "collectors/mariadb/status_values.h"

#include <algorithm>
#include <iterator>

#include "core/text.h"

namespace erpnext {
namespace {

// Levels, sizes, states and settings. Exact names first; those ending in '*' are beginnings.
constexpr std::string_view kGauges[] = {"acl_*",
                                        "aria_pagecache_blocks_*",
                                        "binlog_snapshot_position",
                                        "compression",
                                        "delayed_insert_threads",
                                        "innodb_available_undo_logs",
                                        "innodb_buffer_pool_bytes_*",
                                        "innodb_buffer_pool_load_incomplete",
                                        "innodb_checkpoint_age",
                                        "innodb_checkpoint_max_age",
                                        "innodb_data_pending_*",
                                        "innodb_encryption_rotation_estimated_iops",
                                        "innodb_have_*",
                                        "innodb_history_list_length",
                                        "innodb_ibuf_free_list",
                                        "innodb_ibuf_segment_size",
                                        "innodb_ibuf_size",
                                        "innodb_mem_*",
                                        "innodb_num_open_files",
                                        "innodb_onlineddl_pct_progress",
                                        "innodb_onlineddl_rowlog_pct_used",
                                        "innodb_onlineddl_rowlog_rows",
                                        "innodb_os_log_pending_*",
                                        "innodb_page_size",
                                        "innodb_row_lock_current_waits",
                                        "innodb_row_lock_time_avg",
                                        "innodb_row_lock_time_max",
                                        "key_blocks_*",
                                        "last_query_cost",
                                        "max_memory_used",
                                        "max_used_connections",
                                        "memory_used*",
                                        "not_flushed_delayed_rows",
                                        "open_files",
                                        "open_streams",
                                        "open_table_definitions",
                                        "open_tables",
                                        "prepared_stmt_count",
                                        "qcache_free_*",
                                        "qcache_queries_in_cache",
                                        "qcache_total_blocks",
                                        "rpl_semi_sync_master_clients",
                                        "rpl_semi_sync_master_net_avg_wait_time",
                                        "rpl_semi_sync_master_status",
                                        "rpl_semi_sync_master_tx_avg_wait_time",
                                        "rpl_semi_sync_master_wait_sessions",
                                        "rpl_semi_sync_slave_status",
                                        "slave_heartbeat_period",
                                        "slave_open_temp_tables",
                                        "slave_running",
                                        "slaves_connected",
                                        "slaves_running",
                                        "ssl_ctx_verify_*",
                                        "ssl_default_timeout",
                                        "ssl_server_not_*",
                                        "ssl_session_cache_size",
                                        "ssl_used_session_cache_entries",
                                        "ssl_verify_*",
                                        "stack_usage",
                                        "table_open_cache_active_instances",
                                        "tc_log_max_pages_used",
                                        "tc_log_page_size",
                                        "threadpool_*",
                                        "threads_cached",
                                        "threads_connected",
                                        "threads_running",
                                        "uptime",
                                        "uptime_since_flush_status",
                                        "wsrep",
                                        "wsrep_applier_thread_count",
                                        "wsrep_cluster_conf_id",
                                        "wsrep_cluster_size",
                                        "wsrep_cluster_status",
                                        "wsrep_connected",
                                        "wsrep_local_index",
                                        "wsrep_ready",
                                        "wsrep_rollbacker_thread_count",
                                        "wsrep_thread_count"};

constexpr std::string_view kCounters[] = {"aborted_*",
                                          "access_denied_errors",
                                          "aria_pagecache_read*",
                                          "aria_pagecache_write*",
                                          "aria_transaction_log_syncs",
                                          "binlog_bytes_written",
                                          "binlog_cache_*",
                                          "binlog_commits",
                                          "binlog_disk_use",
                                          "binlog_group_commit*",
                                          "binlog_stmt_cache_*",
                                          "busy_time",
                                          "bytes_*",
                                          "column_*compressions",
                                          "column_compressions",
                                          "column_decompressions",
                                          "connections",
                                          "cpu_time",
                                          "created_tmp_*",
                                          "delayed_errors",
                                          "delayed_writes",
                                          "delete_scan",
                                          "empty_queries",
                                          "executed_*",
                                          "feature_*",
                                          "innodb_adaptive_hash_*",
                                          "innodb_background_log_sync",
                                          "innodb_buffer_pool_read*",
                                          "innodb_buffer_pool_wait_free",
                                          "innodb_buffer_pool_write_requests",
                                          "innodb_bulk_operations",
                                          "innodb_data_fsyncs",
                                          "innodb_data_read*",
                                          "innodb_data_writ*",
                                          "innodb_dblwr_*",
                                          "innodb_deadlocks",
                                          "innodb_defragment_*",
                                          "innodb_encryption_*",
                                          "innodb_ibuf_discarded_*",
                                          "innodb_ibuf_merge*",
                                          "innodb_instant_alter_column",
                                          "innodb_log_*",
                                          "innodb_lsn_*",
                                          "innodb_master_thread_*",
                                          "innodb_max_trx_id",
                                          "innodb_num_page*",
                                          "innodb_os_log_fsyncs",
                                          "innodb_os_log_written",
                                          "innodb_page_compression_saved",
                                          "innodb_pages_*",
                                          "innodb_row_lock_time",
                                          "innodb_row_lock_waits",
                                          "innodb_secondary_index_*",
                                          "innodb_truncated_status_writes",
                                          "innodb_undo_truncations",
                                          "key_read*",
                                          "key_write*",
                                          "master_gtid_wait_*",
                                          "max_statement_time_exceeded",
                                          "opened_*",
                                          "optimizer_join_prefixes_check_calls",
                                          "qcache_hits",
                                          "qcache_inserts",
                                          "qcache_lowmem_prunes",
                                          "qcache_not_cached",
                                          "queries",
                                          "query_time",
                                          "questions",
                                          "resultset_metadata_skipped",
                                          "rows_*",
                                          "rpl_semi_sync_*",
                                          "rpl_transactions_multi_engine",
                                          "select_*",
                                          "slave_connections",
                                          "slave_received_heartbeats",
                                          "slave_retried_transactions",
                                          "slave_skipped_errors",
                                          "slow_launch_threads",
                                          "slow_queries",
                                          "sort_*",
                                          "ssl_accept*",
                                          "ssl_callback_cache_hits",
                                          "ssl_client_connects",
                                          "ssl_connect_renegotiates",
                                          "ssl_finished_*",
                                          "ssl_session_cache_*",
                                          "ssl_sessions_reused",
                                          "subquery_cache_*",
                                          "syncs",
                                          "table_locks_*",
                                          "table_open_cache_*",
                                          "tc_log_page_waits",
                                          "threads_created",
                                          "transactions_*",
                                          "update_scan",
                                          "wsrep_local_bf_aborts"};

bool Matches(std::string_view name, std::string_view pattern) {
  if (!pattern.ends_with('*')) return name == pattern;
  pattern.remove_suffix(1);
  return name.starts_with(pattern);
}

template <std::size_t N>
bool AnyMatches(std::string_view name, const std::string_view (&patterns)[N]) {
  return std::any_of(std::begin(patterns), std::end(patterns),
                     [&](std::string_view pattern) { return Matches(name, pattern); });
}

}  // namespace

MetricKind StatusKind(std::string_view name) {
  if (AnyMatches(name, kGauges)) return MetricKind::kGauge;
  if (AnyMatches(name, kCounters)) return MetricKind::kCounter;
  return MetricKind::kUntyped;
}

GroupedStatus GroupOf(std::string_view name) {
  struct Prefix {
    std::string_view text;
    StatusGroup group;
  };
  constexpr Prefix kPrefixes[] = {
      {"com_", StatusGroup::kCommands},
      {"handler_", StatusGroup::kHandlers},
      {"connection_errors_", StatusGroup::kConnectionErrors},
      {"innodb_buffer_pool_pages_", StatusGroup::kBufferPoolChanges},
      {"innodb_rows_", StatusGroup::kRowOperations},
      {"performance_schema_", StatusGroup::kPerformanceLost},
  };
  for (const Prefix& prefix : kPrefixes) {
    if (!name.starts_with(prefix.text)) continue;
    const std::string_view rest = name.substr(prefix.text.size());
    if (prefix.group != StatusGroup::kBufferPoolChanges) return {prefix.group, rest};
    if (rest == "total") return {StatusGroup::kIgnored, {}};
    if (rest == "dirty") return {StatusGroup::kBufferPoolDirty, {}};
    const bool level = rest == "data" || rest == "free" || rest == "misc" || rest == "old";
    return {level ? StatusGroup::kBufferPoolPages : prefix.group, rest};
  }
  return {};
}

}  // namespace erpnext
