# SPDX-License-Identifier: Apache-2.0
"""The rules are current, valid, fire when they should, and speak of metrics that exist."""

import pathlib
import re
import subprocess
import sys

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
ALERTS = ROOT / "alerts"
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(ROOT / "tools")]

import generate_rules  # noqa: E402
import promql  # noqa: E402
from declared import TARGET_LABELS, Declared  # noqa: E402

UNIT_TESTS = sorted(HERE.glob("*_test.yml"))
THRESHOLD_UNITS = {"ratio", "seconds", "bytes", "count", "factor", "rate"}


def load(path):
    return yaml.safe_load(path.read_text())


RULES = [rule for name in generate_rules.OUTPUTS for group in load(ALERTS / name)["groups"]
         for rule in group["rules"]]
ALERT_RULES = [rule for rule in RULES if "alert" in rule]
RECORDED = {rule["record"]: rule["expr"] for rule in RULES if "record" in rule}
by_alert = pytest.mark.parametrize("rule", ALERT_RULES, ids=lambda rule: rule["alert"])
by_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.get("alert") or rule["record"])


def run(*argv):
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{' '.join(map(str, argv))}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def declared(program):
    return Declared(program)


def test_committed_rules_are_current():
    run(sys.executable, ROOT / "tools" / "generate_rules.py", "--check")


def test_generator_notices_an_old_file_and_a_wrong_name(tmp_path):
    run(sys.executable, ROOT / "tools" / "generate_rules.py", "--output", tmp_path,
        "--runbook-base=https://example.org/", "--job=erp")
    text = (tmp_path / "erpnext.alerts.yml").read_text()
    assert "runbook_url: https://example.org/ErpnextDiskFull.md" in text
    assert 'up{job="erp"}' in text
    done = subprocess.run([sys.executable, ROOT / "tools" / "generate_rules.py", "--check",
                           "--output", tmp_path], capture_output=True, text=True, timeout=60)
    assert (done.returncode, "not current" in done.stderr) == (1, True)
    with pytest.raises(SystemExit, match="x.yml:1: no_such_ratio is neither"):
        generate_rules.Template({}).expand("expr: a > <<no_such_ratio>>", "x.yml")


def test_each_threshold_has_a_unit_a_reason_and_a_use():
    thresholds = load(ALERTS / "thresholds.yml")
    template = generate_rules.Template(thresholds)
    generate_rules.generate(template)
    panels = "".join(path.read_text() for path in (ROOT / "dashboards").rglob("*")
                     if path.is_file() and path.suffix != ".json")
    for name in thresholds:
        assert name.rsplit("_", 1)[1] in THRESHOLD_UNITS, name
        assert name in template.used or name in panels, f"{name} is used nowhere"
    reason = False
    for line in (ALERTS / "thresholds.yml").read_text().split("\n\n", 1)[1].splitlines():
        if line.startswith("#"):
            reason = not line.startswith("# ---")
        elif line:
            assert reason, f"no comment above {line}"


@pytest.mark.parametrize("text", [
    path.read_text() for path in sorted((ALERTS / "templates").glob("*.yml"))],
    ids=[path.stem for path in sorted((ALERTS / "templates").glob("*.yml"))])
def test_no_template_compares_with_a_number_of_its_own(text):
    """0, 1 and 2m are states and windows; what somebody may want to change is a threshold."""
    for expr in re.findall(r"(?:==|!=|>=|<=|>|<)\s*(?:bool\s+)?(-?\d[\d.e+]*)", text):
        assert expr in ("0", "1"), f"compares with {expr}"


def test_promtool_accepts_the_rules():
    run("promtool", "check", "rules", "--lint=all", "--lint-fatal",
        *(ALERTS / name for name in generate_rules.OUTPUTS))


@pytest.mark.parametrize("path", UNIT_TESTS, ids=lambda path: path.stem)
def test_promtool_unit_tests(path):
    run("promtool", "test", "rules", path)


def expectations():
    """Alert -> (whether a case expects it, whether a case expects its silence)."""
    found = {rule["alert"]: [False, False] for rule in ALERT_RULES}
    for path in UNIT_TESTS:
        for test in load(path)["tests"]:
            for case in test.get("alert_rule_test", []):
                found[case["alertname"]][0 if case["exp_alerts"] else 1] = True
    return found


@by_alert
def test_each_alert_is_tested_firing_and_silent(rule):
    fires, silent = expectations()[rule["alert"]]
    assert fires, "no case expects it"
    if rule["expr"] != "vector(1)":
        assert silent, "no case expects its silence"


@pytest.mark.parametrize("record", RECORDED)
def test_each_recorded_series_is_read_by_an_alert_or_a_test(record):
    text = "".join(path.read_text() for path in UNIT_TESTS)
    readers = [rule["expr"] for rule in RULES] + [text]
    assert any(re.search(re.escape(record) + r"(?![\w:])", reader) for reader in readers)


@by_alert
def test_each_alert_has_the_labels_and_annotations(rule):
    name, labels, notes = rule["alert"], rule["labels"], rule["annotations"]
    assert re.fullmatch(r"Erpnext[A-Z]\w+", name) and not name.endswith("Alert")
    assert labels.keys() == {"severity", "service"}
    assert labels["severity"] in ("page", "ticket", "info", "none")
    assert "{{" not in str(labels), "a value in a label makes a new alert of each value"
    assert notes.keys() == {"summary", "description", "runbook_url", "dashboard_uid"}
    assert re.fullmatch(r"[A-Z][^{}]*\.", notes["summary"]), "one static sentence"
    assert notes["description"].endswith(".")
    assert notes["runbook_url"].endswith(f"/{name}.md")
    if labels["severity"] == "page":
        minutes = re.fullmatch(r"(\d+)m", rule.get("for", ""))
        assert minutes and int(minutes[1]) <= 30, "a page waits a moment, and not for long"


def test_no_two_rules_say_the_same():
    expressions = [" ".join(rule["expr"].split()) for rule in RULES]
    assert len(set(expressions)) == len(expressions)


def labels_of(expr, declared):
    """Labels that any series of the expression has; a recorded series has those it is made of."""
    labels = set(TARGET_LABELS)
    for metric in promql.metrics(expr):
        if metric in RECORDED:
            labels |= labels_of(RECORDED[metric], declared)
        else:
            labels |= declared.labels(metric) or set()
    return labels


@by_rule
def test_each_metric_and_label_exists(rule, declared):
    expr = rule["expr"]
    found = promql.metrics(expr)
    assert found or expr == "vector(1)"
    for metric, matched in found.items():
        labels = labels_of(RECORDED[metric], declared) if metric in RECORDED else declared.labels(metric)
        assert labels is not None, f"nobody publishes {metric}"
        assert matched <= labels, f"{metric} has no label {matched - labels}"
    used = promql.grouping_labels(expr) | set(re.findall(r"\$labels\.(\w+)", str(rule)))
    assert used <= labels_of(expr, declared), "labels that no series of it has"
    grouping = re.findall(r"\b(?:by|on) *\(([^)]*)\)", expr)
    assert all({"job", "instance"} <= {x.strip() for x in group.split(",")} for group in grouping), (
        "frappe-bench is the name of nearly every bench: keep job and instance")


def test_severities_and_patterns_of_logs_exist():
    """Their values are labels too, and nothing else would notice a pattern that was renamed."""
    source = (ROOT / "collectors" / "logs" / "pattern_set.cc").read_text()
    [rule] = [rule for rule in ALERT_RULES if rule["alert"] == "ErpnextLogErrors"]
    left_out = re.search(r'pattern!~"([^"]+)"', rule["expr"])[1].split("|")
    bundled = dict(re.findall(r'\{"(\w+)", "(\w+)",', source))
    assert {bundled[pattern] for pattern in left_out} == {"critical"}


@by_rule
def test_queries_inside_annotations_name_metrics_that_exist(rule, declared):
    for text in re.findall(r'printf "(.*?)"\s', rule.get("annotations", {}).get("description", "")):
        for metric, matched in promql.metrics(text).items():
            assert matched <= declared.labels(metric), metric


def test_host_and_database_rules_name_no_job():
    """They serve the original exporters too, whose jobs are called otherwise."""
    for rule in RULES:
        if any(metric.startswith(("node_", "mysql_")) for metric in promql.metrics(rule["expr"])):
            assert "job=" not in rule["expr"], rule


def test_prometheus_configuration():
    run("promtool", "check", "config", ALERTS / "prometheus.yml")
    config = load(ALERTS / "prometheus.yml")
    [job] = config["scrape_configs"]
    assert job["job_name"] == generate_rules.JOB
    assert config["rule_files"] == list(generate_rules.OUTPUTS)
    globs = job["file_sd_configs"][0]["files"] + [
        name for manager in config["alerting"]["alertmanagers"]
        for name in manager["file_sd_configs"][0]["files"]]
    assert all(list(ALERTS.glob(name)) for name in globs)
