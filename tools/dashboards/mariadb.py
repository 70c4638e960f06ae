# SPDX-License-Identifier: Apache-2.0
"""The database server: is it there, what does it work on, who waits for whom?"""

from dashboards.frame import (ALERTS_FIRING, CONFIG_RELOADED, EXPORTER_STARTED, HOST_BOOTED, build,
                              runbook)
from dashboards.panels import UP_DOWN, override, query, stat, table, timeseries
from dashboards.thresholds import ANY_IS_BAD, T, falling, rising

# rate() only because a counter is shown by nothing else: what counts is that it is there.
PER_CPU = ('max by (instance) (mysql_global_status_threads_running{I} / on (job, instance) '
           'count by (job, instance) (rate(node_cpu_seconds_total{I,mode="idle"}[$__rate_interval])))')


def _increase(window, *counters):
    """Of the first of these counters that the server has."""
    return "({})".format(" or ".join(f"increase({each}{{I}}[{window}])" for each in counters))


def deadlocks(window):
    """As InnoDB counts them. The status variable is there since MariaDB 10.5."""
    metric = "mysql_info_schema_innodb_metrics_lock_lock_deadlocks"
    return _increase(window, "mysql_global_status_innodb_deadlocks", metric, metric + "_total")


def _state():
    return [
        stat("MariaDB",
             "Whether the database server of each bench answers.",
             [query("min by (bench) (erpnext_mariadb_up{B})", "{{bench}}")],
             width=6, steps=falling(red=1), mappings=UP_DOWN, names=True,
             links=[runbook("ErpnextMariadbDown")]),
        stat("Connections in use, worst server",
             "Share of max_connections.",
             [query("max(mysql_global_status_threads_connected{I}"
                    " / (mysql_global_variables_max_connections{I} > 0))")],
             width=6, unit="percentunit",
             steps=rising(T["mariadb_connections_high_ratio"],
                          T["mariadb_connections_exhausted_ratio"]),
             links=[runbook("ErpnextMariadbConnectionsHigh"),
                    runbook("ErpnextMariadbConnectionsExhausted")]),
        stat("Running statements, worst server",
             "For each processor of the host. More than a few only wait for one another.",
             [query(f"max({PER_CPU})")], width=6,
             steps=rising(T["mariadb_threads_running_factor"]),
             links=[runbook("ErpnextMariadbThreadsRunningHigh")]),
        stat("Waits for a lock now",
             "Of sessions, by what they wait for: a row, the definition of a table, another lock.",
             [query("sum by (kind) (erpnext_mariadb_lock_waits{B})", "{{kind}}")],
             width=6, steps=ANY_IS_BAD, names=True, links=[runbook("ErpnextLockWaitTimeouts")]),
    ]


def _load():
    return [
        timeseries("Statements that run for each processor",
                   "Statements that MariaDB executes at once, for each processor of its host.",
                   [query(PER_CPU, "{{instance}}")], width=12,
                   steps=rising(T["mariadb_threads_running_factor"]),
                   links=[runbook("ErpnextMariadbThreadsRunningHigh")]),
        timeseries("Sessions by what they do",
                   "The ten most frequent states of sessions; sleep: connected, without a statement.",
                   [query("topk(10, sum by (command, state) "
                          "(mysql_info_schema_processlist_threads{I}))", "{{command}} {{state}}")],
                   width=12, stack=True),
        timeseries("Slow queries",
                   "Queries a second that took longer than long_query_time.",
                   [query("rate(mysql_global_status_slow_queries{I}[$__rate_interval])",
                          "{{instance}}")],
                   width=12, unit="ops", steps=rising(T["slow_queries_high_rate"]),
                   links=[runbook("ErpnextSlowQueriesHigh")]),
        timeseries("Connections by site",
                   "Sessions of each site. Those of nobody's site are other.",
                   [query("topk(20, max by (bench, site) (erpnext_mariadb_connections{B}))",
                          "{{site}} ({{bench}})")], width=12, stack=True),
    ]


def _locks():
    return [
        timeseries("Age of the oldest transaction",
                   "Of each site; 0 while none is open.",
                   [query("topk(20, max by (bench, site) (erpnext_mariadb_longest_transaction_seconds{B})"
                          " or max by (bench, site) (erpnext_mariadb_transactions{B} == 0))",
                          "{{site}} ({{bench}})")],
                   width=12, unit="s", steps=rising(T["long_transaction_seconds"]),
                   links=[runbook("ErpnextLongTransaction")]),
        timeseries("Sessions that wait for a lock",
                   "Of all sites, by what they wait for.",
                   [query("sum by (kind) (erpnext_mariadb_lock_waits{B})", "{{kind}}")],
                   width=12, stack=True, links=[runbook("ErpnextLockWaitTimeouts")]),
        table("Who waits for whom",
              "Sessions that wait for one transaction of the site, directly or through others; an idle "
              "one is open between two statements.",
              "max by (instance, bench, site, blocker) (topk(20, erpnext_mariadb_blocked_sessions{B}))",
              {"instance": "Instance", "bench": "Bench", "site": "Site of the blocker",
               "blocker": "It is", "Value": "Sessions"}, sort="Sessions", width=8, when_empty="nobody waits",
              links=[runbook("ErpnextLongTransaction")]),
        table("What they wait for",
              "Waits for rows, by the DocType whose row is wanted.",
              "max by (bench, site, doctype) (topk(20, erpnext_mariadb_row_lock_waits{B}))",
              {"bench": "Bench", "site": "Site", "doctype": "DocType", "Value": "Waits"},
              sort="Waits", width=8, when_empty="nobody waits", links=[runbook("ErpnextLockWaitTimeouts")]),
        table("Who holds up a change of a table",
              "Sessions that hold the definition of a table which another one waits to change. Needs "
              "MariaDB's plugin metadata_lock_info.",
              "max by (instance, bench, site, doctype, blocker) "
              "(topk(20, erpnext_mariadb_definition_holders{B}))",
              {"instance": "Instance", "bench": "Bench", "site": "Site", "doctype": "DocType",
               "blocker": "It is", "Value": "Sessions"}, sort="Sessions", width=8, when_empty="nobody",
              links=[runbook("ErpnextLongTransaction")]),
        timeseries("Waits in vain, in 15 minutes",
                   "Statements that gave up waiting for a row after innodb_lock_wait_timeout.",
                   [query(_increase("15m", "mysql_info_schema_innodb_metrics_lock_lock_timeouts",
                                    "mysql_info_schema_innodb_metrics_lock_lock_timeouts_total"),
                          "{{instance}}")],
                   width=12, steps=rising(T["lock_wait_timeouts_count"]),
                   links=[runbook("ErpnextLockWaitTimeouts")]),
        timeseries("Deadlocks in 15 minutes",
                   "InnoDB ended one of two transactions that waited for each other.",
                   [query(deadlocks("15m"), "{{instance}}")],
                   width=12, steps=rising(T["deadlocks_high_count"]),
                   links=[runbook("ErpnextDeadlocksHigh"), runbook("ErpnextDeadlockStorm")]),
    ]


def _deadlocks():
    explained = "erpnext_mariadb_deadlocks_explained_total{B}"
    sides = "erpnext_mariadb_deadlock_sides_total{B}"
    # increase() does not see the first of a pair, which creates the series.
    day = (f"sum by (job, instance) (({explained} unless {explained} offset 1d)"
           f" or increase({explained}[1d]))")
    return [
        timeseries("Deadlocks of a day, counted and explained",
                   "What InnoDB counted in the whole server, and those of which the exporter read the "
                   "text, of these benches, in the 24 hours before.",
                   [query(deadlocks("1d"), "{{instance}} counted"),
                    query(day, "{{instance}} explained")],
                   width=12, links=[runbook("ErpnextDeadlocksHigh")]),
        timeseries("Share of deadlocks that is explained",
                   "Of those that InnoDB counted in the 24 hours before. Below 100 % the tables beneath "
                   "are a sample: innodb_print_all_deadlocks is off, or the error log cannot be read.",
                   [query("max by (instance) (clamp_max("
                          f"{day} / on (job, instance) ({deadlocks('1d')} > 0), 1))", "{{instance}}")],
                   width=12, unit="percentunit", high=1, links=[runbook("ErpnextDeadlocksHigh")]),
        table("Deadlocks of the last day",
              "By the DocTypes whose rows were wanted. All of them where innodb_print_all_deadlocks is "
              "on and the error log can be read, else a sample.",
              f"topk(20, sum by (bench, site, doctypes) (({explained} unless {explained} offset 1d)"
              f" or increase({explained}[1d]) > 0))",
              {"bench": "Bench", "site": "Site", "doctypes": "DocTypes", "Value": "Deadlocks"},
              sort="Deadlocks", when_empty="none", overrides=[override("Deadlocks", decimals=0)],
              links=[runbook("ErpnextDeadlocksHigh")]),
        table("What their transactions waited for",
              "Lock and kind of statement of each transaction in them, in the last day.",
              f"topk(20, sum by (doctype, index, mode, statement) (({sides} unless {sides} offset 1d)"
              f" or increase({sides}[1d]) > 0))",
              {"doctype": "DocType", "index": "Index", "mode": "Mode", "statement": "Statement",
               "Value": "Transactions"},
              sort="Transactions", when_empty="none",
              overrides=[override("Transactions", decimals=0)],
              links=[runbook("ErpnextDeadlocksHigh")]),
    ]


def _log():
    events = "erpnext_mariadb_error_log_events_total{B}"
    return [
        timeseries("Events of the error log, in an hour",
                   "What MariaDB wrote into its error log: crash, recovery, corruption, full disk and "
                   "others.",
                   [query(f"sum by (event) (increase({events}[1h]))", "{{event}}")], width=12,
                   links=[runbook("ErpnextMariadbCorrupt"), runbook("ErpnextMariadbCrashed")]),
        timeseries("Entries of the error log, in an hour",
                   "By level.",
                   [query("sum by (level) (increase(erpnext_mariadb_error_log_lines_total{B}[1h]))",
                          "{{level}}")], width=12),
    ]


def _innodb():
    return [
        timeseries("Old versions of rows",
                   "Changes that are kept for transactions that began before them. It grows while one "
                   "stays open.",
                   [query("mysql_info_schema_innodb_metrics_transaction_trx_rseg_history_len{I}",
                          "{{instance}}")], width=8, links=[runbook("ErpnextLongTransaction")]),
        timeseries("Buffer pool", "Pages by state.",
                   [query("sum by (state) (mysql_global_status_buffer_pool_pages{I})", "{{state}}")],
                   width=8, stack=True),
        timeseries("Reads from disk",
                   "Pages a second that were not in the buffer pool.",
                   [query("rate(mysql_global_status_innodb_buffer_pool_reads{I}[$__rate_interval])",
                          "{{instance}}")], width=8, unit="ops"),
    ]


def _config():
    return [
        table("Settings that differ",
              "From what Frappe needs; docs/mariadb-settings.md says what is wanted, and why. It is the "
              "server's setting, or that of a site's database.",
              "max by (bench, subject, setting, severity) (erpnext_config_drift{B} == 1)",
              {"bench": "Bench", "subject": "Of", "setting": "Setting", "severity": "Severity"},
              width=14, sort="Severity", when_empty="none"),
        timeseries("Used numbers of AUTO_INCREMENT columns",
                   "Share of what the column can hold, the 20 fullest. Frappe has none; of apps and "
                   "programs beside it. Needs the collector mariadb_auto_increment, which is off by default.",
                   [query("topk(20, mysql_info_schema_auto_increment_column{I} "
                          "/ mysql_info_schema_auto_increment_column_max{I})",
                          "{{schema}}.{{table}}.{{column}}")], width=10, unit="percentunit",
                   steps=rising(T["auto_increment_used_ratio"]),
                   links=[runbook("ErpnextAutoIncrementRunningOut")]),
    ]


def _positions(of):
    """Whichever server of the domain wrote the last one."""
    return ("max by (instance, master_host, connection_name, domain_id) "
            f"(mysql_slave_status_gtid_{of}_pos{{I}})")


def _replication():
    return [
        timeseries("Behind the primary",
                   "How old what a replica executes is. No line: the server follows nobody, or stopped to.",
                   [query("mysql_slave_status_seconds_behind_master{I}",
                          "{{instance}} from {{master_host}} {{connection_name}}")],
                   width=12, unit="s", steps=rising(T["replication_lag_seconds"]),
                   links=[runbook("ErpnextReplicationLag")]),
        table("Sources of a replica",
              "Whether each is followed: connecting and reading count as one, executing as the other.",
              "min by (instance, master_host, connection_name, thread) ("
              'label_replace(mysql_slave_status_slave_io_running{I}, "thread", "reads", "", "") '
              'or label_replace(mysql_slave_status_slave_sql_running{I}, "thread", "executes", "", ""))',
              {"instance": "Instance", "master_host": "Primary", "connection_name": "Connection",
               "thread": "It", "Value": "Runs"}, width=12, sort="Runs", when_empty="follows nobody",
              links=[runbook("ErpnextReplicationStopped")]),
        timeseries("Transactions received, but not executed",
                   "By domain, as their GTIDs number them. It grows while the replica executes more slowly than "
                   "it receives. No line: it does not follow by GTID.",
                   [query(f"{_positions('io')} - {_positions('slave')}",
                          "{{instance}} from {{master_host}} {{connection_name}}, domain {{domain_id}}")],
                   width=12),
        timeseries("Binary logs",
                   "What all of them take on disk.",
                   [query("mysql_binlog_size_bytes{I}", "{{instance}}")], width=12, unit="bytes"),
    ]


def dashboard():
    return build(
        "erpnext-mariadb", "MariaDB",
        "Is the database there, what does it work on, and who waits for whom?",
        [("State", False, _state()), ("Load", False, _load()),
         ("Transactions and locks", False, _locks()), ("Deadlocks", False, _deadlocks()),
         ("Error log", True, _log()),
         ("InnoDB", True, _innodb()),
         ("Configuration", True, _config()), ("Replication", True, _replication())],
        [ALERTS_FIRING, EXPORTER_STARTED, CONFIG_RELOADED, HOST_BOOTED], with_bench=True)
