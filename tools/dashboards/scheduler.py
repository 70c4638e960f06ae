# SPDX-License-Identifier: Apache-2.0
"""Scheduled jobs of sites: do the nightly things happen, and if not, why?"""

from dashboards.frame import (ALERTS_FIRING, CONFIG_RELOADED, EXPORTER_STARTED, HOST_BOOTED, build,
                              dashboard as to_dashboard, runbook)
from dashboards.panels import (UP_DOWN, mapping, override, query, stat, state_timeline, table,
                               timeseries)
from dashboards.thresholds import ANY_IS_BAD, NONE_IS_BAD, T, rising

STALLED = [runbook("ErpnextSchedulerStalled")]
# The one state of each site as a number, for its colour in a timeline.
STATES = {"active": ("active", "green"), "dormant": ("dormant", "blue"),
          "maintenance": ("maintenance", "blue"), "paused": ("paused", "yellow"),
          "disabled_config": ("disabled in a file", "yellow"),
          "disabled_settings": ("disabled in the site", "yellow"),
          "process_missing": ("no process", "red"),
          "redis_unavailable": ("no Redis", "red")}


def _state_numbers():
    each = [f'({number} * (erpnext_scheduler_state{{B,state="{state}"}} == 1))'
            for number, state in enumerate(STATES)]
    return "sum by (bench, site) (" + " or ".join(each) + ")"


def _scheduler():
    return [
        stat("Sites by state",
             "Why the scheduled jobs of each site run or do not: the first reason that holds.",
             [query("sum by (state) (erpnext_scheduler_state{B}) > 0", "{{state}}")],
             width=8, names=True,
             overrides=[override("active", color={"mode": "fixed", "fixedColor": "green"}),
                        override("/process_missing|redis_unavailable/",
                                 color={"mode": "fixed", "fixedColor": "red"}),
                        override("/paused|disabled.*/",
                                 color={"mode": "fixed", "fixedColor": "yellow"})],
             links=[runbook("ErpnextSchedulerDisabled")]),
        stat("Scheduler process",
             "Whether a scheduler of the bench was seen. No data where processes cannot be seen, as "
             "from another container.",
             [query("min by (bench) (erpnext_scheduler_process_up{B})", "{{bench}}")],
             width=4, unit="none", steps=NONE_IS_BAD, mappings=UP_DOWN, names=True, links=STALLED),
        stat("Longest time without a job",
             "Of the sites whose scheduler is meant to run: since one of its jobs was last executed. "
             "Some run every four minutes.",
             [query("max(time() - (erpnext_scheduler_last_execution_timestamp_seconds{B} and on"
                    " (job, instance, bench, site) erpnext_scheduler_state{B,state=~"
                    '"active|process_missing|redis_unavailable"} == 1))')],
             width=4, unit="s", steps=rising(None, T["scheduler_stalled_seconds"]), links=STALLED),
        stat("Overdue types of jobs",
             "Types that should have run, but have not, for longer than is usual; of sites whose "
             "scheduler is meant to run.",
             [query("sum(erpnext_scheduled_jobs_overdue{B} and on (job, instance, bench, site)"
                    " erpnext_scheduler_state{B,state=~"
                    '"active|process_missing|redis_unavailable"} == 1)')],
             width=4, steps=rising(1), links=[to_dashboard("erpnext-bench", "Queues and workers")]),
        stat("Types that are stopped",
             "Types of jobs that somebody has stopped in Scheduled Job Type.",
             [query('sum(erpnext_scheduled_job_types{B,state="stopped"})')], width=4),
        state_timeline(
            "State of each site over time",
            "The first reason why the jobs of a site do not run. A gap is a time without a reading.",
            [query(_state_numbers(), "{{bench}} {{site}}")],
            mapping(**{f"_{number}": shown for number, shown in enumerate(STATES.values())}),
            width=24, links=[runbook("ErpnextSchedulerDisabled")]),
    ]


def _jobs():
    return [
        timeseries(
            "Time since the last job",
            "How long ago a scheduled job of each site was executed. Rises by a second each second "
            "while nothing runs.",
            [query("time() - erpnext_scheduler_last_execution_timestamp_seconds{B}",
                   "{{bench}} {{site}}")],
            width=12, unit="s", steps=rising(None, T["scheduler_stalled_seconds"]), links=STALLED),
        timeseries(
            "Runs by result",
            "Scheduled jobs that ended in the last hour. Jobs that run every few minutes write no "
            "log and do not count.",
            [query("sum by (status) (increase(erpnext_scheduled_job_runs_total{B}[1h]))",
                   "{{status}}")],
            width=12, stack=True,
            overrides=[override("failed", color={"mode": "fixed", "fixedColor": "red"}),
                       override("complete", color={"mode": "fixed", "fixedColor": "green"})],
            links=[runbook("ErpnextScheduledJobFailing")]),
        timeseries(
            "How late jobs are",
            "The most overdue type of each frequency, of sites whose scheduler is meant to run.",
            [query("max by (frequency) (erpnext_scheduled_job_lateness_seconds{B} and on"
                   " (job, instance, bench, site) erpnext_scheduler_state{B,state=~"
                   '"active|process_missing|redis_unavailable"} == 1)', "{{frequency}}")],
            width=12, unit="s", links=STALLED),
        timeseries(
            "Overdue types by site",
            "Types of jobs that should have run for longer than is usual. Of sites that are switched "
            "off all become overdue.",
            [query("erpnext_scheduled_jobs_overdue{B}", "{{bench}} {{site}}")], width=12),
        table("Jobs that failed in the last 48 hours",
              "Runs that failed, by job; the ten worst of each site, the rest as other. The reason "
              "stands in the site's Scheduled Job Log.",
              "max by (instance, bench, site, job_type) (topk(50, erpnext_scheduled_job_failures{B}))",
              {"instance": "Instance", "bench": "Bench", "site": "Site", "job_type": "Job",
               "Value": "Failures"},
              width=8, sort="Failures", when_empty="none",
              overrides=[override("Failures", thresholds={
                  "mode": "absolute", "steps": rising(T["scheduled_job_failures_count"])},
                  custom__cellOptions={"type": "color-text"})],
              links=[runbook("ErpnextScheduledJobFailing")]),
        table("Jobs whose last run failed",
              "1 for a job that failed last time, 0 for one that has passed since.",
              "max by (instance, bench, site, job_type) (topk(50, erpnext_scheduled_job_failing{B}))",
              {"instance": "Instance", "bench": "Bench", "site": "Site", "job_type": "Job",
               "Value": "Fails"},
              width=8, sort="Fails", when_empty="none",
              overrides=[override("Fails", thresholds={"mode": "absolute", "steps": ANY_IS_BAD},
                                  custom__cellOptions={"type": "color-text"})],
              links=[runbook("ErpnextScheduledJobFailing")]),
        table("Failure rate of seven days",
              "Part of a job's runs that failed, as Frappe's System Health Report has it; the ten "
              "highest of each site.",
              "max by (instance, bench, site, job_type) "
              "(topk(50, erpnext_scheduled_job_failure_ratio{B}))",
              {"instance": "Instance", "bench": "Bench", "site": "Site", "job_type": "Job",
               "Value": "Rate"},
              width=8, sort="Rate", when_empty="none",
              overrides=[override("Rate", unit="percentunit")],
              links=[runbook("ErpnextScheduledJobFailing")]),
    ]


def _migrations():
    return [
        table("Patches that a site has not run",
              "Patches of the code on disk, by app, that are not in the site's Patch Log; those that "
              "failed and were skipped too. 0 for a site that is up to date.",
              "max by (instance, bench, site, app) (topk(50, erpnext_migrate_patches_pending{B}))",
              {"instance": "Instance", "bench": "Bench", "site": "Site", "app": "App",
               "Value": "Pending"}, width=16, sort="Pending",
              overrides=[override("Pending", custom__cellOptions={"type": "color-text"},
                                  thresholds={"mode": "absolute", "steps": rising(1)})],
              links=[runbook("ErpnextPatchesPending")]),
        stat("Migrations",
             "Sites whose migration runs, and those whose last one stopped before its end. No data "
             "before Frappe 15, and where the processes of the bench cannot be seen.",
             [query("sum(erpnext_migrate_running{B})", "run"),
              query("count(erpnext_migrate_last_completed{B}) - sum(erpnext_migrate_last_completed{B})",
                    "stopped")],
             width=4, height=8, names=True, links=[runbook("ErpnextMigrateFailed")]),
        stat("Patches skipped, versions that differ",
             "Patches that failed and were skipped, over all sites: they run again with the next "
             "migration. Apps whose version on disk is not that of the site's last migration.",
             [query("sum(erpnext_migrate_patches_skipped{B})", "patches"),
              query("sum(erpnext_site_app_version_mismatch{B})", "versions")],
             width=4, height=8, names=True, steps=rising(1),
             links=[runbook("ErpnextAppVersionMismatch")]),
    ]


def _email():
    return [
        stat("E-mails that are due",
             "E-mails that are not sent though their time has come, of all sites. A few between two "
             "runs of the job that sends are usual.",
             [query("sum(erpnext_email_due_emails{B})")], width=4,
             links=[runbook("ErpnextEmailQueueCritical")]),
        stat("Stuck, suspended and accounts without password",
             "E-mails being sent for longer than 15 minutes; sites on which somebody has muted or "
             "suspended e-mail; accounts that lack a password.",
             [query("sum(erpnext_email_stuck_emails{B})", "stuck e-mails"),
              query("sum(max by (job, instance, bench, site) (erpnext_email_sending_suspended{B}))",
                    "suspended sites"),
              query('sum(erpnext_email_accounts{B,state="awaiting_password"})',
                    "accounts")],
             width=8, names=True, steps=rising(1),
             links=[runbook("ErpnextEmailQueueStuck")]),
        stat("E-mails of the last 7 days",
             "Those to send by status, and those received that became a communication, of all sites.",
             [query("sum by (status) (erpnext_email_queue_emails{B})", "{{status}}"),
              query("sum(erpnext_email_received_emails{B})", "received")],
             width=12, names=True, links=[runbook("ErpnextEmailErrors")]),
        timeseries("Age of the oldest e-mail that is due",
                   "Of each site; 0 while none is due.",
                   [query("max by (bench, site) (erpnext_email_oldest_unsent_age_seconds{B}) "
                          "or max by (bench, site) (erpnext_email_due_emails{B} == 0)",
                          "{{bench}} {{site}}")],
                   width=12, unit="s",
                   steps=rising(T["email_stuck_seconds"], T["email_critical_seconds"]),
                   links=[runbook("ErpnextEmailQueueStuck"), runbook("ErpnextEmailQueueCritical")]),
        timeseries("E-mails given up",
                   "Those of the last 7 days that ended in an error, of each site.",
                   [query('max by (bench, site) (erpnext_email_queue_emails{B,status="error"})',
                          "{{bench}} {{site}}")],
                   width=12, links=[runbook("ErpnextEmailErrors")]),
    ]


def dashboard():
    return build(
        "erpnext-scheduler", "Scheduler, jobs and e-mail",
        "Do the things happen that a site does by itself, every few minutes and every night?",
        [("Scheduler", False, _scheduler()), ("Jobs", False, _jobs()), ("E-mail", False, _email()),
         ("Migrations", True, _migrations())],
        [ALERTS_FIRING, EXPORTER_STARTED, CONFIG_RELOADED, HOST_BOOTED], with_bench=True)
