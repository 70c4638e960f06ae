# SPDX-License-Identifier: Apache-2.0
"""Which metrics and labels a PromQL expression names. No parser: enough for the rules' own style."""

import re

KEYWORDS = {"and", "or", "unless", "by", "without", "on", "ignoring", "group_left", "group_right",
            "offset", "bool", "time", "vector"}
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(\{[^}]*\})?")


def _names(text):
    return {name.strip() for name in text.split(",") if name.strip()}


def metrics(expr):
    """Metric name -> set of labels that its selectors match on."""
    text = _GROUPING.sub(" ", _STRING.sub('""', expr))
    text = re.sub(r"\[[^\]]*\]", " ", text)
    found = {}
    for match in _SELECTOR.finditer(text):
        name, matchers = match[1], match[2]
        is_function = text[match.end():].lstrip().startswith("(") and not matchers
        inside_number = re.search(r"[0-9.]$", text[:match.start()])  # the "m" of 15m, "e" of 1e9
        if name in KEYWORDS or is_function or inside_number:
            continue
        labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers or ""))
        found.setdefault(name, set()).update(labels)
    return found


def grouping_labels(expr):
    """Labels in by, without, on, ignoring and group modifiers."""
    return set().union(*(_names(match[1]) for match in _GROUPING.finditer(expr)))
