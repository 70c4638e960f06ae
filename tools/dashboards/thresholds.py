# SPDX-License-Identifier: Apache-2.0
"""The numbers of alerts/thresholds.yml as colours of panels: yellow is a ticket, red is a page."""

import pathlib

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
T = yaml.safe_load((ROOT / "alerts" / "thresholds.yml").read_text())


def _steps(*pairs):
    return [{"color": color, "value": value} for color, value in pairs if color]


def rising(yellow=None, red=None, good="green"):
    """The higher the worse."""
    return _steps((good, None), ("yellow" if yellow is not None else None, yellow),
                  ("red" if red is not None else None, red))


def falling(yellow=None, red=None, good="green"):
    """The lower the worse."""
    if red is None:
        return _steps(("yellow", None), (good, yellow))
    if yellow is None:
        return _steps(("red", None), (good, red))
    return _steps(("red", None), ("yellow", red), (good, yellow))


PLAIN = rising(good="text")
ANY_IS_BAD = rising(red=1)
NONE_IS_BAD = falling(red=1)
