# SPDX-License-Identifier: Apache-2.0
"""What all dashboards share: variables, links, annotations, and where each panel stands."""

from dashboards.panels import DATASOURCE, in_scope

COLUMNS = 24
# Grafana serves what lies in its public folder; docker-compose.yml puts the runbooks there. Who
# publishes them elsewhere changes the hidden variable of this name.
RUNBOOKS = "/public/runbooks"


def runbook(alert):
    """A panel link in a tab of its own: Grafana takes a path of its own tab for a page of its own."""
    return {"title": f"Runbook {alert}", "url": f"${{runbooks}}/{alert}.md", "targetBlank": True}


def dashboard(uid, title):
    """A panel link to another dashboard, with the same time range and variables."""
    return {"title": title, "url": f"/d/{uid}?${{__url_time_range}}&${{__all_variables}}"}


def _variable(name, label, metric):
    return {"name": name, "label": label, "type": "query", "datasource": DATASOURCE,
            "definition": f"label_values({metric}, {name})",
            "query": {"query": f"label_values({metric}, {name})", "refId": name},
            "multi": True, "includeAll": True, "allValue": ".+",
            "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
            "refresh": 2, "sort": 1, "regex": "", "hide": 0, "options": [],
            "skipUrlSync": False}


def variables(with_bench):
    """Each asks only for what the ones before it leave."""
    found = [
        {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus",
         "multi": False, "includeAll": False, "current": {}, "refresh": 1, "regex": "", "hide": 0,
         "options": [], "skipUrlSync": False},
        _variable("job", "Job", "erpnext_exporter_build_info"),
        _variable("instance", "Instance", 'erpnext_exporter_build_info{job=~"$job"}'),
    ]
    if with_bench:
        found.append(_variable("bench", "Bench", in_scope("erpnext_bench_info{I}")))
    found.append({"name": "runbooks", "label": "Runbooks at", "type": "textbox", "query": RUNBOOKS,
                  "current": {"text": RUNBOOKS, "value": RUNBOOKS}, "hide": 2,
                  "options": [{"selected": True, "text": RUNBOOKS, "value": RUNBOOKS}],
                  "skipUrlSync": False})
    return found


def annotation(name, expr, color, text, at_value=False, shown=True):
    """A mark over all graphs. `at_value`: the value, in ms, is the point in time to mark."""
    return {"name": name, "datasource": DATASOURCE, "enable": shown, "hide": False,
            "iconColor": color, "expr": in_scope(expr), "step": "", "titleFormat": name,
            "textFormat": text, "tagKeys": "", "useValueForTime": at_value,
            "target": {"refId": name, "expr": in_scope(expr)}}


EXPORTER_STARTED = annotation(
    "Exporter started", "process_start_time_seconds{I} * 1000", "blue", "{{instance}}",
    at_value=True)
CONFIG_RELOADED = annotation(
    "Configuration reloaded",
    "erpnext_exporter_config_last_reload_success_timestamp_seconds{I} * 1000", "purple",
    "{{instance}}", at_value=True)
HOST_BOOTED = annotation(
    "Host booted", "node_boot_time_seconds{I} * 1000", "orange", "{{instance}}", at_value=True)
ALERTS_FIRING = annotation(
    "Alerts firing",
    'ALERTS{job=~"$job",instance=~"$instance",alertname=~"Erpnext.*",alertstate="firing"}', "red",
    "{{alertname}} {{bench}} {{site}} {{queue}} {{mountpoint}}")


def _place(panels, top):
    """Fills lines of 24 columns from left to right. Returns the first free line."""
    column, height = 0, 0
    for panel in panels:
        position = panel["gridPos"]
        if column == 0:
            height = position["h"]
        assert position["h"] == height, f'{panel["title"]}: all panels of a line have one height'
        panel["gridPos"] = {"x": column, "y": top, "w": position["w"], "h": height}
        column += position["w"]
        assert column <= COLUMNS, f'{panel["title"]}: the line is wider than {COLUMNS} columns'
        if column == COLUMNS:
            column, top = 0, top + height
    assert column == 0, f'{panels[-1]["title"]}: the line ends at column {column}'
    return top


def _row(title, top, collapsed):
    return {"type": "row", "title": title, "collapsed": collapsed, "panels": [],
            "gridPos": {"x": 0, "y": top, "w": COLUMNS, "h": 1}}


def _lay_out(rows):
    placed, top = [], 0
    for title, collapsed, panels in rows:
        row = _row(title, top, collapsed)
        bottom = _place(panels, top + 1)
        if collapsed:
            row["panels"] = panels  # a closed row asks nothing until it is opened
            placed.append(row)
            top += 1
        else:
            placed += [row, *panels]
            top = bottom
    number = 0
    for item in placed:
        for panel in (item, *item.get("panels", ())):
            number += 1
            panel["id"] = number
    return placed


def build(uid, title, description, rows, annotations, with_bench):
    """The dashboard as Grafana imports it. `rows` are (title, collapsed, panels)."""
    return {
        "id": None, "uid": uid, "title": f"ERPNext / {title}", "description": description,
        "tags": ["erpnext"], "editable": False, "graphTooltip": 1, "schemaVersion": 39,
        "style": "dark", "timezone": "browser", "refresh": "1m", "weekStart": "",
        "time": {"from": "now-6h", "to": "now"}, "timepicker": {}, "fiscalYearStartMonth": 0,
        "liveNow": False,
        "annotations": {"list": list(annotations)},
        "links": [
            {"type": "dashboards", "title": "ERPNext", "tags": ["erpnext"], "asDropdown": True,
             "includeVars": True, "keepTime": True, "targetBlank": False, "icon": "external link",
             "tooltip": "The other dashboards of this set", "url": ""},
            {"type": "link", "title": "Runbooks", "tags": [], "asDropdown": False,
             "includeVars": False, "keepTime": False, "targetBlank": True, "icon": "doc",
             "tooltip": "What to do when an alert fires", "url": "${runbooks}/README.md"}],
        "templating": {"list": variables(with_bench)},
        "panels": _lay_out(rows),
    }
