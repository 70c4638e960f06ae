# SPDX-License-Identifier: Apache-2.0
"""Workers and queues: why does my job wait, and what do the workers do?"""

from dashboards.frame import (ALERTS_FIRING, CONFIG_RELOADED, EXPORTER_STARTED, build,
                              dashboard as to_dashboard, runbook)
from dashboards.panels import LIMIT, UP_DOWN, override, query, stat, state_timeline, table, timeseries
from dashboards.thresholds import ANY_IS_BAD, NONE_IS_BAD, T, rising

QUEUE = "on (job, instance, bench, queue)"
RATE = "[$__rate_interval]"

# Without a waiting job there is no oldest one: the length was read and is 0.
OLDEST_JOB = f"""max by (queue) (
    erpnext_queue_oldest_job_age_seconds{{B}}
    or {QUEUE} (erpnext_queue_jobs{{B,state="queued"}} == 0))"""
LONGEST_JOB = f"""max by (queue) (
    erpnext_queue_longest_job_age_seconds{{B}}
    or {QUEUE} (erpnext_queue_jobs{{B,state="started"}} == 0))"""


def _now():
    return [
        stat("Waiting",
             "Jobs that wait in each queue.",
             [query('sum by (queue) (erpnext_queue_jobs{B,state="queued"})', "{{queue}}")],
             width=8, names=True, steps=rising(T["queue_backlog_count"]),
             links=[runbook("ErpnextQueueBacklogGrowing")]),
        stat("Oldest waiting job",
             "How long the oldest job of each queue has been waiting; 0 when none waits.",
             [query(OLDEST_JOB, "{{queue}}")], width=8, unit="s", names=True, decimals=0,
             steps=rising(T["queue_wait_default_seconds"], T["queue_wait_critical_seconds"]),
             links=[runbook("ErpnextQueueWaitLong"), runbook("ErpnextQueueWaitCritical")]),
        stat("Empty in",
             "When each queue will be empty if it goes on as in the last five minutes: infinite when "
             "it does not get shorter or nobody works on it. Unknown in the first minute.",
             [query("max by (queue) (erpnext_queue_drain_seconds{B})", "{{queue}}")],
             width=8, unit="s", names=True, decimals=0,
             links=[runbook("ErpnextQueueBacklogGrowing")]),
        stat("Workers by queue",
             "Workers that are there and listen on each queue; of several benches the fewest.",
             [query('min by (queue) (sum by (job, instance, bench, queue)'
                    ' (erpnext_queue_workers{B,state!="dead"}))', "{{queue}}")],
             width=8, names=True, steps=NONE_IS_BAD, links=[runbook("ErpnextQueueNoWorkers")]),
        stat("Jobs that hang",
             "Jobs that will not go on unless somebody does something, by reason.",
             [query("sum by (reason) (erpnext_jobs_stuck{B})", "{{reason}}")],
             width=16, names=True, steps=ANY_IS_BAD,
             links=[runbook("ErpnextJobStuck"), runbook("ErpnextQueueNoWorkers")]),
    ]


def _flow():
    return [
        timeseries(
            "Queue length", "Jobs that wait.",
            [query('sum by (queue) (erpnext_queue_jobs{B,state="queued"})', "{{queue}}")],
            width=12, steps=rising(T["queue_backlog_count"]),
            links=[runbook("ErpnextQueueBacklogGrowing")]),
        timeseries(
            "Age of the oldest waiting job", "0 when none waits.",
            [query(OLDEST_JOB, "{{queue}}")], width=12, unit="s",
            steps=rising(T["queue_wait_critical_seconds"]),
            links=[runbook("ErpnextQueueWaitLong"), runbook("ErpnextQueueWaitCritical")]),
        timeseries(
            "Jobs done", "Jobs that workers ended, by the queues on which they listen.",
            [query(f"sum by (queues, result) (rate(erpnext_worker_jobs_total{{B}}{RATE}))",
                   "{{queues}} {{result}}")], width=12, unit="ops"),
        timeseries(
            "Share of failed jobs", "Of the jobs that ended in the last 15 minutes.",
            [query('sum by (queues) (increase(erpnext_worker_jobs_total{B,result="failed"}[15m]))'
                   " / (sum by (queues) (increase(erpnext_worker_jobs_total{B}[15m])) > 0)",
                   "{{queues}}")],
            width=12, unit="percentunit", high=1, steps=rising(T["job_failures_high_ratio"]),
            links=[runbook("ErpnextJobFailureRatioHigh")]),
        timeseries(
            "Failed jobs kept", "Frappe keeps them for a week, and no more than 1000 of a queue.",
            [query('sum by (queue) (erpnext_queue_jobs{B,state="failed"})', "{{queue}}")],
            width=12, links=[runbook("ErpnextJobFailureRatioHigh")]),
        timeseries(
            "Jobs that wait on purpose",
            "Deferred ones wait for another job. Scheduled ones wait for their time, and for ever "
            "unless a worker runs with RQ's own scheduler, which Frappe's do not.",
            [query('sum by (queue, state) (erpnext_queue_jobs{B,state=~"deferred|scheduled"}) > 0',
                   "{{queue}} {{state}}")], width=12),
    ]


def _whose():
    return [
        timeseries(
            "Waiting jobs by site", "The ten sites with the most; one may keep all workers busy.",
            [query('topk(10, sum by (site) (erpnext_site_jobs{B,state="queued"}))', "{{site}}")],
            width=12, stack=True),
        timeseries(
            "Failed jobs by site", "The ten sites with the most.",
            [query('topk(10, sum by (site) (erpnext_site_jobs{B,state="failed"}))', "{{site}}")],
            width=12, links=[runbook("ErpnextJobFailureRatioHigh")]),
        table(
            "What waits", "Waiting jobs by what they run. Other are the rest, and those whose "
            "description does not tell.",
            'sum by (method) (erpnext_method_jobs{B,state="queued"} > 0)',
            {"method": "Method", "Value": "Jobs"}, sort="Jobs", when_empty="nothing waits",
            links=[runbook("ErpnextQueueBacklogGrowing")]),
        table(
            "What has failed", "Failed jobs by what they ran.",
            'sum by (method) (erpnext_method_jobs{B,state="failed"} > 0)',
            {"method": "Method", "Value": "Jobs"}, sort="Jobs", when_empty="nothing has failed",
            links=[runbook("ErpnextJobFailureRatioHigh")]),
    ]


def _workers():
    return [
        timeseries(
            "Workers by state", "Each worker once.",
            [query("sum by (state) (erpnext_workers{B})", "{{state}}"),
             query("sum(erpnext_workers_vanished{B})", "vanished")], width=12, stack=True,
            links=[runbook("ErpnextQueueNoWorkers")]),
        timeseries(
            "How busy the workers are",
            "Time spent in jobs that have ended, over the time of all workers of these queues. Long "
            "jobs show when they end.",
            [query(f"sum by (queues) (rate(erpnext_worker_busy_seconds_total{{B}}{RATE}))"
                   ' / (sum by (queues) (erpnext_workers{B,state!="dead"}) > 0)', "{{queues}}")],
            width=12, unit="percentunit", steps=rising(T["queue_busy_ratio"]),
            links=[runbook("ErpnextQueueBacklogGrowing")]),
        timeseries(
            "Workers with old code, and lost ones",
            "Workers that began before the code of an app was changed, and workers that supervisor has "
            "lost. Only of workers on the host of the exporter.",
            [query("sum(erpnext_workers_older_than_code{B})", "old code"),
             query("sum(erpnext_workers_orphaned{B})", "lost")],
            width=8, steps=rising(1), links=[runbook("ErpnextProcessesOlderThanCode")]),
        timeseries(
            "Longest running job", "0 when none runs. Dashed is how long a job may run.",
            [query(LONGEST_JOB, "{{queue}}"),
             query("max by (queue) (erpnext_queue_timeout_seconds{B})", "{{queue}} limit")],
            width=8, unit="s", overrides=[override("/ limit$/", **LIMIT)],
            links=[runbook("ErpnextJobStuck")]),
        state_timeline(
            "Redis", "Whether the Redis of each role answers.",
            [query("min by (bench, role) (erpnext_redis_up{B})", "{{bench}} {{role}}")],
            UP_DOWN, width=8,
            links=[runbook("ErpnextRedisDown"), to_dashboard("erpnext-bench", "Bench and server")]),
    ]


def dashboard():
    return build(
        "erpnext-queues", "Workers and queues",
        "Why does my job wait? Queues, workers, and the jobs that hang.",
        [("Now", False, _now()), ("Flow", False, _flow()), ("Workers", False, _workers()),
         ("Whose jobs", False, _whose())],
        [ALERTS_FIRING, EXPORTER_STARTED, CONFIG_RELOADED], with_bench=True)
