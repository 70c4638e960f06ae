# SPDX-License-Identifier: Apache-2.0
"""The demo bench's logs: rotated as Frappe rotates them, and with a line for each pattern."""

import pathlib
import re
import sys

import pytest
from support import exporter
from support.processes import Process

APPS = pathlib.Path(__file__).resolve().parent / "apps"
WRITERS, RECORDS, MAX_BYTES = 4, 400, 20_000


@pytest.fixture
def apps(monkeypatch):
    for app in ("frappe", "demo_app"):
        monkeypatch.syspath_prepend(str(APPS / app))


def bundled_patterns():
    """Name, severity and expression of each, as they stand in the source."""
    source = (exporter.ROOT / "collectors" / "logs" / "pattern_set.cc").read_text()
    found = re.findall(r'\{"(\w+)", "(\w+)",\s+R"\((.*?)\)"\}', source, re.S)
    assert len(found) >= 10
    return found


@pytest.fixture(scope="module")
def rotated(tmp_path_factory):
    """A folder into which several processes have written the same logs at once."""
    folder = tmp_path_factory.mktemp("logs")
    env = {"PYTHONPATH": f"{APPS}/frappe:{APPS}/demo_app"}
    writers = [Process([sys.executable, "-m", "demo_app.log_writer", "--folder", folder,
                        "--writer", number, "--interval", 0.002, "--records", RECORDS,
                        "--max-bytes", MAX_BYTES, "--trouble"],
                       folder / f"writer-{number}.output", env=env)
               for number in range(1, WRITERS + 1)]
    for writer in writers:
        assert writer.wait(timeout=60) == 0, writer.log()
        assert writer.log() == ""
    return folder


@pytest.mark.parametrize("module", ["demo_app", "frappe", "scheduler"])
def test_several_writers_rotate(rotated, module):
    files = list(rotated.glob(f"{module}.log*"))
    assert len(files) > 2
    # Writers that look at the size at once write a line too many each.
    assert all(path.stat().st_size <= MAX_BYTES + WRITERS * 300 for path in files)
    # Each writer goes on in the file it has open: one file has lines of several of them.
    assert max(len(set(re.findall(r"(?<!\d)(\d)\d{8}(?!\d)", path.read_text())))
               for path in files) > 1


def test_rotation_loses_and_repeats_nothing(rotated, apps):
    from demo_app.log_lines import lines_of
    for module in ("demo_app", "frappe", "scheduler", "web.error"):
        expected = sorted(f"{writer}{record:08d}" for writer in range(1, WRITERS + 1)
                          for record in range(RECORDS) for line in lines_of(record, trouble=True)
                          if line.log == module)
        text = "".join(path.read_text() for path in rotated.glob(f"{module}.log*"))
        assert sorted(re.findall(r"(?<!\d)\d{9}(?!\d)", text)) == expected, module


def test_a_writer_goes_on_in_the_renamed_file(tmp_path, apps):
    import logging

    from frappe.utils.logger import _Handler
    first, second = (_Handler(tmp_path / "x.log", maxBytes=100, backupCount=20) for _ in range(2))

    def write(handler, text):
        handler.emit(logging.LogRecord("x", logging.ERROR, "", 0, text, (), None))

    write(second, "second begins")
    write(first, "first " + "x" * 70)
    write(first, "first has rotated")
    write(second, "2")
    assert (tmp_path / "x.log").read_text() == "first has rotated\n"
    assert (tmp_path / "x.log.1").read_text().endswith("x\n2\n")


@pytest.mark.parametrize("name, severity, regex", bundled_patterns())
def test_each_bundled_pattern_has_a_line(apps, name, severity, regex):
    from demo_app.log_lines import LINES
    texts = [line.text.format(site="s", number=1) for line in LINES]
    assert [text for text in texts if re.search(regex, text)], f"no line for {name}"


def test_lines_are_as_frequent_as_they_say(apps):
    from demo_app.log_lines import LINES, lines_of
    records = 2 * 3 * 11 * 13
    due = [line for record in range(records) for line in lines_of(record, trouble=True)]
    for line in LINES:
        assert due.count(line) == records // line.every
    assert not any(line.trouble for record in range(records) for line in lines_of(record))
