# SPDX-License-Identifier: Apache-2.0
"""Every query of every panel returns data on a bench that runs: demo, exporter and Prometheus."""

import re
import time

import pytest
from support.exporter import Exporter
from support.processes import wait_until
from support.prometheus import Prometheus

from dashboards import boards

# What is rightly empty on a healthy bench, and why.
EMPTY_BY_NATURE = {
    "erpnext-bench: Memory of Redis B": "the demo's Redis for the queue has no limit of memory",
    "erpnext-bench: annotation Alerts firing": "no rule is loaded here, so none fires",
    "erpnext-mariadb: annotation Alerts firing": "no rule is loaded here, so none fires",
    "erpnext-queries: annotation Alerts firing": "no rule is loaded here, so none fires",
    "erpnext-queries: Advice on indexes A": "the demo's tables are too small for advice",
    "erpnext-queries: Time that missing indexes would save A": "the demo's tables are too small for advice",
    "erpnext-mariadb: Deadlocks of the last day A": "the demo has one in four minutes",
    "erpnext-mariadb: What their transactions waited for A": "the demo has one in four minutes",
    "erpnext-mariadb: Deadlocks of a day, counted and explained B": "the demo has one in four minutes",
    "erpnext-mariadb: Share of deadlocks that is explained A": "the demo has one in four minutes",
    "erpnext-mariadb: Who waits for whom A": "nobody waits for a lock",
    "erpnext-mariadb: Who holds up a change of a table A": "nobody waits for a definition",
    "erpnext-mariadb: What they wait for A": "nobody waits for a lock",
    "erpnext-mariadb: Behind the primary A": "the demo's server is nobody's replica",
    "erpnext-mariadb: Sources of a replica A": "the demo's server is nobody's replica",
    "erpnext-mariadb: Transactions received, but not executed A": "the demo's server is nobody's replica",
    "erpnext-queries: Tables that are not as Frappe makes them A": "the demo's are as Frappe makes them",
    "erpnext-mariadb: Used numbers of AUTO_INCREMENT columns A": "its collector is off by default",
    "erpnext-scheduler: annotation Alerts firing": "no rule is loaded here, so none fires",
    "erpnext-sites: annotation Alerts firing": "no rule is loaded here, so none fires",
    "erpnext-exporter: annotation Alerts firing": "no rule is loaded here, so none fires",
    "erpnext-queues: annotation Alerts firing": "no rule is loaded here, so none fires",
}
# Labels of a legend that only appear with a fault.
ABSENT_BY_NATURE = {("MariaDB", "reason"), ("Redis", "reason")}
MOST_SERIES = 50
# Some wait for a second reading; at their own pace that is minutes.
FAST = ("--interval.jobs=3s", "--interval.mariadb_queries=3s", "--interval.mariadb_share=3s")

TARGETS = [(f'{uid}: {panel["title"]} {target["refId"]}', panel, target)
           for uid, board in boards.load().items() for panel, target in boards.targets(board)]
ANNOTATIONS = [(f'{uid}: annotation {each["name"]}', each)
               for uid, board in boards.load().items() for each in board["annotations"]["list"]]


@pytest.fixture(scope="module")
def live(program, demo, tmp_path_factory):
    """Prometheus that has scraped an exporter of the demo bench a few times."""
    folder = tmp_path_factory.mktemp("live")
    with Exporter(folder, f"--config.file={demo.config_path}", *FAST, program=program) as exporter, \
            Prometheus(folder / "prometheus", [exporter]) as server:
        server.wait_for("count_over_time(erpnext_site_up[5m]) > 5", timeout=60)
        server.wait_for('changes(erpnext_exporter_collector_last_success_timestamp_seconds'
                        '{collector="log_patterns"}[5m]) > 1', timeout=60)
        # A kind of statement has a name from its first slow one on, and counts from the second.
        server.wait_for('increase(erpnext_mariadb_query_seconds_total{query!="other"}[5m]) > 0',
                        timeout=240)
        yield server


def test_the_demo_is_read_without_an_error(live):
    assert [each["metric"]["collector"]
            for each in live.query("erpnext_exporter_collector_success == 0")] == []


def _ask(live, target, expr):
    """What the panel shows now or, where that is nothing, has shown: jobs do not wait all the time."""
    now = time.time()
    return ((target["instant"] and live.query(expr))
            or live.query_range(expr, now - 60, now, step="1s")
            or live.query_range(expr, now - 600, now, step="1s"))


@pytest.mark.parametrize("where, panel, target", TARGETS, ids=[each[0] for each in TARGETS])
def test_panel_has_data(live, where, panel, target):
    expr = boards.filled(target["expr"], interval="10s")
    if where in EMPTY_BY_NATURE:
        _ask(live, target, expr)
        return
    found = wait_until(lambda: _ask(live, target, expr), f"data of {where}: {expr}", timeout=60)
    assert len(found) <= MOST_SERIES
    values = [float(pair[1]) for each in found for pair in each.get("values", [each.get("value")])]
    assert any(value == value for value in values), "nothing but NaN"
    for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
        if (panel["title"], label) not in ABSENT_BY_NATURE:
            assert all(each["metric"].get(label) for each in found), f"no label {label}"
    legends = [re.sub(r"\{\{(\w+)\}\}", lambda match: each["metric"].get(match[1], ""),  # noqa: B023
                      target["legendFormat"]) for each in found]
    assert len(set(legends)) == len(legends) or panel["type"] == "table", "two series, one legend"


@pytest.mark.parametrize("where, each", ANNOTATIONS, ids=[each[0] for each in ANNOTATIONS])
def test_annotation_has_data(live, where, each):
    found = live.query(boards.filled(each["expr"]))
    assert found or where in EMPTY_BY_NATURE
    if each["useValueForTime"]:
        for series in found:  # milliseconds, and not in the future
            assert 1e12 < float(series["value"][1]) < time.time() * 1000 + 1000


def _values(live, definition, chosen):
    match = re.fullmatch(r"label_values\((.+), (\w+)\)", definition)
    return live.get(f"/api/v1/label/{match[2]}/values", **{"match[]": boards.filled(match[1], **chosen)})


@pytest.mark.parametrize("uid", sorted(boards.load()))
def test_variables_offer_values_and_one_alone_has_the_same_data(live, demo, uid):
    board = boards.load()[uid]
    chosen = {}
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            offered = _values(live, variable["definition"], chosen)
            assert len(offered) == 1, variable["name"]
            chosen[variable["name"]] = offered[0]
    if "bench" in chosen:
        assert chosen["bench"] == demo.bench_name
    for panel, target in boards.targets(board):
        with_all, with_one, with_other = (
            len(live.query(boards.filled(target["expr"], "10s", **values)))
            for values in ({}, chosen, {**chosen, "instance": "nowhere"}))
        assert with_one == with_all, panel["title"]
        assert with_other == 0, f'{panel["title"]} does not heed the chosen instance'


def _stat(live, title, ref="A"):
    panels = boards.panels(boards.load()["erpnext-bench"])
    panel = next(each for each in panels if each["title"] == title)
    target = next(each for each in panel["targets"] if each["refId"] == ref)
    return {" ".join(re.sub(r"\{\{(\w+)\}\}", lambda match: each["metric"].get(match[1], ""),  # noqa: B023
                            target["legendFormat"]).split()): float(each["value"][1])
            for each in live.query(boards.filled(target["expr"], "10s"))}


def _faults(live):
    panel = next(each for each in boards.panels(boards.load()["erpnext-bench"])
                 if each["title"] == "What is wrong, and why")
    return {(each["metric"]["subject"], each["metric"]["reason"])
            for each in live.query(boards.filled(panel["targets"][0]["expr"]))}


def test_the_state_row_says_what_the_demo_is(live, demo):
    up, down, maintenance = (_stat(live, "Sites", ref)[name]
                             for ref, name in (("A", "up"), ("B", "down"), ("C", "maintenance")))
    assert (up, down, maintenance) == (len(demo.sites) - 1, 0, 1)
    assert set(_stat(live, "Oldest waiting job")) >= {"short", "default", "long"}
    assert all(count > 0 for count in _stat(live, "Workers by queue").values())
    assert _stat(live, "MariaDB") == {demo.bench_name: 1}
    assert {reason for _, reason in _faults(live)} == {"maintenance"}


def test_what_is_taken_away_shows_with_its_reason_and_goes_again(live, demo):
    demo.stop_web()
    demo.stop_redis("cache")
    demo.stop_workers()
    try:
        wait_until(lambda: _stat(live, "Redis").get("cache refused") == 0, "Redis shows as down")
        wait_until(lambda: _stat(live, "Sites", "B") == {"down": len(demo.sites) - 1},
                   "the sites show as down", timeout=90)
        wait_until(lambda: {("Redis cache", "refused"), ("Queue short", "no worker")}
                   <= _faults(live), "the faults are listed")
        assert {reason for subject, reason in _faults(live) if subject.startswith("Site ")} \
            == {"refused"}
        assert _stat(live, "Workers by queue")["short"] == 0
    finally:
        demo.start_redis("cache")
        demo.start_web()
        demo.start_workers()
    wait_until(lambda: {reason for _, reason in _faults(live)} == {"maintenance"},
               "the faults are gone", timeout=90)


def test_no_reading_is_no_zero(live, demo):
    """Without the queue's Redis nobody knows how long jobs wait: no data, not 0 s."""
    demo.stop_redis("queue")
    try:
        wait_until(lambda: _stat(live, "Redis").get("queue refused") == 0, "Redis shows as down")
        wait_until(lambda: _stat(live, "Oldest waiting job") == {}, "the old reading is gone")
        assert _stat(live, "Workers by queue") == {}
    finally:
        demo.start_redis("queue")
        demo.stop_workers()
        demo.start_workers()
    wait_until(lambda: _stat(live, "Oldest waiting job") and _stat(live, "Workers by queue"),
               "the readings are back", timeout=60)
