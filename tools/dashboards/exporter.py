# SPDX-License-Identifier: Apache-2.0
"""The exporter itself: can one trust what the other dashboards show?"""

from dashboards.frame import (ALERTS_FIRING, CONFIG_RELOADED, EXPORTER_STARTED, build,
                              dashboard as to_dashboard, runbook)
from dashboards.panels import UP_DOWN, mapping, query, stat, state_timeline, table, timeseries
from dashboards.thresholds import NONE_IS_BAD, T, falling, rising

def _state():
    return [
        stat("Scrape",
             "Whether the last scrape by Prometheus succeeded; of several exporters the worst.",
             [query("min(up{I})", "scrape")], width=4, steps=NONE_IS_BAD, mappings=UP_DOWN,
             links=[runbook("ErpnextExporterDown")]),
        stat("Collectors failing",
             "Collectors whose last run failed. Their metrics are absent, not old.",
             [query("sum(erpnext_exporter_collector_success{I} == bool 0)", "failing")],
             width=4, steps=rising(1), links=[runbook("ErpnextCollectorFailing"),
                                              to_dashboard("erpnext-bench", "Bench and server")]),
        stat("Configuration",
             "Whether the last reload of the configuration was accepted. A refused one changes "
             "nothing: the one before it is still in force.",
             [query("min(erpnext_exporter_config_last_reload_successful{I})", "configuration")],
             width=4, steps=falling(1), mappings=mapping(_0=("REFUSED", "yellow"),
                                                         _1=("ACCEPTED", "green")),
             links=[runbook("ErpnextConfigReloadFailed")]),
        stat("Running for",
             "Time since the start of the exporter; of several the youngest. A value that is always "
             "small means that it restarts again and again.",
             [query("time() - max(process_start_time_seconds{I})", "running")], width=4, unit="s"),
        stat("Series per scrape",
             "Samples of the last scrape, all exporters together.",
             [query("sum(scrape_samples_scraped{I})", "samples")], width=4),
        stat("Memory",
             "Resident memory, all exporters together.",
             [query("sum(process_resident_memory_bytes{I})", "memory")], width=4, unit="bytes"),
    ]


def _collectors():
    return [
        state_timeline(
            "Collectors over time",
            "Success of each collector's last run; of several exporters the worst. A gap is a time "
            "without a scrape.",
            [query("min by (collector) (erpnext_exporter_collector_success{I})", "{{collector}}")],
            mapping(_0=("failed", "red"), _1=("good", "green")), width=12, height=10,
            links=[runbook("ErpnextCollectorFailing")]),
        timeseries(
            "Time since the last success",
            "How old the data of each collector is; of several exporters the oldest. Collectors that "
            "run on an interval of their own rise to it and fall back.",
            [query("max by (collector) (time()"
                   " - erpnext_exporter_collector_last_success_timestamp_seconds{I})",
                   "{{collector}}")],
            width=12, height=10, unit="s", steps=rising(T["collector_stale_seconds"]),
            links=[runbook("ErpnextCollectorStale")]),
        timeseries(
            "Duration by collector",
            "Time that the last run took, waiting for servers included; of several exporters the "
            "longest.",
            [query("max by (collector) (erpnext_exporter_collector_duration_seconds{I})",
                   "{{collector}}")],
            width=6, unit="s"),
        timeseries(
            "Errors by collector",
            "Failed runs and partial failures. Several collectors at once have one cause: the server "
            "that they ask, or the host.",
            [query("sum by (collector) "
                   "(increase(erpnext_exporter_collector_errors_total{I}[$__rate_interval]))",
                   "{{collector}}")],
            width=6, bars=True, stack=True, links=[runbook("ErpnextCollectorFailing")]),
        timeseries(
            "Errors by kind",
            "What kept the collectors from reading: nobody there, refused, no permission, too slow, "
            "or an answer that makes no sense.",
            [query("sum by (kind) "
                   "(increase(erpnext_exporter_collector_errors_total{I}[$__rate_interval]))",
                   "{{kind}}")],
            width=6, bars=True, stack=True, links=[runbook("ErpnextCollectorFailing")]),
        timeseries(
            "Series dropped",
            "Samples that were refused: too many of one family, twice the same, or not as declared. "
            "Any is a defect or a server larger than was foreseen.",
            [query("sum by (collector) "
                   "(increase(erpnext_exporter_series_dropped_total{I}[$__rate_interval]))",
                   "{{collector}}")],
            width=6, bars=True, stack=True),
    ]


def _scrape():
    return [
        timeseries(
            "Scrape duration",
            "Time that a scrape took, as Prometheus measured it.",
            [query("scrape_duration_seconds{I}", "{{instance}}")], unit="s"),
        timeseries(
            "Samples per scrape",
            "A sudden fall is a part of the server that can no longer be read; a steady rise is a "
            "label that grows.",
            [query("scrape_samples_scraped{I}", "{{instance}}")]),
        timeseries(
            "New series per scrape",
            "Series that Prometheus had not seen in the scrape before. Many, again and again, fill "
            "its memory.",
            [query("scrape_series_added{I}", "{{instance}}")]),
    ]


def _process():
    return [
        timeseries("Memory over time", "Resident memory of the exporter.",
                   [query("process_resident_memory_bytes{I}", "{{instance}}")], unit="bytes"),
        timeseries("CPU", "Share of one CPU that the exporter uses.",
                   [query("rate(process_cpu_seconds_total{I}[$__rate_interval])", "{{instance}}")],
                   unit="percentunit"),
        timeseries("Open files", "File descriptors in use. A steady rise ends at process_max_fds.",
                   [query("process_open_fds{I}", "{{instance}}")]),
        table("Versions", "The programs that run.",
              "max by (instance, version, revision, compiler) (erpnext_exporter_build_info{I})",
              {"instance": "Instance", "version": "Version", "revision": "Revision",
               "compiler": "Compiler"}, width=24, height=5),
    ]


def dashboard():
    return build(
        "erpnext-exporter", "Exporter",
        "Can I trust what I see? Success, age and cost of each collector, the scrape, and the process "
        "itself.",
        [("State", False, _state()),
         ("Collectors", False, _collectors()),
         ("Scrape", False, _scrape()),
         ("Process", False, _process())],
        [ALERTS_FIRING, EXPORTER_STARTED, CONFIG_RELOADED], with_bench=False)
