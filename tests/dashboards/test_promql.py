# SPDX-License-Identifier: Apache-2.0
"""The reader of PromQL that the other tests stand on."""

import pytest

from dashboards.promql import Selector, parse

CASES = {
    "a metric alone": ("up", [Selector("up", [])], set(), set()),
    "matchers": ('a{b="c",d=~"$e"}', [Selector("a", [("b", "=", "c"), ("d", "=~", "$e")])],
                 set(), set()),
    "range and function": ("rate(a_total{x!=\"y\"}[$__rate_interval])",
                           [Selector("a_total", [("x", "!=", "y")], "$__rate_interval", "rate")],
                           set(), set()),
    "function around function": ("sum(rate(a[5m])) / 60",
                                 [Selector("a", [], "5m", "rate")], set(), set()),
    "grouping before": ("sum by (x, y) (a)", [Selector("a", [], "", "")], {"x", "y"}, set()),
    "grouping behind": ("sum(a) by (x)", [Selector("a", [], "", "sum")], {"x"}, set()),
    "joins": ("a * on (x) group_left (z) b or on (x) c",
              [Selector("a", []), Selector("b", []), Selector("c", [])], {"x", "z"}, set()),
    "empty group_left": ("a / on () group_left () b", [Selector("a", []), Selector("b", [])],
                         set(), set()),
    "comparison": ("(a{} == bool 0) and b offset 1h > 1e3",
                   [Selector("a", []), Selector("b", [])], set(), set()),
    "label_replace": ('label_replace(a, "made", "$1 x", "site", "(.+)")',
                      [Selector("a", [], "", "label_replace")], set(), {"made"}),
    "label_replace in label_replace": (
        'label_replace(label_replace(a == 0, "m", "x", "", ""), "n", "y", "", "")',
        [Selector("a", [], "", "label_replace")], set(), {"m", "n"}),
    "braces in strings": ('a{b="}{(["} + c', [Selector("a", [("b", "=", "}{([")]), Selector("c", [])],
                          set(), set()),
}


@pytest.mark.parametrize("text, selectors, grouping, made", CASES.values(), ids=CASES)
def test_parse(text, selectors, grouping, made):
    found = parse(text)
    assert found.selectors == selectors
    assert found.grouping == grouping
    assert found.made == made


def test_what_is_no_promql_is_refused():
    with pytest.raises(ValueError, match="no token"):
        parse("a ? b")
