# SPDX-License-Identifier: Apache-2.0
"""The closed rows of the bench overview: MariaDB, host, logs, versions."""

from dashboards.frame import runbook
from dashboards.mariadb import deadlocks
from dashboards.panels import LIMIT, override, query, table, timeseries
from dashboards.thresholds import T, falling, rising


def mariadb():
    return [
        timeseries(
            "Connections in use",
            "Share of max_connections. Users see \"Too many connections\" when all are in use.",
            [query("mysql_global_status_threads_connected{I}"
                   " / (mysql_global_variables_max_connections{I} > 0)", "{{instance}}")],
            width=12, unit="percentunit", high=1,
            steps=rising(T["mariadb_connections_high_ratio"],
                         T["mariadb_connections_exhausted_ratio"]),
            links=[runbook("ErpnextMariadbConnectionsHigh"),
                   runbook("ErpnextMariadbConnectionsExhausted")]),
        timeseries(
            "Queries",
            "Statements that clients sent, by command, the ten most frequent.",
            [query("topk(10, sum by (command)"
                   " (rate(mysql_global_status_commands_total{I}[$__rate_interval])) > 0)",
                   "{{command}}")], width=12, unit="ops"),
        timeseries(
            "Deadlocks in 15 minutes",
            "InnoDB ended one of two transactions that waited for each other. Frappe repeats a job "
            "that was ended so; a user's request fails.",
            [query(deadlocks("15m"), "{{instance}}")],
            width=12, steps=rising(T["deadlocks_high_count"]),
            links=[runbook("ErpnextDeadlocksHigh"), runbook("ErpnextDeadlockStorm")]),
        timeseries(
            "Slow queries and waits for locks",
            "Queries that took longer than long_query_time, and statements that had to wait for the "
            "row lock of another transaction.",
            [query("rate(mysql_global_status_slow_queries{I}[$__rate_interval])",
                   "{{instance}} slow queries"),
             query("rate(mysql_global_status_innodb_row_lock_waits{I}[$__rate_interval])",
                   "{{instance}} lock waits")], width=12, unit="ops"),
    ]


# As the recording rule instance:node_memory_committed:ratio has it.
COMMITTED = (
    "max by (instance) (node_memory_MemTotal_bytes{I} - node_memory_MemAvailable_bytes{I}"
    ' + sum without (state) (mysql_global_status_buffer_pool_pages{I,state="free"})'
    " * mysql_global_variables_innodb_page_size{I}"
    " + (sum without (bench, role) (clamp_min((erpnext_redis_memory_max_bytes{B} > 0)"
    " - erpnext_redis_memory_used_bytes{B}, 0)) or 0 * node_memory_MemTotal_bytes{I})"
    " and on (job, instance) min by (job, instance) (erpnext_mariadb_on_this_host{B}) == 1)")


def host(disk):
    free = f"node_filesystem_avail_bytes{{I,{disk}}}"
    return [
        timeseries(
            "CPU by mode",
            "Share of all CPUs. Much iowait means the disk is the bottleneck; steal means that the "
            "host of this virtual machine is overbooked.",
            [query('sum by (mode) (rate(node_cpu_seconds_total{I,mode!="idle"}[$__rate_interval]))'
                   ' / on () group_left () sum(rate(node_cpu_seconds_total{I}[$__rate_interval]))',
                   "{{mode}}")],
            width=6, unit="percentunit", stack=True),
        timeseries(
            "Memory in use",
            "Memory that programs hold and cannot be had back; what it will be once MariaDB, if it runs "
            "on this host, has filled its buffer pool and Redis its limits; dashed is all there is.",
            [query("node_memory_MemTotal_bytes{I} - node_memory_MemAvailable_bytes{I}",
                   "{{instance}}"),
             query(COMMITTED, "{{instance}} with full caches"),
             query("node_memory_MemTotal_bytes{I}", "total")],
            width=6, unit="bytes", overrides=[override("total", **LIMIT)],
            links=[runbook("ErpnextMemoryLow"), runbook("ErpnextMemoryOvercommitted"),
                   runbook("ErpnextOomKill")]),
        timeseries(
            "Stalled by memory",
            "Share of time in which no task could go on for want of memory (pressure stall "
            "information of the kernel).",
            [query("rate(node_pressure_memory_stalled_seconds_total{I}[$__rate_interval])",
                   "{{instance}}")],
            width=6, unit="percentunit",
            steps=rising(T["memory_low_stalled_ratio"], T["memory_stall_ratio"]),
            links=[runbook("ErpnextMemoryLow"), runbook("ErpnextMemoryStall")]),
        timeseries(
            "Stalled by disks",
            "Share of time in which no task could go on because all waited for a disk.",
            [query("rate(node_pressure_io_stalled_seconds_total{I}[$__rate_interval])",
                   "{{instance}}")],
            width=6, unit="percentunit", steps=rising(T["io_stall_ratio"]),
            links=[runbook("ErpnextIoStall")]),
        timeseries(
            "Free space",
            "Share of each file system that is free, of bytes and of inodes. The areas are where the "
            f"alerts about bytes begin, if few bytes are left too; inodes count as low below "
            f"{T['inodes_low_ratio']:.0%}.",
            [query(f"{free} / (node_filesystem_size_bytes{{I}} > 0)", "{{instance}} {{mountpoint}}"),
             query(f"node_filesystem_files_free{{I,{disk}}} / (node_filesystem_files{{I}} > 0)",
                   "{{instance}} {{mountpoint}} inodes")],
            width=12, unit="percentunit", high=1,
            steps=falling(T["disk_almost_full_ratio"], T["disk_full_ratio"]),
            links=[runbook("ErpnextDiskFull"), runbook("ErpnextDiskAlmostFull"),
                   runbook("ErpnextInodesLow")]),
        timeseries(
            "Free space, and where it leads",
            f"Free bytes, and dashed what will be left in {T['disk_fills_soon_seconds'] // 3600} hours "
            "if it goes on as in the last 6 hours.",
            [query(free, "{{instance}} {{mountpoint}}"),
             query(f"predict_linear({free}[6h], {T['disk_fills_soon_seconds']})",
                   "{{instance}} {{mountpoint}} soon")],
            width=12, unit="bytes", overrides=[override("/ soon$/", **LIMIT)],
            links=[runbook("ErpnextDiskFillsSoon"), runbook("ErpnextDiskFillsInDays")]),
    ]


def logs():
    return [
        timeseries(
            "Known errors in the logs",
            "New lines of all logs that match a known pattern. The pattern names the cause, whatever "
            "log it stood in.",
            [query("sum by (pattern) (increase(erpnext_log_pattern_matches_total{B}"
                   "[$__rate_interval]))", "{{pattern}}")],
            width=12, bars=True, stack=True, links=[runbook("ErpnextLogErrors")]),
        timeseries(
            "New lines by log",
            "How fast each log grows. A log that is suddenly busy, or suddenly silent, tells where "
            "to look.",
            [query("sum by (log) (rate(erpnext_log_lines_total{B}[$__rate_interval]))", "{{log}}")],
            width=12, unit="ops"),
    ]


def installed():
    return [
        table("Apps and versions",
              "The code on disk of each bench. After an update without a restart the running "
              "processes are older than this.",
              "max by (instance, bench, path, app, version) (erpnext_app_info{B}"
              " * on (job, instance, bench) group_left (path) erpnext_bench_info{B})",
              {"instance": "Instance", "bench": "Bench", "path": "Folder", "app": "App",
               "version": "Version"}, width=24, sort="Bench"),
    ]
