# SPDX-License-Identifier: Apache-2.0
"""Servers of the running demo bench go away one after the other: the alert of the one that is gone
reaches Alertmanager, no other does, and it resolves once the server is back.

The rules are the shipped ones with every duration divided by SPEED, and so is the patience of
Alertmanager; what is compared with a threshold in seconds stays as it is.
"""

import pathlib
import re
import threading

import pytest
import yaml
from demo.bench import DemoBench
from support.alertmanager import Alertmanager
from support.exporter import ROOT, Exporter
from support.processes import wait_until
from support.prometheus import Prometheus

SPEED = 40
# RQ itself takes its time, up to a quarter of an hour, to clean up after workers that died.
AS_IT_IS = {"ErpnextJobStuck"}
ALERTS = ROOT / "alerts"
UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
DURATION = re.compile(r"(\d+)(ms|[smhdw])")


def shorter(duration):
    milliseconds = sum(int(number) * UNITS[unit] for number, unit in DURATION.findall(duration))
    return f"{max(1000, milliseconds // SPEED)}ms"


def faster(expression):
    """The same with shorter windows and offsets: [5m], [1d:5m], offset 30m."""
    windows = re.sub(r"\[([0-9smhdw]+)(?::([0-9smhdw]+))?\]", lambda match: "[{}{}]".format(
        shorter(match[1]), f":{shorter(match[2])}" if match[2] else ""), expression)
    return re.sub(r"\boffset (\d+[smhdw]+)", lambda match: f"offset {shorter(match[1])}", windows)


def accelerate(path, folder):
    rules = yaml.safe_load(path.read_text())
    for group in rules["groups"]:
        group["interval"] = "1s"
        for rule in group["rules"]:
            if rule.get("alert") in AS_IT_IS:
                continue
            rule["expr"] = faster(rule["expr"])
            for key in ("for", "keep_firing_for"):
                if key in rule:
                    rule[key] = shorter(rule[key])
    copy = pathlib.Path(folder) / path.name
    copy.write_text(yaml.safe_dump(rules))
    return copy


class Pager:
    """Watches Alertmanager all the time, and remembers what would have been told to somebody."""

    def __init__(self, prometheus, alertmanager):
        self._prometheus = prometheus
        self._alertmanager = alertmanager
        self._told = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self):
        while not self._ended.wait(0.2):
            self._told |= self.now()

    def now(self):
        """(name of the alert, what it is about) of all that are neither inhibited nor for nobody."""
        alerts = [alert for alert in self._alertmanager.alerts()
                  if alert["status"]["state"] == "active"]
        return {(labels["alertname"],
                 labels.get("role") or labels.get("bench") or labels.get("collector") or "")
                for labels in (alert["labels"] for alert in alerts)
                if labels["severity"] in ("page", "ticket")}

    def calm(self):
        """True when Alertmanager has nothing left of an outage, nor the rules anything to come."""
        names = {rule["alertname"] for rule in self._prometheus.alerts()}
        outages = {name for _, _, (name, _) in OUTAGES.values()}
        # A collector at its own pace fails until it tries again: long, for rules in such a hurry.
        return (not self.now() and names.isdisjoint({*outages, "ErpnextCollectorFailing"}) and
                not self._prometheus.query("erpnext_exporter_collector_success == 0"))

    def take(self):
        """What was told since the last call."""
        told, self._told = self._told, set()
        return told

    def stop(self):
        self._ended.set()
        self._thread.join(5)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    with DemoBench(tmp_path_factory.mktemp("d") / "b") as running:
        yield running


@pytest.fixture(scope="module")
def pager(tmp_path_factory, program, demo):
    folder = tmp_path_factory.mktemp("alerts")
    rules = [accelerate(ALERTS / name, folder) for name in ("erpnext.rules.yml", "erpnext.alerts.yml")]
    with (Exporter(folder, f"--config.file={demo.config_path}", program=program) as exporter,
          Alertmanager(folder, ALERTS / "alertmanager.yml") as alertmanager,
          Prometheus(folder, [exporter], rules, alertmanager) as prometheus):
        prometheus.wait_for("min(erpnext_site_up) >= 0 and min(erpnext_exporter_collector_success) == 1")
        watching = Pager(prometheus, alertmanager)
        wait_until(lambda: alertmanager.alerts(alertname="ErpnextWatchdog"), "the watchdog barks")
        yield watching
        watching.stop()


def test_a_duration_is_shortened_wherever_it_stands():
    assert faster("avg_over_time(a[1d:5m] offset 20m) > b[40s] and c[2h]") == (
        "avg_over_time(a[2160000ms:7500ms] offset 30000ms) > b[1000ms] and c[180000ms]")


# (what is taken away, what brings it back, what is told)
OUTAGES = {
    "MariaDB": (DemoBench.stop_mariadb, DemoBench.start_mariadb,
                ("ErpnextMariadbDown", "frappe-bench")),
    "Redis of the queues": (lambda demo: demo.stop_redis("queue"),
                            lambda demo: demo.start_redis("queue"), ("ErpnextRedisDown", "queue")),
    "web server": (DemoBench.stop_web, DemoBench.start_web,
                   ("ErpnextBenchSitesDown", "frappe-bench")),
}


@pytest.mark.parametrize("stop,start,alert", OUTAGES.values(), ids=OUTAGES)
def test_outage(demo, pager, stop, start, alert):
    wait_until(pager.calm, "nothing is wrong", timeout=60)
    pager.take()
    stop(demo)
    try:
        wait_until(lambda: alert in pager.now(), f"{alert} is told", timeout=60)
    finally:
        start(demo)
    wait_until(lambda: alert not in pager.now(), f"{alert} is resolved", timeout=60)
    assert pager.take() == {alert}
