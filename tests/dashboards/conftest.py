# SPDX-License-Identifier: Apache-2.0
"""What the exporter declares, as the dashboards' tests ask for it."""

import json
import subprocess

import pytest

TARGET_LABELS = {"job", "instance"}
# What Prometheus itself makes of every target, and of every rule.
_PROMETHEUS = {
    "up": set(), "scrape_duration_seconds": set(), "scrape_samples_scraped": set(),
    "scrape_series_added": set(),
    "ALERTS": {"alertname", "alertstate", "severity", "bench", "site", "queue", "mountpoint"}}


class Declared:
    """The families of `erpnext-exporter metrics`; the name of an open one is the begin of many."""

    def __init__(self, families):
        self._families = families

    def _find(self, metric):
        for each in self._families:
            if each["type"] == "histogram" and metric in (
                    f'{each["name"]}_{part}' for part in ("bucket", "sum", "count")):
                le = ["le"] if metric.endswith("_bucket") else []
                return [{**each, "type": "counter", "labels": [*each["labels"], *le]}]
        exact = [each for each in self._families if each["name"] == metric
                 and each["type"] != "histogram"]
        return exact or [each for each in self._families
                         if each["open"] and metric.startswith(each["name"])]

    def has(self, metric):
        return metric in _PROMETHEUS or bool(self._find(metric))

    def labels(self, metric):
        if metric in _PROMETHEUS:
            return _PROMETHEUS[metric] | TARGET_LABELS
        return {label for each in self._find(metric) for label in each["labels"]} | TARGET_LABELS

    def kind(self, metric):
        found = self._find(metric)
        return found[0]["type"] if found else ""


@pytest.fixture(scope="session")
def declared(program):
    done = subprocess.run([program, "metrics", "--format=json"], capture_output=True, text=True,
                          check=True, timeout=30)
    return Declared(json.loads(done.stdout))
