# SPDX-License-Identifier: Apache-2.0
"""The metrics that the exporter declares, as `erpnext-exporter metrics --format=json` prints them."""

import json
import subprocess

TARGET_LABELS = {"job", "instance"}  # Prometheus adds these to every series


def series_of_histogram(name):
    """What Prometheus has of a histogram; the name alone is no series."""
    return tuple(f"{name}_{part}" for part in ("bucket", "sum", "count"))


class Declared:
    def __init__(self, program):
        output = subprocess.run([program, "metrics", "--format=json"], check=True, timeout=30,
                                capture_output=True, text=True).stdout
        self._families = json.loads(output)

    def labels(self, metric):
        """The labels of a metric on the side of Prometheus; None when nobody publishes it."""
        if metric == "up":
            return TARGET_LABELS
        for family in self._families:
            prefix = family["open"] and metric.startswith(family["name"])
            if prefix or metric == family["name"] and family["type"] != "histogram":
                return TARGET_LABELS | set(family["labels"])
            if family["type"] == "histogram" and metric in series_of_histogram(family["name"]):
                le = {"le"} if metric.endswith("_bucket") else set()
                return TARGET_LABELS | set(family["labels"]) | le
        return None

    def collectors(self):
        return {family["collector"] for family in self._families} - {""}
