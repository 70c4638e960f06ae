# SPDX-License-Identifier: Apache-2.0
"""The kinds of panels that the dashboards are made of, in the JSON of Grafana's schema 39 to 42."""

import re

from dashboards.thresholds import PLAIN

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
NO_DATA = "no data"

_INSTANCE = 'job=~"$job",instance=~"$instance"'
_SCOPES = {"I": _INSTANCE, "B": _INSTANCE + ',bench=~"$bench"'}


def in_scope(expr):
    """Expands the short selectors: {I} is the chosen instances, {B} the chosen benches of them.

    Both may be followed by more matchers, as in {B,state="queued"}.
    """
    return re.sub(r"\{([IB])(?=[,}])", lambda match: "{" + _SCOPES[match[1]], " ".join(expr.split()))


def query(expr, legend="", instant=False):
    return {"expr": in_scope(expr), "legendFormat": legend, "instant": instant}


def mapping(**texts):
    """Value mappings, for example mapping(_0=("DOWN", "red"), _1=("UP", "green"))."""
    return [{"type": "value", "options": {
        name.lstrip("_"): {"index": index, "text": text, "color": color}
        for index, (name, (text, color)) in enumerate(texts.items())}}]


UP_DOWN = mapping(_0=("DOWN", "red"), _1=("UP", "green"))


def override(name, **properties):
    """Properties of series by their legend, or by a /pattern/. Dots are written as __."""
    return {"matcher": {"id": "byRegexp" if name.startswith("/") else "byName", "options": name},
            "properties": [{"id": key.replace("__", "."), "value": value}
                           for key, value in properties.items()]}


LIMIT = {"custom__lineStyle": {"fill": "dash", "dash": [10, 10]}, "custom__fillOpacity": 0,
         "custom__stacking": {"group": "A", "mode": "none"},
         "color": {"mode": "fixed", "fixedColor": "text"}}


def _panel(kind, title, description, queries, width, height, defaults, overrides, options, links):
    targets = [{"refId": chr(ord("A") + index), "datasource": DATASOURCE,
                "editorMode": "code", "expr": each["expr"], "legendFormat": each["legendFormat"],
                "instant": each["instant"], "range": not each["instant"],
                "format": "table" if kind == "table" else "time_series"}
               for index, each in enumerate(queries)]
    return {"type": kind, "title": title, "description": description, "datasource": DATASOURCE,
            "gridPos": {"w": width, "h": height}, "links": list(links),
            "fieldConfig": {"defaults": {"noValue": NO_DATA, **defaults},
                            "overrides": list(overrides)},
            "options": options, "targets": targets}


def stat(title, description, queries, width, unit="short", steps=PLAIN, mappings=(), overrides=(),
         links=(), height=4, names=False, decimals=None):
    """The present values, coloured by their thresholds. `names` shows what each value belongs to."""
    defaults = {"unit": unit, "mappings": list(mappings), "color": {"mode": "thresholds"},
                "thresholds": {"mode": "absolute", "steps": steps}}
    if decimals is not None:
        defaults["decimals"] = decimals
    options = {"colorMode": "value" if steps is PLAIN else "background_solid", "graphMode": "none",
               "justifyMode": "auto", "orientation": "vertical",
               "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
               "textMode": "value_and_name" if names else "value", "wideLayout": True}
    return _panel("stat", title, description, [{**each, "instant": True} for each in queries],
                  width, height, defaults, overrides, options, links)


def timeseries(title, description, queries, width=8, unit="short", steps=PLAIN, overrides=(),
               links=(), height=8, stack=False, bars=False, high=None):
    """A graph from 0 up. Thresholds are drawn: dashed where high is bad, as area where low is."""
    worst_first = steps[0]["color"] in ("red", "yellow")
    style = "off" if steps is PLAIN else "area" if worst_first else "dashed"
    if steps is not PLAIN:
        steps = [{**step, "color": "transparent"} if step["color"] == "green" else step
                 for step in steps]
    # A line at 0 alone would get an axis up to 100.
    soft_max = {"short": 1, "percentunit": steps[-1]["value"]}.get(unit)
    custom = {"drawStyle": "bars" if bars else "line", "lineInterpolation": "linear",
              "lineWidth": 1, "fillOpacity": 60 if bars else 30 if stack else 10,
              "gradientMode": "none", "showPoints": "never", "spanNulls": False,
              "axisPlacement": "auto", "scaleDistribution": {"type": "linear"},
              "stacking": {"group": "A", "mode": "normal" if stack else "none"},
              "thresholdsStyle": {"mode": style}}
    defaults = {"unit": unit, "min": 0, "color": {"mode": "palette-classic"}, "custom": custom,
                "thresholds": {"mode": "absolute", "steps": steps}}
    if soft_max is not None:
        custom["axisSoftMax"] = soft_max
    if high is not None:
        defaults["max"] = high
    options = {"legend": {"showLegend": True, "displayMode": "list", "placement": "bottom",
                          "calcs": []},
               "tooltip": {"mode": "multi", "sort": "desc"}}
    return _panel("timeseries", title, description, queries, width, height, defaults, overrides,
                  options, links)


def state_timeline(title, description, queries, mappings, width=8, links=(), height=8):
    """States over time. A gap is a time without a reading."""
    defaults = {"unit": "none", "mappings": list(mappings), "color": {"mode": "thresholds"},
                "custom": {"fillOpacity": 70, "lineWidth": 0, "spanNulls": False},
                "thresholds": {"mode": "absolute", "steps": PLAIN}}
    options = {"mergeValues": True, "showValue": "never", "alignValue": "left", "rowHeight": 0.85,
               "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom"},
               "tooltip": {"mode": "single", "sort": "none"}}
    return _panel("state-timeline", title, description, queries, width, height, defaults, (),
                  options, links)


def table(title, description, expr, columns, width=12, overrides=(), links=(), height=8,
          sort=None, when_empty=NO_DATA):
    """One instant query as rows. `columns` are labels (and Value) to keep, with their headings."""
    hidden = ["Time", "__name__", "job"] + ([] if "Value" in columns else ["Value"])
    organize = {"id": "organize", "options": {
        "excludeByName": {name: True for name in hidden if name not in columns},
        "indexByName": {name: index for index, name in enumerate(columns)},
        "renameByName": dict(columns)}}
    defaults = {"unit": "short", "color": {"mode": "thresholds"}, "mappings": [],
                "noValue": when_empty, "custom": {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": False},
                "thresholds": {"mode": "absolute", "steps": PLAIN}}
    options = {"showHeader": True, "cellHeight": "sm", "footer": {"show": False},
               "sortBy": [{"displayName": sort, "desc": True}] if sort else []}
    panel = _panel("table", title, description, [query(expr, instant=True)], width, height,
                   defaults, overrides, options, links)
    return {**panel, "transformations": [organize]}
