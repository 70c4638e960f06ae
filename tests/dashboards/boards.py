# SPDX-License-Identifier: Apache-2.0
"""The committed dashboards, and their parts as flat lists."""

import json
import re

from support.exporter import ROOT

FOLDER = ROOT / "dashboards"


def load():
    """Each committed dashboard by its uid."""
    boards = [json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))]
    assert boards, f"no dashboard in {FOLDER}"
    return {board["uid"]: board for board in boards}


def everything(board):
    """Rows and panels, those in closed rows too."""
    return [each for item in board["panels"] for each in (item, *item.get("panels", ()))]


def panels(board):
    return [each for each in everything(board) if each["type"] != "row"]


def targets(board):
    """Pairs of panel and target."""
    return [(panel, target) for panel in panels(board) for target in panel["targets"]]


def expressions(board):
    """(where, expression) of all that Prometheus is asked: panels and annotations."""
    return ([(f'{board["uid"]}: {panel["title"]} {target["refId"]}', target["expr"])
             for panel, target in targets(board)]
            + [(f'{board["uid"]}: annotation {each["name"]}', each["expr"])
               for each in board["annotations"]["list"]])


def filled(text, interval="1m", **values):
    """The text with its variables replaced as Grafana does, those not given by All."""
    text = text.replace("$__rate_interval", interval)
    return re.sub(r"\$(job|instance|bench)\b", lambda match: values.get(match[1], ".+"), text)
