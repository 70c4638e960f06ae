# SPDX-License-Identifier: Apache-2.0
"""Sites as their users meet them: do they answer, how fast, and with how many errors?"""

from dashboards.frame import (ALERTS_FIRING, CONFIG_RELOADED, EXPORTER_STARTED, HOST_BOOTED, build,
                              dashboard as to_dashboard, runbook)
from dashboards.panels import mapping, override, query, stat, state_timeline, table, timeseries
from dashboards.thresholds import ANY_IS_BAD, T, rising

SITE = "on (job, instance, bench, site)"
# Frappe writes requests down every four minutes: a rate over less than that is 0 or too high.
USERS = 'erpnext_request_duration_seconds_count{B,route!="ping"'
WINDOW = "[15m]"


def _state():
    states = mapping(_0=("down", "red"), _1=("up", "green"), _2=("maintenance", "blue"),
                     _3=("maintenance", "blue"))
    return [
        stat("Sites that are down",
             "Sites that do not answer their ping and are not in maintenance mode.",
             [query(f"sum((erpnext_site_up{{B}} == bool 0) * {SITE}"
                    " (erpnext_site_maintenance_mode{B} == bool 0))")],
             width=6, steps=ANY_IS_BAD, links=[runbook("ErpnextSiteDown")]),
        stat("Errors of the server, worst site",
             "Share of requests in 15 minutes whose answer has a status from 500 up, of the site with "
             "the largest share. Pings are not counted. No data without traffic.",
             [query(f'max(sum by (job, instance, bench, site) (increase({USERS},code="5xx"}}{WINDOW}) or'
                    f" 0 * increase({USERS}}}{WINDOW})) / (sum by (job, instance, bench, site)"
                    f" (increase({USERS}}}{WINDOW})) > 0))")],
             width=6, unit="percentunit", steps=rising(None, T["http_5xx_high_ratio"]),
             links=[runbook("ErpnextHttp5xxHigh")]),
        stat("Slow requests, worst site",
             "Time below which 95 of 100 requests of the last 15 minutes were answered, of the slowest "
             "site.",
             [query("max(histogram_quantile(0.95, sum by (job, instance, bench, site, le) (increase("
                    f'erpnext_request_duration_seconds_bucket{{B,route!="ping"}}{WINDOW}))) >= 0)')],
             width=6, unit="s", steps=rising(T["requests_slow_seconds"]),
             links=[runbook("ErpnextRequestsSlow")]),
        stat("Age of the newest entry",
             "Since the newest request or job in monitor.json.log began. Up to about ten minutes is "
             "usual: what all panels of requests show is as old. It grows when no scheduler runs.",
             [query("max by (bench) (time() - erpnext_monitor_last_entry_timestamp_seconds{B})",
                    "{{bench}}")],
             width=6, unit="s", names=True,
             links=[to_dashboard("erpnext-scheduler", "Scheduled jobs")]),
        state_timeline(
            "Up and down",
            "Answers to the ping of each site. Blue is maintenance mode; a gap is a time without a "
            "reading.",
            [query(f"max by (bench, site) (erpnext_site_up{{B}} + {SITE}"
                   " 2 * erpnext_site_maintenance_mode{B})", "{{site}} ({{bench}})")],
            states, width=24, links=[runbook("ErpnextSiteDown")]),
    ]


def _requests():
    return [
        timeseries(
            "Requests by site",
            "Requests per second, means of 15 minutes, without pings. Frappe writes them down every "
            "four minutes.",
            [query(f"sum by (bench, site) (increase({USERS}}}{WINDOW})) / 900",
                   "{{site}} ({{bench}})")],
            width=12, unit="ops"),
        timeseries(
            "Time of requests",
            "Half of the requests of each site were answered in less than the first time, 95 of 100 "
            "in less than the second; of 15 minutes, without pings.",
            [query("histogram_quantile(0.5, sum by (bench, site, le) (increase("
                   f'erpnext_request_duration_seconds_bucket{{B,route!="ping"}}{WINDOW})))',
                   "{{site}} ({{bench}}) half"),
             query("histogram_quantile(0.95, sum by (bench, site, le) (increase("
                   f'erpnext_request_duration_seconds_bucket{{B,route!="ping"}}{WINDOW})))',
                   "{{site}} ({{bench}}) 95 %")],
            width=12, unit="s", steps=rising(T["requests_slow_seconds"]),
            links=[runbook("ErpnextRequestsSlow")]),
        timeseries(
            "Answers by status",
            "Answers per second by class of status, means of 15 minutes, without pings. 4xx are "
            "wrong addresses and refused logins; 5xx are faults of the server.",
            [query(f"sum by (code) (increase({USERS}}}{WINDOW})) / 900", "{{code}}")],
            width=12, unit="ops", stack=True, links=[runbook("ErpnextHttp5xxHigh")],
            overrides=[override("5xx", color={"mode": "fixed", "fixedColor": "red"})]),
        timeseries(
            "Time spent by route",
            "Web workers at work on each kind of request, means of 15 minutes: what fills them when "
            "it nears their number.",
            [query("sum by (route) (increase(erpnext_request_duration_seconds_sum{B}"
                   f"{WINDOW})) / 900", "{{route}}")],
            width=12, stack=True, links=[runbook("ErpnextRequestsSlow")]),
    ]


def _jobs():
    return [
        timeseries(
            "Jobs by site",
            "Jobs per second that ended, means of 15 minutes. Jobs that were killed are not in the log.",
            [query(f"sum by (site, kind) (increase(erpnext_job_duration_seconds_count{{B}}{WINDOW}))"
                   " / 900", "{{site}} {{kind}}")],
            width=8, unit="ops"),
        timeseries(
            "Wait of jobs, 95 of 100",
            "Time between being queued and starting, below which 95 of 100 jobs of 15 minutes stayed. "
            "The log does not tell the queue.",
            [query("histogram_quantile(0.95, sum by (site, le) (increase("
                   f"erpnext_job_wait_seconds_bucket{{B}}{WINDOW})))", "{{site}}")],
            width=8, unit="s", links=[runbook("ErpnextQueueWaitLong")]),
        table(
            "Exceptions of jobs, last day",
            "Jobs that ended with an exception, by its class.",
            # increase() does not see the first exception of a class, which creates the series.
            "topk(20, sum by (site, exception) ("
            "(erpnext_job_exceptions_total{B} unless erpnext_job_exceptions_total{B} offset 1d) "
            "or increase(erpnext_job_exceptions_total{B}[1d]) > 0))",
            {"site": "Site", "exception": "Exception", "Value": "Jobs"},
            width=8, sort="Jobs", when_empty="none",
            overrides=[override("Jobs", decimals=0)]),
    ]


def _health():
    return [
        stat("Errors, last day",
             "Rows of Error Log of 24 hours, of all sites.",
             [query("sum(erpnext_site_errors{B})")], width=4, links=[runbook("ErpnextHttp5xxHigh")]),
        stat("Failed logins",
             "Logins that failed in the last day and in the last 30 days, of all sites.",
             [query("sum by (window) (erpnext_site_failed_logins{B})", "{{window}}")], width=6,
             names=True),
        stat("Sessions and users",
             "Sessions that are not expired, users that are enabled, and those of them created in the "
             "last 30 days, of all sites.",
             [query("sum(erpnext_site_sessions{B})", "sessions"),
              query("sum(erpnext_site_users{B})", "users"),
              query("sum(erpnext_site_new_users{B})", "new users")], width=6, names=True),
        stat("Documents that failed, last 7 days",
             "Requests to and from other systems, imports, prepared reports that failed, and e-mails "
             "that nobody knew what to do with, of all sites.",
             [query("sum by (kind) (erpnext_site_failed_documents{B})", "{{kind}}")], width=8,
             names=True),
        timeseries("Errors of each site",
                   "Rows of Error Log of the 24 hours before. It falls when somebody clears the log.",
                   [query("max by (bench, site) (erpnext_site_errors{B})", "{{site}} ({{bench}})")],
                   width=8),
        timeseries("New errors by kind",
                   "Rows that came to Error Log in each hour, by their exception, of all sites. Errors "
                   "of web requests come in bursts: Frappe saves them every 15 minutes.",
                   [query("sum by (family) (increase(erpnext_site_errors_total{B}[1h]))",
                          "{{family}}")],
                   width=8, links=[runbook("ErpnextHttp5xxHigh")]),
        timeseries("Failed logins of each site",
                   "Of the 24 hours before. Tries while a user is locked out are not written down.",
                   [query('max by (bench, site) (erpnext_site_failed_logins{B,window="24h"})',
                          "{{site}} ({{bench}})")],
                   width=8),
        timeseries("What waits in Redis",
                   "Entries that are not yet in the databases and logs of all sites. They are lost "
                   "when the cache is cleared. Frappe saves most of them every 15 minutes, and always "
                   "leaves one in monitor.",
                   [query("sum by (list) (erpnext_site_backlog_entries{B})", "{{list}}")],
                   width=12),
        timeseries("Entries that wait in Redis",
                   "Of each site, but for those of the monitor. What only grows is not saved: look "
                   "whether the scheduled jobs of the site run.",
                   [query('sum by (bench, site) (erpnext_site_backlog_entries{B,list!="monitor"})',
                          "{{site}} ({{bench}})")],
                   width=12),
        table("Largest logs",
              "About how many rows the largest log tables have, as MariaDB estimates.",
              "topk(20, max by (bench, site, doctype) (erpnext_site_log_table_rows{B}))",
              {"doctype": "Log", "site": "Site", "bench": "Bench", "Value": "Rows"}, sort="Rows"),
        table("Logs that nobody clears",
              "The largest of those that Log Settings do not name. Add them there, or clear them with "
              "`bench clear-log-table` where they are very large.",
              "topk(20, max by (bench, site, doctype) (erpnext_site_log_table_rows{B} unless on "
              "(instance, bench, site, doctype) erpnext_site_log_retention_seconds{B}))",
              {"doctype": "Log", "site": "Site", "bench": "Bench", "Value": "Rows"}, sort="Rows",
              when_empty="all have a time"),
    ]


def dashboard():
    return build(
        "erpnext-sites", "Sites",
        "Do users reach their site, how fast is it, and what fails? Requests and jobs come from "
        "Frappe's monitor, which writes them down every four minutes where `monitor` is configured.",
        [("State", False, _state()),
         ("Requests", False, _requests()),
         ("Jobs", False, _jobs()),
         ("Errors, logins and documents", True, _health())],
        [ALERTS_FIRING, EXPORTER_STARTED, CONFIG_RELOADED, HOST_BOOTED], with_bench=True)
