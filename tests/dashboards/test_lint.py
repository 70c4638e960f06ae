# SPDX-License-Identifier: Apache-2.0
"""Rules that every dashboard keeps; most are those of grafana/dashboard-linter."""

import re
import subprocess
import sys

import pytest
from support.exporter import ROOT

from dashboards import boards
from dashboards.promql import parse

UIDS = sorted(boards.load())
UNITS = {"short", "s", "bytes", "percentunit", "ops", "none"}
KINDS = {"row", "stat", "timeseries", "table", "state-timeline"}
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


@pytest.fixture(params=UIDS)
def board(request):
    return boards.load()[request.param]


def test_the_json_is_what_the_generator_writes():
    done = subprocess.run([sys.executable, ROOT / "tools" / "generate_dashboards.py", "--check"],
                          capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_frame(board):
    assert board["id"] is None
    assert re.fullmatch(r"erpnext-[a-z-]{1,32}", board["uid"])
    assert board["editable"] is False
    assert board["schemaVersion"] == 39
    assert board["tags"] == ["erpnext"]
    assert board["title"].startswith("ERPNext / ")
    assert board["description"]
    assert isinstance(board["refresh"], str)  # schema 40
    assert "time_options" not in board["timepicker"]  # schema 41


def test_variables(board):
    found = {each["name"]: each for each in board["templating"]["list"]}
    names = list(found)
    assert names[:3] == ["datasource", "job", "instance"]
    assert (found["datasource"]["type"], found["datasource"]["query"],
            found["datasource"]["label"]) == ("datasource", "prometheus", "Data source")
    asked = [each for each in found.values() if each["type"] == "query"]
    for position, each in enumerate(asked):
        assert each["datasource"] == DATASOURCE
        assert each["multi"] and each["includeAll"] and each["allValue"] == ".+"
        assert each["refresh"] == 2, "asks again when the time range changes"
        assert each["label"] == each["name"].capitalize()
        assert re.fullmatch(rf'label_values\(.+, {each["name"]}\)', each["query"]["query"])
        assert each["query"]["query"] == each["definition"]
        for before in asked[:position]:  # each asks only for what the ones before it leave
            assert f'{before["name"]}=~"${before["name"]}"' in each["definition"]


def test_every_variable_is_used(board):
    text = str([panel for panel in board["panels"]] + board["links"])
    for name in (each["name"] for each in board["templating"]["list"]):
        assert re.search(rf"\$(\{{{name}\}}|{name}\b)", text), f"{name} is in no panel"


def test_panels_are_complete(board):
    for panel in boards.panels(board):
        title = panel["title"]
        assert panel["type"] in KINDS
        assert title and not title.endswith(".")
        assert panel["description"].endswith("."), title
        assert panel["datasource"] == DATASOURCE, title
        assert panel["targets"], title
        defaults = panel["fieldConfig"]["defaults"]
        assert defaults["unit"] in UNITS, title
        assert defaults["noValue"], title
        assert defaults["thresholds"]["steps"][0]["value"] is None, title
        values = [step["value"] for step in defaults["thresholds"]["steps"][1:]]
        assert values == sorted(set(values)), title


def test_titles_are_unique(board):
    titles = [each["title"] for each in boards.panels(board)]
    assert len(set(titles)) == len(titles), sorted(titles)


def test_targets(board):
    for panel, target in boards.targets(board):
        assert target["datasource"] == DATASOURCE
        assert target["instant"] != target["range"]
        assert target["instant"] == (panel["type"] in ("stat", "table"))
        if panel["type"] not in ("stat", "table") or len(panel["targets"]) > 1:
            assert target["legendFormat"], panel["title"]
    for panel in boards.panels(board):
        ids = [target["refId"] for target in panel["targets"]]
        assert len(set(ids)) == len(ids)


def test_selectors_name_job_and_instance(board):
    for where, expr in boards.expressions(board):
        selectors = parse(expr).selectors
        assert selectors, where
        for selector in selectors:
            for label in ("job", "instance"):
                assert (label, "=~", f"${label}") in selector.matchers, f"{where}: {selector.metric}"


def test_bench_is_selected_where_a_metric_has_it(board, declared):
    if "bench" not in [each["name"] for each in board["templating"]["list"]]:
        return
    for where, expr in boards.expressions(board):
        for selector in parse(expr).selectors:
            if selector.metric != "ALERTS" and "bench" in declared.labels(selector.metric):
                assert ("bench", "=~", "$bench") in selector.matchers, f"{where}: {selector.metric}"


def test_counters_are_never_shown_as_they_are(board, declared):
    for where, expr in boards.expressions(board):
        for selector in parse(expr).selectors:
            counts = selector.metric.endswith("_total") or declared.kind(selector.metric) == "counter"
            # A counter that has just appeared has grown by its value.
            if re.search(rf"{selector.metric}\S* unless {selector.metric}\S* offset ", expr):
                continue
            assert not counts or selector.function in ("rate", "irate", "increase"), where


def test_rates_use_the_interval_of_the_graph(board):
    for where, expr in boards.expressions(board):
        for selector in parse(expr).selectors:
            if selector.function in ("rate", "irate"):
                assert selector.range == "$__rate_interval", where


def test_places(board):
    """Nothing overlaps, nothing is wider than the page, no line has a hole."""
    taken = {}
    for panel in board["panels"]:
        for each in [panel, *panel.get("panels", ())] if panel["type"] != "row" else [panel]:
            place = each["gridPos"]
            for x in range(place["x"], place["x"] + place["w"]):
                for y in range(place["y"], place["y"] + place["h"]):
                    assert x < 24, each["title"]
                    assert (x, y) not in taken, f'{each["title"]} over {taken[(x, y)]}'
                    taken[(x, y)] = each["title"]
    assert len(taken) == 24 * (max(y for _, y in taken) + 1)


def test_sizes(board):
    every = boards.panels(board)
    hidden = [panel for row in board["panels"] for panel in row.get("panels", ())]
    assert len(every) <= 30
    assert len(every) - len(hidden) <= 20
    ids = [each["id"] for each in boards.everything(board)]
    assert len(set(ids)) == len(ids)


def test_links_lead_somewhere(board):
    runbooks = ROOT / "alerts" / "runbooks"
    variables = {each["name"] for each in board["templating"]["list"]}
    links = board["links"] + [link for panel in boards.panels(board) for link in panel["links"]]
    pages = 0
    for link in links:
        if link.get("type") == "dashboards":
            assert set(link["tags"]) <= set(board["tags"])
            continue
        to_board = re.match(r"/d/([a-z-]+)\?", link["url"])
        to_page = re.fullmatch(r"\$\{runbooks\}/(\w+\.md)", link["url"])
        assert to_board or to_page, link["url"]
        if to_board:
            assert to_board[1] in UIDS and to_board[1] != board["uid"]
        else:
            pages += 1
            assert "runbooks" in variables
            assert link["targetBlank"] is True
            assert (runbooks / to_page[1]).is_file(), f"{to_page[1]} is missing"
    assert pages > 3


def test_every_alert_has_a_panel_that_links_its_runbook():
    alerts = set(re.findall(r"- alert: (\w+)", (ROOT / "alerts" / "erpnext.alerts.yml").read_text()))
    text = "".join(str(board) for board in boards.load().values())
    # Told by the absence of all data, so no panel can show them; and the one that always fires.
    elsewhere = {"ErpnextExporterAbsent", "ErpnextWatchdog"}
    linked = set(re.findall(r"\}/(Erpnext\w+)\.md", text))
    assert alerts - elsewhere == linked - elsewhere
