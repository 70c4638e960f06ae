# SPDX-License-Identifier: Apache-2.0
"""What README.md says is true: its commands work, its links lead somewhere, its table is complete."""

import json
import pathlib
import re
import subprocess

import pytest

from support.exporter import ROOT

README = (ROOT / "README.md").read_text()
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", README, re.S)
            for line in block.splitlines()]
# They change the host or run for long; tests of their own run what they run.
ELSEWHERE = {"./dev run --demo", "./dev test", "./dev build"}


def _run(command, *arguments):
    return subprocess.run([*command.split(), *arguments], cwd=ROOT, capture_output=True, text=True,
                          timeout=120, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("build/")])
def test_a_command_works(program, command):
    done = _run(command.replace("build/release/erpnext-exporter", str(program)))
    # How well a bench of this host is, and whether there is one, is not known here.
    expected = {"doctor": (0, 1, 2, 3), "deadlocks": (0, 3), "locks": (0, 3), "indexes": (0, 3)}.get(
        command.split()[-1], (0,))
    assert done.returncode in expected, done.stdout + done.stderr
    if "check-config" not in command:
        assert done.stdout


@pytest.mark.parametrize("command", sorted(ELSEWHERE))
def test_a_verb_is_there(command):
    assert command in COMMANDS
    verb = command.split()[1]
    assert re.search(rf"^  {verb}\b", _run("./dev help").stdout, re.M)


def test_every_command_is_tested():
    tested = {c for c in COMMANDS if c.startswith("build/")} | ELSEWHERE
    assert [c for c in COMMANDS if c not in tested and not c.startswith(("useradd ", "sudo "))] == []


def test_options_in_the_text_exist(program):
    known = _run(f"{program} --help").stdout
    ours = [c for c in COMMANDS if "erpnext-exporter" in c and c.startswith("sudo ")]
    assert ours
    for option in re.findall(r"--[a-z]+\.[a-z-]+", "\n".join(ours)):
        assert option in known


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/decisions.md"])
def test_links_lead_somewhere(page):
    path = ROOT / page
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
        if "://" not in target:
            assert (path.parent / target).exists(), f"{page}: {target}"


def test_the_table_has_every_collector(program):
    families = json.loads(_run(f"{program} metrics --format=json").stdout)
    names = {family["collector"] for family in families} - {""}
    table = README.split("## What it collects")[1].split("## More")[0]
    assert names == set(re.findall(r"`([a-z_]+)`", "\n".join(
        line.split("|")[1] for line in table.splitlines() if line.startswith("| `"))))


def test_contributing_fits_a_page():
    assert len(pathlib.Path(ROOT / "CONTRIBUTING.md").read_text().splitlines()) <= 80
