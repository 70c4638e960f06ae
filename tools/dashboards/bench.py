# SPDX-License-Identifier: Apache-2.0
"""The overview of benches and their server: is it healthy, and if not, which part is sick?"""

from dashboards import bench_details
from dashboards.frame import (ALERTS_FIRING, CONFIG_RELOADED, EXPORTER_STARTED, HOST_BOOTED, build,
                              dashboard as to_dashboard, runbook)
from dashboards.panels import (LIMIT, UP_DOWN, mapping, override, query, stat, state_timeline, table,
                               timeseries)
from dashboards.thresholds import ANY_IS_BAD, NONE_IS_BAD, T, falling, rising

SITE = "on (job, instance, bench, site)"
QUEUE = "on (job, instance, bench, queue)"
SERVER = "on (job, instance, bench)"
ROLE = "on (job, instance, bench, role)"

# Without a waiting job there is no oldest one. That no time is waited is then a fact, not a guess:
# the length of the queue was read and is 0.
OLDEST_JOB = f"""max by (queue) (
    erpnext_queue_oldest_job_age_seconds{{B}}
    or {QUEUE} (erpnext_queue_jobs{{B,state="queued"}} == 0))"""

# What rules and panels take for a disk: as instance_mountpoint:node_filesystem_avail:ratio does.
DISK = 'fstype!~"tmpfs|ramfs|squashfs|iso9660|udf|erofs|overlay"'

# What the table of faults asks: the series of a fault, its name, the label that the name's $1 stands
# for, and the reason, unless the series has one itself.
FAULTS = (
    ("erpnext_mariadb_connect_error_info{B}", "MariaDB", "", None),
    ("erpnext_redis_connect_error_info{B}", "Redis $1", "role", None),
    ('erpnext_site_ping_result_info{B,reason!="ok"}', "Site $1", "site", None),
    (f"erpnext_site_info{{B}} unless {SITE} last_over_time(erpnext_site_up{{B}}[10m])",
     "Site $1", "site", "not pinged"),
    ("sum by (job, instance, bench, queue) (erpnext_queue_workers{B,state!=\"dead\"}) == 0",
     "Queue $1", "queue", "no worker"),
    ("node_filesystem_readonly{I} == 1 and min_over_time(node_filesystem_readonly{I}[1d]) == 0",
     "File system $1", "mountpoint", "read-only"),
    ("increase(node_vmstat_oom_kill{I}[30m]) > 0", "Memory", "", "program killed"),
    ("erpnext_exporter_collector_success{I} == 0", "Collector $1", "collector", "failed"),
)


def _fault(expr, subject, label, reason):
    pattern = "(.+)" if label else ""
    named = f'label_replace({expr}, "subject", "{subject}", "{label}", "{pattern}")'
    return f'label_replace({named}, "reason", "{reason}", "", "")' if reason else named


def _all_faults():
    every = " or ".join(_fault(*each) for each in FAULTS)
    return f"max by (instance, bench, subject, reason) ({every})"


QUEUE_WAIT = {
    "short": rising(T["queue_wait_short_seconds"], T["queue_wait_critical_seconds"]),
    "default": rising(T["queue_wait_default_seconds"], T["queue_wait_critical_seconds"])}


def _steps(levels):
    return {"mode": "absolute", "steps": levels}


def _work_stats():
    return [
        stat("Sites",
             "Sites that answer their ping, that do not, and that are in maintenance mode. A site in "
             "maintenance mode is none of the first two.",
             [query(f"sum(erpnext_site_up{{B}} * {SITE} (erpnext_site_maintenance_mode{{B}} == bool 0))",
                    "up"),
              query(f"sum((erpnext_site_up{{B}} == bool 0) * {SITE}"
                    " (erpnext_site_maintenance_mode{B} == bool 0))", "down"),
              query("sum(erpnext_site_maintenance_mode{B})", "maintenance")],
             width=8, names=True, steps=[*rising(), {"color": "blue", "value": 1}],
             overrides=[override("down", thresholds=_steps(ANY_IS_BAD)),
                        override("up", thresholds=_steps(NONE_IS_BAD))],
             links=[runbook("ErpnextSiteDown"), runbook("ErpnextBenchSitesDown")]),
        stat("Workers by queue",
             "Workers that listen on each queue; of several benches the one with the fewest. Without a "
             "worker no job of the queue ever starts.",
             [query("min by (queue) (sum by (job, instance, bench, queue) (erpnext_queue_workers{B,state!=\"dead\"}))",
                    "{{queue}}")],
             width=8, names=True, steps=NONE_IS_BAD, links=[runbook("ErpnextQueueNoWorkers")]),
        stat("Oldest waiting job",
             "How long the oldest job of each queue has been waiting; 0 when the queue is empty. "
             "Yellow and red are where the alerts begin; they differ by queue.",
             [query(OLDEST_JOB, "{{queue}}")],
             width=8, unit="s", names=True, steps=rising(T["queue_wait_other_seconds"]), decimals=0,
             overrides=[override(name, thresholds=_steps(levels))
                        for name, levels in QUEUE_WAIT.items()],
             links=[runbook("ErpnextQueueWaitLong"), runbook("ErpnextQueueWaitCritical")]),
    ]


def _server_stats():
    free = f"node_filesystem_avail_bytes{{I,{DISK}}}"
    return [
        stat("MariaDB",
             "Whether the database server of each bench is there, and the reason when the exporter "
             "could not ask it. A server that refuses the login is there.",
             [query(f"""min by (bench, reason) (
                 erpnext_mariadb_up{{B}} * {SERVER} group_left (reason)
                     erpnext_mariadb_connect_error_info{{B}}
                 or {SERVER} erpnext_mariadb_up{{B}})""", "{{bench}} {{reason}}")],
             width=6, names=True, steps=NONE_IS_BAD, mappings=UP_DOWN,
             links=[runbook("ErpnextMariadbDown"), runbook("ErpnextMariadbConnectionsExhausted")]),
        stat("Redis",
             "Whether the Redis of each role answers, and the reason when it does not. The queue is "
             "the one without which no job runs.",
             [query(f"""min by (role, reason) (
                 erpnext_redis_up{{B}} * {ROLE} group_left (reason)
                     erpnext_redis_connect_error_info{{B}}
                 or {ROLE} erpnext_redis_up{{B}})""", "{{role}} {{reason}}")],
             width=6, names=True, steps=NONE_IS_BAD, mappings=UP_DOWN,
             links=[runbook("ErpnextRedisDown")]),
        stat("Disk free",
             "The least space of any file system, as share and in bytes. An alert needs both to be low "
             "on the same file system: 9 % of 1 TB is plenty, 9 % of 40 GB is not.",
             [query(f"min({free} / (node_filesystem_size_bytes{{I}} > 0)"
                    " and node_filesystem_readonly{I} == 0)", "share"),
              query(f"min({free} and node_filesystem_readonly{{I}} == 0)", "bytes")],
             width=4, unit="percentunit", names=True,
             steps=falling(T["disk_almost_full_ratio"], T["disk_full_ratio"]),
             overrides=[override("bytes", unit="bytes", thresholds=_steps(
                 falling(T["disk_almost_full_bytes"], T["disk_full_bytes"])))],
             links=[runbook("ErpnextDiskFull"), runbook("ErpnextDiskAlmostFull")]),
        stat("Memory available",
             "Share of memory that programs can still get, caches given up included. Little alone is "
             "no fault: the alert also asks whether programs wait for memory.",
             [query("min(node_memory_MemAvailable_bytes{I} / (node_memory_MemTotal_bytes{I} > 0))",
                    "available")],
             width=4, unit="percentunit", steps=falling(T["memory_low_ratio"]),
             links=[runbook("ErpnextMemoryLow"), runbook("ErpnextMemoryStall")]),
        stat("Monitoring",
             "Whether Prometheus reads the exporter, and how many of its collectors failed last time. "
             "What is not read shows as no data here, never as 0.",
             [query("min(up{I})", "exporter"),
              query("sum(erpnext_exporter_collector_success{I} == bool 0)", "collectors failing")],
             width=4, names=True, steps=NONE_IS_BAD,
             overrides=[override("exporter", mappings=UP_DOWN),
                        override("collectors failing", thresholds=_steps(rising(1)))],
             links=[to_dashboard("erpnext-exporter", "Exporter"), runbook("ErpnextExporterDown"),
                    runbook("ErpnextCollectorFailing")]),
    ]


def _state():
    return [
        *_work_stats(),
        *_server_stats(),
        table("What is wrong, and why",
              "Each part that does not do what it should, with the reason that the exporter found. A "
              "site in maintenance mode is listed too.",
              _all_faults(), {"subject": "What", "reason": "Reason", "bench": "Bench",
                       "instance": "Instance"},
              width=16, height=7, when_empty="nothing known to be wrong",
              overrides=[override("Bench", noValue="-")],
              links=[runbook("ErpnextFilesystemReadOnly"), runbook("ErpnextOomKill"),
                     runbook("ErpnextSiteSeriesMissing")]),
        stat("Known errors in the logs, last hour",
             "New lines of all logs that match a known pattern, by the severity of the pattern.",
             [query("sum by (severity) (increase(erpnext_log_pattern_matches_total{B}[1h]))",
                    "{{severity}}")],
             width=8, height=7, names=True, decimals=0,
             overrides=[override("critical", thresholds=_steps(rising(1, good="text")))],
             links=[runbook("ErpnextLogErrors")]),
    ]


def _sites():
    states = mapping(_0=("down", "red"), _1=("up", "green"), _2=("maintenance", "blue"),
                     _3=("maintenance", "blue"))
    return [
        state_timeline(
            "Sites over time",
            "Answers to the ping of each site. Blue is maintenance mode; a gap is a time without a "
            "reading.",
            [query(f"max by (bench, site) (erpnext_site_up{{B}} + {SITE}"
                   " 2 * erpnext_site_maintenance_mode{B})", "{{site}} ({{bench}})")],
            states, width=12,
            links=[runbook(f"Erpnext{name}") for name in (
                "UptimeBurnFast", "UptimeBurnMedium", "UptimeBurnSlow", "MaintenanceModeLong")]),
        timeseries(
            "Ping time",
            "Time from connecting to the end of the answer, or to the failure. A slow ping is a busy "
            "web worker before it is a slow network.",
            [query("max by (bench, site) (erpnext_site_ping_duration_seconds{B})",
                   "{{site}} ({{bench}})")],
            width=12, unit="s"),
    ]


def _queues():
    return [
        timeseries(
            "Waiting jobs",
            "Length of each queue. It grows while jobs come faster than workers take them.",
            [query('sum by (queue) (erpnext_queue_jobs{B,state="queued"})', "{{queue}}")],
            links=[runbook("ErpnextQueueWaitLong")]),
        timeseries(
            "Age of the oldest waiting job",
            "The lines are the limits of the queues short and default; red is the limit at which "
            "users' background work counts as stopped.",
            [query(OLDEST_JOB, "{{queue}}")], unit="s",
            steps=[*rising(T["queue_wait_short_seconds"]),
                   {"color": "orange", "value": T["queue_wait_default_seconds"]},
                   {"color": "red", "value": T["queue_wait_critical_seconds"]}],
            links=[runbook("ErpnextQueueWaitLong"), runbook("ErpnextQueueWaitCritical")]),
        timeseries(
            "Busy workers",
            "Workers of each queue at work, and dashed all that listen. A worker that listens on "
            "several queues counts in each. All busy for long: jobs wait because of it.",
            [query('sum by (queue) (erpnext_queue_workers{B,state="busy"})', "{{queue}} busy"),
             query("sum by (queue) (erpnext_queue_workers{B})", "{{queue}} all")],
            overrides=[override("/ all$/", **LIMIT)], links=[runbook("ErpnextQueueNoWorkers")]),
        timeseries(
            "Failed and abandoned jobs kept",
            "Failed jobs are kept for a while and then removed, so this can fall by itself. Abandoned "
            "jobs were running when their worker died.",
            [query('sum by (queue, state) (erpnext_queue_jobs{B,state=~"failed|abandoned"})',
                   "{{queue}} {{state}}")], width=12),
        timeseries(
            "Memory of Redis",
            "Memory in use by role; dashed is the configured limit where there is one. The queue must "
            "not reach it: jobs would be refused.",
            [query("max by (bench, role) (erpnext_redis_memory_used_bytes{B})", "{{bench}} {{role}}"),
             query("max by (bench, role) (erpnext_redis_memory_max_bytes{B} > 0)",
                   "{{bench}} {{role}} limit")],
            width=12, unit="bytes", overrides=[override("/ limit$/", **LIMIT)],
            links=[runbook("ErpnextRedisMemoryHigh"), runbook("ErpnextRedisDown")]),
    ]


def dashboard():
    return build(
        "erpnext-bench", "Bench and server",
        "Is this bench healthy, and if not, which part is sick? The first row answers; the rows below "
        "explain, and those that are closed ask nothing until they are opened.",
        [("State", False, _state()),
         ("Sites", False, _sites()),
         ("Queues, workers and Redis", False, _queues()),
         ("MariaDB", True, bench_details.mariadb()),
         ("Host", True, bench_details.host(DISK)),
         ("Logs", True, bench_details.logs()),
         ("What is installed", True, bench_details.installed())],
        [ALERTS_FIRING, EXPORTER_STARTED, CONFIG_RELOADED, HOST_BOOTED], with_bench=True)
