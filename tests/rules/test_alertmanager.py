# SPDX-License-Identifier: Apache-2.0
"""Alertmanager takes the configuration, sends alerts to the right people, and says nothing twice."""

import datetime
import json
import pathlib
import re
import subprocess

import pytest
import yaml

from support import http
from support.alertmanager import Alertmanager
from support.processes import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONFIG = ROOT / "alerts" / "alertmanager.yml"
RULES = {rule["alert"]: rule["labels"] for group in yaml.safe_load(
    (ROOT / "alerts" / "erpnext.alerts.yml").read_text())["groups"] for rule in group["rules"]}

RECEIVERS = {
    ("page", "uptime"): "page", ("page", "queues"): "page", ("page", "exporter"): "page",
    ("page", "database"): "page-platform", ("page", "locks"): "page-platform",
    ("page", "disk"): "page-platform", ("page", "memory"): "page-platform",
    ("ticket", "uptime"): "ticket", ("ticket", "queues"): "ticket", ("ticket", "logs"): "ticket",
    ("ticket", "exporter"): "ticket", ("ticket", "upgrade"): "ticket", ("page", "upgrade"): "page",
    ("page", "email"): "page", ("ticket", "email"): "ticket",
    ("ticket", "database"): "ticket-platform", ("ticket", "locks"): "ticket-platform",
    ("ticket", "disk"): "ticket-platform", ("ticket", "memory"): "ticket-platform",
    ("info", "uptime"): "nobody",
}


def amtool(*arguments):
    return subprocess.run(["amtool", *map(str, arguments)], capture_output=True, text=True, timeout=30)


def check(path):
    done = amtool("check-config", path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_configuration_is_valid():
    check(CONFIG)


def test_examples_are_valid_and_hold_no_secrets(tmp_path):
    """What stands behind "#|" works as soon as the marks are taken away."""
    text, count = re.subn(r"^( *)#\| ", r"\1", CONFIG.read_text(), flags=re.M)
    assert count > 15
    example = tmp_path / "alertmanager.yml"
    example.write_text(text)
    check(example)
    assert not re.search(r"^\s*(smtp_auth_password|api_url|credentials|password):", text, flags=re.M)
    used = {receiver["name"] for receiver in yaml.safe_load(text)["receivers"] if len(receiver) > 1}
    assert used == {"page", "ticket", "page-platform", "ticket-platform", "watchdog"}


def routed_to(labels):
    done = amtool("config", "routes", "test", f"--config.file={CONFIG}",
                  *(f"{name}={value}" for name, value in labels.items()))
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("alert", RULES)
def test_route_of_each_alert(alert):
    labels = RULES[alert]
    expected = "watchdog" if alert == "ErpnextWatchdog" else RECEIVERS[labels["severity"], labels["service"]]
    assert routed_to({"alertname": alert, "instance": "h1", **labels}) == expected


def test_route_of_others():
    assert routed_to({"alertname": "X", "severity": "info", "service": "uptime"}) == "nobody"
    assert routed_to({"alertname": "X", "severity": "none", "service": "exporter"}) == "nobody"
    assert routed_to({"alertname": "X"}) == "ticket"


def alert(name, **labels):
    return {"alertname": name, **RULES.get(name, {}), **labels}


B = {"job": "j", "instance": "h1", "bench": "b"}
SITE = {**B, "site": "s"}
QUEUE = {**B, "queue": "short"}
HOST = {"job": "j", "instance": "h1"}
DISK = {**HOST, "mountpoint": "/"}

# What fires -> what is held back by it, what is not.
INHIBITIONS = {
    "exporter down": (
        [alert("ErpnextExporterDown", **HOST)],
        [alert("ErpnextSiteDown", **SITE), alert("ErpnextDiskFull", **DISK)],
        [alert("ErpnextSiteDown", **{**SITE, "instance": "h2"}), alert("ErpnextWatchdog"),
         alert("ErpnextExporterAbsent", job="j")]),
    "MariaDB down": (
        [alert("ErpnextMariadbDown", **B)],
        [alert("ErpnextBenchSitesDown", **B), alert("ErpnextQueueNoWorkers", **QUEUE),
         alert("ErpnextLogErrors", **B, pattern="p"),
         alert("ErpnextCollectorFailing", **HOST, collector="mariadb_status")],
        [alert("ErpnextSiteDown", **{**SITE, "bench": "other"}), alert("ErpnextRedisDown", **B, role="queue"),
         alert("ErpnextCollectorFailing", **HOST, collector="filesystem"),
         alert("ErpnextDiskFull", **DISK)]),
    "Redis down": (
        [alert("ErpnextRedisDown", **B, role="queue")],
        [alert("ErpnextSiteDown", **SITE), alert("ErpnextQueueWaitLong", **QUEUE),
         alert("ErpnextCollectorFailing", **HOST, collector="queues"),
         alert("ErpnextCollectorFailing", **HOST, collector="redis_status")],
        [alert("ErpnextRedisDown", **{**B, "bench": "other"}, role="queue"),
         alert("ErpnextCollectorFailing", **HOST, collector="mariadb_status")]),
    "no connections": (
        [alert("ErpnextMariadbConnectionsExhausted", **HOST)],
        [alert("ErpnextMariadbConnectionsHigh", **HOST),
         alert("ErpnextCollectorFailing", **HOST, collector="mariadb_status")],
        [alert("ErpnextMariadbConnectionsHigh", job="j", instance="h2"),
         alert("ErpnextCollectorFailing", **HOST, collector="queues")]),
    "bench down": (
        [alert("ErpnextBenchSitesDown", **B)],
        [alert("ErpnextSiteDown", **SITE), alert("ErpnextUptimeBurnFast", **SITE)],
        [alert("ErpnextSiteDown", **{**SITE, "bench": "other"}), alert("ErpnextMaintenanceModeLong", **SITE)]),
    "site down": (
        [alert("ErpnextSiteDown", **SITE)],
        [alert("ErpnextUptimeBurnMedium", **SITE)],
        [alert("ErpnextUptimeBurnMedium", **{**SITE, "site": "t"})]),
    "fast burn": (
        [alert("ErpnextUptimeBurnFast", **SITE)],
        [alert("ErpnextUptimeBurnMedium", **SITE), alert("ErpnextUptimeBurnSlow", **SITE)],
        [alert("ErpnextUptimeBurnSlow", **{**SITE, "site": "t"})]),
    "medium burn": (
        [alert("ErpnextUptimeBurnMedium", **SITE)],
        [alert("ErpnextUptimeBurnSlow", **SITE)],
        [alert("ErpnextUptimeBurnSlow", **{**SITE, "site": "t"})]),
    "no workers": (
        [alert("ErpnextQueueNoWorkers", **QUEUE)],
        [alert("ErpnextQueueWaitLong", **QUEUE), alert("ErpnextQueueWaitCritical", **QUEUE)],
        [alert("ErpnextQueueWaitLong", **{**QUEUE, "queue": "long"})]),
    "critical wait": (
        [alert("ErpnextQueueWaitCritical", **QUEUE)],
        [alert("ErpnextQueueWaitLong", **QUEUE)],
        [alert("ErpnextQueueWaitLong", **{**QUEUE, "queue": "long"})]),
    "deadlock storm": (
        [alert("ErpnextDeadlockStorm", **HOST)],
        [alert("ErpnextDeadlocksHigh", **HOST)],
        [alert("ErpnextDeadlocksHigh", job="j", instance="h2")]),
    "disk full": (
        [alert("ErpnextDiskFull", **DISK)],
        [alert("ErpnextDiskAlmostFull", **DISK), alert("ErpnextDiskFillsSoon", **DISK),
         alert("ErpnextDiskFillsInDays", **DISK)],
        [alert("ErpnextDiskAlmostFull", **{**DISK, "mountpoint": "/data"}), alert("ErpnextInodesLow", **DISK)]),
    "disk almost full": (
        [alert("ErpnextDiskAlmostFull", **DISK)],
        [alert("ErpnextDiskFillsInDays", **DISK)],
        [alert("ErpnextDiskFillsSoon", **DISK), alert("ErpnextDiskFillsInDays", **{**DISK, "mountpoint": "/data"})]),
    "memory stall": (
        [alert("ErpnextMemoryStall", **HOST)],
        [alert("ErpnextMemoryLow", **HOST)],
        [alert("ErpnextMemoryLow", job="j", instance="h2"), alert("ErpnextOomKill", **HOST)]),
    "ping fails": (
        [alert("ErpnextCollectorFailing", **HOST, collector="site_ping")],
        [alert("ErpnextSiteSeriesMissing", **B)],
        [alert("ErpnextSiteSeriesMissing", **{**B, "instance": "h2"})]),
    # Two alerts that both lack a label of `equal` would count as equal in it.
    "labels that are missing": (
        [alert("ErpnextExporterDown"), alert("ErpnextMariadbDown"), alert("ErpnextDiskFull")],
        [],
        [alert("ErpnextSiteDown", site="s"), alert("ErpnextQueueWaitLong"), alert("ErpnextMemoryLow"),
         alert("ErpnextDiskAlmostFull")]),
}


# Alertmanager looks at alerts in the order in which it is told them, and not at once: when it holds
# back the second of these, told last, it knows all others.
LAST = [alert("ErpnextMemoryStall", job="j", instance="last"), alert("ErpnextMemoryLow", job="j", instance="last")]


@pytest.mark.parametrize("case", INHIBITIONS)
def test_inhibition(case, tmp_path):
    """amtool cannot test it: the real Alertmanager is told the alerts and asked what it holds back."""
    firing, held, free = INHIBITIONS[case]
    now = datetime.datetime.now(datetime.timezone.utc).isoformat()
    with Alertmanager(tmp_path, CONFIG) as manager:
        for labels in firing + held + free + LAST:
            answer = http.request(
                f"{manager.url}/api/v2/alerts", method="POST", headers={"Content-Type": "application/json"},
                body=json.dumps([{"labels": labels, "startsAt": now}]))
            assert answer.status == 200, answer.text

        def state(labels):
            [found] = [item for item in http.request(f"{manager.url}/api/v2/alerts").json()
                       if item["labels"] == labels]
            return found["status"]["state"]

        wait_until(lambda: state(LAST[1]) == "suppressed", "Alertmanager knows all alerts", timeout=90)
        assert [labels for labels in firing + free if state(labels) != "active"] == []
        assert [labels for labels in held if state(labels) != "suppressed"] == []


def test_each_inhibition_names_alerts_and_labels_that_exist():
    config = yaml.safe_load(CONFIG.read_text())
    for rule in config["inhibit_rules"]:
        for side in ("source_matchers", "target_matchers"):
            text = " ".join(rule[side])
            assert 'instance=~".+"' in text, text
            for pattern in re.findall(r'alertname=~?"([^"]+)"', text):
                assert any(re.fullmatch(pattern, name) for name in RULES), pattern
