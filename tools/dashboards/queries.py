# SPDX-License-Identifier: Apache-2.0
"""What the database works for: which site, user and table, and which index would help."""

from dashboards.frame import (ALERTS_FIRING, CONFIG_RELOADED, EXPORTER_STARTED, HOST_BOOTED, build,
                              runbook)
from dashboards.panels import override, query, table, timeseries
from dashboards.statements import by_kind, by_site


def _users():
    return [
        timeseries("Time spent by user in 5 minutes",
                   "Of statements, by who ran them. A site logs in as a user of its own: db_user of its "
                   "site_config.json, or else db_name.",
                   [query("topk(20, sum by (user) "
                          "(increase(mysql_info_schema_user_statistics_busy_seconds_total{I}[5m])))",
                          "{{user}}")], width=12, unit="s", stack=True,
                   links=[runbook("ErpnextMariadbThreadsRunningHigh")]),
        timeseries("Rows read by user in 5 minutes",
                   "Rows that the statements of each user read.",
                   [query("topk(20, sum by (user) "
                          "(increase(mysql_info_schema_user_statistics_rows_read_total{I}[5m])))",
                          "{{user}}")], width=12, stack=True,
                   links=[runbook("ErpnextSlowQueriesHigh")]),
    ]


def _indexes():
    return [
        table("Advice on indexes",
              "Of the larger tables. missing: statements read the table as a whole for few of its rows. "
              "known: a later version of ERPNext has it. "
              "duplicate: another index has the same columns. redundant: another one begins with them. "
              "unused: no row was read through it for a week at least.",
              "max by (bench, site, doctype, columns, kind) (erpnext_index_advice{B})",
              {"bench": "Bench", "site": "Site", "doctype": "DocType", "columns": "Columns",
               "kind": "Kind", "Value": "Advice"}, width=14, sort="Kind", when_empty="none"),
        table("Time that missing indexes would save",
              "Each day, about: the time that statements spent on rows which the index would spare.",
              "max by (bench, site, doctype, columns) (86400 * erpnext_index_missing_saved_ratio{B})",
              {"bench": "Bench", "site": "Site", "doctype": "DocType", "columns": "Columns",
               "Value": "Saved"}, width=10, sort="Saved", when_empty="none",
              overrides=[override("Saved", unit="s")]),
    ]


def _tables():
    return [
        timeseries("Size of the databases",
                   "InnoDB tables of each site with their indexes, the 20 largest.",
                   [query('topk(20, sum by (bench, site) (erpnext_site_database_bytes{B,kind!="free"}))',
                          "{{site}} ({{bench}})")], width=8, unit="bytes", stack=True,
                   links=[runbook("ErpnextDiskFillsInDays")]),
        timeseries("Free bytes in the files of the databases",
                   "What new rows use again and OPTIMIZE TABLE gives back to the disk, of the 20 sites "
                   "with most of it.",
                   [query('topk(20, erpnext_site_database_bytes{B,kind="free"})',
                          "{{site}} ({{bench}})")], width=8, unit="bytes", stack=True,
                   links=[runbook("ErpnextDiskFillsInDays")]),
        table("Largest tables",
              "The largest tables of all sites, with their indexes.",
              "max by (bench, site, doctype) (topk(20, erpnext_site_table_bytes{B}))",
              {"bench": "Bench", "site": "Site", "doctype": "DocType", "Value": "Size"},
              sort="Size", width=8, overrides=[override("Size", unit="bytes")]),
        table("Tables that are not as Frappe makes them",
              "How many of each site, by what differs. MyISAM is damaged when MariaDB is killed; other row "
              "formats hold fewer columns; collations that differ cannot be compared.",
              "max by (bench, site, property) (erpnext_site_tables_drift{B} > 0)",
              {"bench": "Bench", "site": "Site", "property": "In", "Value": "Tables"},
              width=24, sort="Tables", when_empty="none"),
    ]


def dashboard():
    return build(
        "erpnext-queries", "Queries and indexes",
        "Which site, statement and table does the database work for, and which index would help?",
        [("By site", False, by_site()), ("By kind of statement", False, by_kind()),
         ("Users (where userstat is ON)", False, _users()), ("Indexes", False, _indexes()),
         ("Tables", False, _tables())],
        [ALERTS_FIRING, EXPORTER_STARTED, CONFIG_RELOADED, HOST_BOOTED], with_bench=True)
