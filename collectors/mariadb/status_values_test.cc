// SPDX-License-Identifier: Apache-2.0
#include "collectors/mariadb/status_values.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace erpnext {
namespace {

RC_GTEST_PROP(StatusKind, TakesAnyName, (const std::string& bytes)) {
  StatusKind(bytes);
  const GroupedStatus grouped = GroupOf(bytes);
  RC_ASSERT(bytes.ends_with(grouped.label));
}

TEST(StatusKind, LevelsAreGaugesAndEventsAreCounters) {
  for (const char* gauge :
       {"threads_connected", "threads_running", "innodb_row_lock_current_waits", "open_tables",
        "innodb_history_list_length", "uptime", "max_used_connections", "slave_running",
        "innodb_row_lock_time_avg", "ssl_session_cache_size", "ssl_server_not_after",
        "table_open_cache_active_instances", "rpl_semi_sync_master_clients",
        "qcache_free_memory"}) {
    EXPECT_EQ(MetricKind::kGauge, StatusKind(gauge)) << gauge;
  }
  for (const char* counter :
       {"aborted_connects", "bytes_sent", "connections", "created_tmp_disk_tables",
        "innodb_deadlocks", "innodb_row_lock_time", "innodb_row_lock_waits", "opened_tables",
        "queries", "questions", "select_full_join", "slow_queries", "sort_merge_passes",
        "table_locks_waited", "threads_created", "innodb_log_waits", "ssl_session_cache_hits",
        "table_open_cache_misses", "rpl_semi_sync_master_yes_tx"}) {
    EXPECT_EQ(MetricKind::kCounter, StatusKind(counter)) << counter;
  }
  EXPECT_EQ(MetricKind::kUntyped, StatusKind("what_nobody_knows"));
}

TEST(StatusGroup, IsThatOfMysqldExporter) {
  struct {
    const char* name;
    StatusGroup group;
    const char* label;
  } const cases[] = {
      {"com_select", StatusGroup::kCommands, "select"},
      {"handler_read_next", StatusGroup::kHandlers, "read_next"},
      {"connection_errors_max_connections", StatusGroup::kConnectionErrors, "max_connections"},
      {"innodb_buffer_pool_pages_free", StatusGroup::kBufferPoolPages, "free"},
      {"innodb_buffer_pool_pages_misc", StatusGroup::kBufferPoolPages, "misc"},
      {"innodb_buffer_pool_pages_old", StatusGroup::kBufferPoolPages, "old"},
      {"innodb_buffer_pool_pages_dirty", StatusGroup::kBufferPoolDirty, ""},
      {"innodb_buffer_pool_pages_total", StatusGroup::kIgnored, ""},
      {"innodb_buffer_pool_pages_lru_flushed", StatusGroup::kBufferPoolChanges, "lru_flushed"},
      {"innodb_rows_inserted", StatusGroup::kRowOperations, "inserted"},
      {"performance_schema_users_lost", StatusGroup::kPerformanceLost, "users_lost"},
      {"innodb_buffer_pool_bytes_data", StatusGroup::kNone, ""},
      {"compression", StatusGroup::kNone, ""},
  };
  for (const auto& test : cases) {
    const GroupedStatus grouped = GroupOf(test.name);
    EXPECT_EQ(test.group, grouped.group) << test.name;
    EXPECT_EQ(test.label, grouped.label) << test.name;
  }
}

}  // namespace
}  // namespace erpnext
