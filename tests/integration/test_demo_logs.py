# SPDX-License-Identifier: Apache-2.0
"""Counts of log lines and matches are exact, through rotation by several writers and restarts."""

import collections
import os
import re
import sys

import pytest
from support import exporter
from support.exporter import Samples, once_text
from support.processes import Process

WRITERS, RECORDS, MAX_BYTES = 4, 250, 20_000


def bundled_patterns():
    source = (exporter.ROOT / "collectors" / "logs" / "pattern_set.cc").read_text()
    return {name: re.compile(regex) for name, regex in
            re.findall(r'\{"(\w+)", "\w+",\s+R"\((.*?)\)"\}', source, re.S)}


def count(folder):
    """Lines by log and matches by pattern of all files that are there, rotated ones too."""
    lines, matches = collections.Counter(), collections.Counter()
    patterns = bundled_patterns()
    for path in folder.iterdir():
        log = re.fullmatch(r"(.+\.log)(\.\d+)?", path.name)
        if not log:
            continue
        for line in path.read_text().splitlines():
            lines[log[1]] += 1
            matches.update(name for name, regex in patterns.items() if regex.search(line))
    return lines, matches


@pytest.fixture
def published(program, demo, tmp_path):
    """Reads both counters in a new process, which goes on where the last one stopped."""
    return lambda: counters(Samples(once_text(
        "--collector=log_patterns", f"--config.file={demo.config_path}",
        f"--state.folder={tmp_path}", program=program)))


def counters(found):
    return tuple(
        collections.Counter({labels[label]: int(value) for labels, value in found.find(family)})
        for family, label in (("erpnext_log_lines_total", "log"),
                              ("erpnext_log_pattern_matches_total", "pattern")))


@pytest.fixture
def silent(demo):
    """The bench's logs while only this test writes them."""
    demo.stop_log_writers()
    demo.stop_producer()
    demo.stop_workers()
    yield demo
    demo.start_workers()
    demo.start_producer()
    demo.start_log_writers()


def test_all_lines_and_matches_are_counted_once(silent, published):
    logs = silent.bench_path / "logs"
    first_published, first_counted = published(), count(logs)
    apps = os.pathsep.join(str(silent.bench_path / "apps" / app) for app in ("frappe", "demo_app"))
    writers = [Process([sys.executable, "-m", "demo_app.log_writer", "--folder", logs,
                        "--writer", number, "--interval", 0.002, "--records", RECORDS,
                        "--max-bytes", MAX_BYTES, "--trouble"],
                       silent.folder / "run" / f"writer-{number}.output",
                       env={"PYTHONPATH": apps})
               for number in range(1, WRITERS + 1)]
    readings = 0
    while any(writer.running() for writer in writers):
        published()
        readings += 1
    assert [writer.returncode() for writer in writers] == [0] * WRITERS
    assert readings > 2
    last_published, last_counted = published(), count(logs)

    assert len(list(logs.glob("demo_app.log.*"))) > 2
    for before, after, counted_before, counted_after in zip(
            first_published, last_published, first_counted, last_counted):
        assert +(after - before) == +(counted_after - counted_before)
    assert len(+(last_published[1] - first_published[1])) >= 10
