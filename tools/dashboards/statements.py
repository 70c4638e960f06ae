# SPDX-License-Identifier: Apache-2.0
"""Rows of the page of queries: for which site the database works, and with which statements."""

from dashboards.frame import runbook
from dashboards.panels import override, query, stat, table, timeseries
from dashboards.thresholds import T, rising

NEIGHBOUR = [runbook("ErpnextNoisyNeighbour")]
SLOW = [runbook("ErpnextSlowQueriesHigh")]


def _share(resource):
    return [query(f'topk(20, max by (bench, site) (erpnext_site_database_share{{B,resource="{resource}"}}))',
                  "{{site}} ({{bench}})")]


def by_site():
    return [
        stat("Most of the time",
             "The site that the database server of each bench worked most for, in five minutes.",
             [query('max by (bench) (erpnext_site_database_share{B,resource="time",site!="other"})',
                    "{{bench}}")],
             width=6, unit="percentunit", steps=rising(T["noisy_neighbour_ratio"]), names=True,
             links=NEIGHBOUR),
        table("What the shares are made of",
              "userstat and performance_schema know each statement; slow_log only those above "
              "long_query_time.",
              "max by (bench, source) (erpnext_site_database_share_source_info{B})",
              {"bench": "Bench", "source": "Source"}, sort="Bench", width=9, height=4),
        table("Where statements are read",
              "performance_schema knows each statement; slow_log only those above long_query_time.",
              "max by (bench, source) (erpnext_mariadb_query_source_info{B})",
              {"bench": "Bench", "source": "Source"}, sort="Bench", width=9, height=4),
        timeseries("Time", "Part of the server's time that each site had, in five minutes.",
                   _share("time"), unit="percentunit", stack=True, links=NEIGHBOUR),
        timeseries("Rows read", "Part of all rows read that were read for each site.",
                   _share("rows_read"), unit="percentunit", stack=True, links=NEIGHBOUR),
        timeseries("Rows written", "Part of all rows written that each site wrote.",
                   _share("rows_written"), unit="percentunit", stack=True, links=NEIGHBOUR),
    ]


def _of_hour(family):
    return ("sum by (instance, bench, site, query) "
            f'(increase(erpnext_mariadb_query_{family}_total{{B,query!="other"}}[1h]))')


def _named(value):
    """The 20 kinds of statements with the highest value, with their texts."""
    return (f"max by (bench, site, text) (topk(20, {value})"
            " * on (instance, bench, site, query) group_left (text) "
            "max by (instance, bench, site, query, text) (erpnext_mariadb_query_info{B}))")


def by_kind():
    columns = {"bench": "Bench", "site": "Site", "text": "Statement"}
    return [
        table("Statements that take most time",
              "Kinds of statements by the time of all of them in the last hour.",
              _named(f"({_of_hour('seconds')} > 0)"), {**columns, "Value": "Time"}, sort="Time",
              width=24, overrides=[override("Time", unit="s", custom__width=120)], links=SLOW),
        table("Rows read for each row sent",
              "Of kinds of statements that took more than a second in the last hour. Thousands: an "
              "index is missing.",
              _named(f"({_of_hour('rows_examined')} / ({_of_hour('rows_sent')} > 0)"
                     f" and {_of_hour('seconds')} > 1)"),
              {**columns, "Value": "Rows"}, sort="Rows", width=24,
              overrides=[override("Rows", decimals=0, custom__width=120)], links=SLOW),
        timeseries("Statements a second",
                   "Of the kinds that take most time; from the slow query log only slow ones.",
                   [query("topk(20, sum by (bench, site, query) "
                          "(rate(erpnext_mariadb_query_executions_total{B}[$__rate_interval])))",
                          "{{query}} {{site}}")], width=12, unit="ops", links=SLOW),
        timeseries("Time of statements",
                   "Seconds of work in each second, of the kinds that take most time.",
                   [query("topk(20, sum by (bench, site, query) "
                          "(rate(erpnext_mariadb_query_seconds_total{B}[$__rate_interval])))",
                          "{{query}} {{site}}")], width=12, stack=True, links=SLOW),
    ]
