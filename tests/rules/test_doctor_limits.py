# SPDX-License-Identifier: Apache-2.0
"""`erpnext-exporter doctor` has the limits of the alerts."""

import pathlib
import re

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_limits_are_those_of_the_alerts():
    thresholds = yaml.safe_load((ROOT / "alerts" / "thresholds.yml").read_text())
    text = "".join((ROOT / "collectors" / name).read_text() for name in ("diagnosis.cc", "symptoms.cc"))
    found = re.findall(r"constexpr double k(\w+) = ([0-9.e+]+);", text)
    assert len(found) >= 9
    for name, value in found:
        key = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        assert float(thresholds[key]) == float(value), key
