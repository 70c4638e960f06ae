# SPDX-License-Identifier: Apache-2.0
"""What names a PromQL expression uses. Whether it is valid is Prometheus' business, not ours."""

import dataclasses
import re

_TOKEN = re.compile(r"""
    (?P<string>"(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*')
  | (?P<range>\[[^\]]*\])
  | (?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)
  | (?P<number>[0-9][0-9.a-z]*)
  | (?P<operator>=~|!~|!=|==|<=|>=|[-+*/%^<>=(){},])
  | (?P<space>\s+)
""", re.VERBOSE)
_GROUPING = {"by", "without", "on", "ignoring", "group_left", "group_right"}
_WORDS = {"and", "or", "unless", "bool", "offset"}


@dataclasses.dataclass
class Selector:
    metric: str
    matchers: list  # of (label, operator, value)
    range: str = ""  # "5m" of [5m]
    function: str = ""  # the innermost function around it


@dataclasses.dataclass
class Expression:
    selectors: list
    grouping: set  # labels after by, on, group_left, ...
    made: set  # labels that label_replace makes


def _tokens(text):
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if not match:
            raise ValueError(f"no token at {text[position:position + 20]!r}")
        position = match.end()
        if match.lastgroup != "space":
            yield match.lastgroup, match[0]


class _Parser:
    def __init__(self, text):
        self._tokens = list(_tokens(text)) + [("end", "")]
        self._at = 0
        self.found = Expression([], set(), set())

    def _next(self):
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _peek(self):
        return self._tokens[self._at]

    def parse(self):
        functions = []
        while self._peek()[0] != "end":
            kind, text = self._next()
            if kind == "name" and text in _GROUPING:
                self._grouping()
            elif kind == "name" and self._peek()[1] == "(" and text not in _WORDS:
                self._next()
                functions.append(text)
            elif kind == "name" and text not in _WORDS and self._peek()[1] not in _GROUPING:
                self._selector(text, functions)
            elif kind == "name" and text not in _WORDS:  # sum by (x) (...): the function's name
                continue
            elif text == "(":
                functions.append(functions[-1] if functions else "")
            elif text == ")":
                functions.pop()
            elif kind == "string" and functions and functions[-1] == "label_replace":
                self._made_label(text)
        return self.found

    def _grouping(self):
        if self._peek()[1] != "(":
            return  # group_left without labels
        self._next()
        while True:
            kind, text = self._next()
            if text == ")":
                return
            if kind == "name":
                self.found.grouping.add(text)

    def _made_label(self, text):
        """The first string of label_replace is the label it makes; the rest is skipped."""
        self.found.made.add(text[1:-1])
        while self._peek()[0] == "string" or self._peek()[1] == ",":
            self._next()

    def _selector(self, metric, functions):
        selector = Selector(metric, [], function=functions[-1] if functions else "")
        if self._peek()[1] == "{":
            self._next()
            while self._peek()[1] != "}":
                label, operator, value = self._next()[1], self._next()[1], self._next()[1]
                selector.matchers.append((label, operator, value[1:-1]))
                if self._peek()[1] == ",":
                    self._next()
            self._next()
        if self._peek()[0] == "range":
            selector.range = self._next()[1][1:-1]
        self.found.selectors.append(selector)


def parse(text):
    return _Parser(text).parse()
