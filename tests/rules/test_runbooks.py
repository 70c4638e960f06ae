# SPDX-License-Identifier: Apache-2.0
"""Each alert has a runbook with all parts, and the commands in it exist."""

import pathlib
import re
import subprocess
import sys

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
RUNBOOKS = ROOT / "alerts" / "runbooks"
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from declared import Declared  # noqa: E402

HEADINGS = ["Meaning", "Impact", "Diagnosis", "Mitigation", "When it is a false alarm"]
PAGES = sorted(path for path in RUNBOOKS.glob("*.md") if path.name != "README.md")
ALERTS = {rule["alert"]: rule for group in yaml.safe_load(
    (ROOT / "alerts" / "erpnext.alerts.yml").read_text())["groups"] for rule in group["rules"]}

# Programs of Debian, and the commands of bench and Frappe that the pages name.
SYSTEM = {"amtool", "curl", "date", "df", "du", "find", "free", "grep", "head", "journalctl", "kill",
          "lsof", "mariadb", "promtool", "ps", "rq", "sort", "supervisorctl", "systemctl", "tail",
          "timedatectl", "truncate", "apt-get", "fsck", "kill"}
BENCH = {"migrate", "purge-jobs", "restart", "scheduler", "set-maintenance-mode", "setup", "update",
         "worker"}
READ_ONLY = SYSTEM - {"kill", "truncate", "apt-get", "fsck"}

by_page = pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)


def sections(page):
    parts = re.split(r"^## (.*)$", page.read_text(), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def console(text):
    """(command, lines it is said to print) of each command behind a `$`."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", text, flags=re.S):
        for line in re.sub(r"^ +", "", block, flags=re.M).splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


def commands(text):
    """What stands behind `$`, and what stands in the text as code and begins like a command."""
    inline = [code for code in re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.S))
              if re.match(r"(sudo|bench|erpnext-exporter|[a-z]+ -)", code) and " " in code]
    return [command for command, _ in console(text)] + inline


def words(command):
    """The programs of a pipeline, each with its arguments; quoted text is one word."""
    parts = re.split(r"\|(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", command)
    return [re.sub(r"^\s*(sudo )?", "", part).split() for part in parts]


def test_each_alert_has_a_page_and_each_page_an_alert():
    assert {path.stem for path in PAGES} == set(ALERTS)


@by_page
def test_headings(page):
    parts = sections(page)
    assert list(parts) == HEADINGS
    assert page.read_text().startswith(f"# {page.stem}\n")
    assert all(len(text.strip()) > 5 for text in parts.values())
    assert f"/d/{ALERTS[page.stem]['annotations']['dashboard_uid']}" in parts["Diagnosis"]


@by_page
def test_commands_exist(page, program):
    for command in commands(page.read_text()):
        for name, *arguments in words(command):
            if name == "erpnext-exporter":
                check_own(program, arguments)
            elif name == "bench":
                assert set(arguments) & BENCH or arguments[0] == "--queue", command
            else:
                assert name in SYSTEM, f"unknown program in: {command}"


def check_own(program, arguments):
    own = Declared(program)
    def help_of(*command):
        done = subprocess.run([program, *command, "--help"], capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, f"no command {command}"
        return set(re.findall(r"--[\w.-]*\w", done.stdout))

    known = help_of(arguments[0])
    for argument in arguments[1:]:
        if argument.startswith("--"):
            option, _, value = argument.partition("=")
            # Those with a dot are of the program, whatever the command.
            assert option in (help_of() if "." in option else known), argument
            assert option != "--collector" or value in own.collectors(), argument


@by_page
def test_diagnosis_only_reads_and_begins_with_our_own_view(page):
    text = sections(page)["Diagnosis"]
    assert "erpnext-exporter " in text or "--collector" in text
    for command, _ in console(text):
        for name, *arguments in words(command):
            assert name in READ_ONLY | {"erpnext-exporter"}, command
            assert name != "systemctl" or arguments[0] == "status", command
            assert name != "supervisorctl" or arguments[0] == "status", command
            assert not re.search(r"\b(SET|PURGE|KILL|DELETE|DROP)\b", command), command


@by_page
def test_expected_output_names_metrics_that_exist(page, program):
    own = Declared(program)
    for command, output in console(page.read_text()):
        if not command.startswith("erpnext-exporter once"):
            continue
        samples = [re.match(r"([a-zA-Z_]\w*)(?:\{(.*)\})? \S+$", line) for line in output]
        for sample in filter(None, samples):
            labels = own.labels(sample[1])
            assert labels is not None, f"nobody publishes {sample[1]}"
            assert set(re.findall(r'(\w+)="', sample[2] or "")) <= labels, sample[0]
        assert any(samples) or re.match(r"\w+: ", output[0]), f"{command}: nothing to compare with"
