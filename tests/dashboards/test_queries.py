# SPDX-License-Identifier: Apache-2.0
"""Every query of a dashboard is valid, and speaks of metrics and labels that exist."""

import json
import re
import subprocess

import pytest
from support.exporter import ROOT

from dashboards import boards
from dashboards.promql import parse

ALL = [pair for board in boards.load().values() for pair in boards.expressions(board)]


def test_prometheus_accepts_every_query(tmp_path):
    rules = {"groups": [{"name": "panels", "rules": [
        {"record": f"panel:{number}", "expr": boards.filled(expr)}
        for number, (_, expr) in enumerate(ALL)]}]}
    path = tmp_path / "panels.yml"
    path.write_text(json.dumps(rules))  # JSON is YAML
    done = subprocess.run(["promtool", "check", "rules", path], capture_output=True, text=True,
                          check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(ALL)} rules found" in done.stdout


@pytest.mark.parametrize("where, expr", ALL, ids=[where for where, _ in ALL])
def test_metrics_and_labels_are_declared(where, expr, declared):
    found = parse(expr)
    known = set(found.made)
    for selector in found.selectors:
        assert declared.has(selector.metric), selector.metric
        labels = declared.labels(selector.metric)
        known |= labels
        for label, _, _ in selector.matchers:
            assert label in labels, f"{selector.metric} has no label {label}"
    assert found.grouping <= known


def _grouping(expr):
    """Labels that the result has: those of the outermost aggregation by labels."""
    by = re.match(r"(?:topk\(\d+, |histogram_quantile\([\d.]+, )?(?:max|min|sum|avg) by \(([^)]*)\)",
                  expr)
    assert by, f"no aggregation by labels in {expr}"
    return set(by[1].split(", ")) - ({"le"} if expr.startswith("histogram_quantile") else set())


@pytest.mark.parametrize("uid", sorted(boards.load()))
def test_legends_name_labels_that_the_result_has(uid):
    board = boards.load()[uid]
    for panel, target in boards.targets(board):
        found = parse(target["expr"])
        if found.grouping & {"job", "instance", "bench"} or " by (" in target["expr"]:
            for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
                assert label in _grouping(target["expr"]), f'{panel["title"]}: {label}'


def test_tables_show_columns_that_the_result_has():
    for board in boards.load().values():
        for panel in boards.panels(board):
            if panel["type"] == "table":
                columns = panel["transformations"][0]["options"]["renameByName"]
                assert (_grouping(panel["targets"][0]["expr"]) ==
                        set(columns) - {"Value"}), panel["title"]


def test_the_same_file_systems_count_for_panels_and_rules():
    in_rules = set(re.findall(r'fstype!~"([^"]+)"',
                              (ROOT / "alerts" / "erpnext.rules.yml").read_text()))
    in_panels = {value for _, expr in ALL for selector in parse(expr).selectors
                 for label, _, value in selector.matchers if label == "fstype"}
    assert in_panels == in_rules
