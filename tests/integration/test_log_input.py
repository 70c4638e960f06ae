# SPDX-License-Identifier: Apache-2.0
"""Logs that no logger would write: counts stay right, memory stays flat, other logs are read."""

import os
import re

import pytest
from support.bench_folder import BenchFolder
from support.exporter import Exporter, once
from support.processes import wait_until

DEADLOCK = b"pymysql.err.OperationalError: (1213, 'Deadlock found when trying to get lock')"
MEBIBYTE = 1 << 20


@pytest.fixture
def bench(tmp_path):
    folder = BenchFolder(tmp_path / "bench")
    folder.log("worker.log", b"an old line\n")
    return folder


@pytest.fixture
def look(bench, tmp_path, program):
    """Reads what is new, as the samples of all that was new so far."""
    (tmp_path / "state").mkdir()

    def read():
        samples, stderr = once(bench.path, f"--state.folder={tmp_path}/state",
                               collectors=("log_patterns",), program=program)
        return samples, stderr
    read()
    return read


def lines(samples, log="worker.log"):
    return samples.value("erpnext_log_lines_total", log=log) or 0


def deadlocks(samples):
    return samples.value("erpnext_log_pattern_matches_total", pattern="database_deadlock")


# (what is appended, lines, matches)
INPUT = {
    "ordinary": (b"one\n" + DEADLOCK + b"\ntwo\n", 3, 1),
    "empty lines": (b"\n\n\n", 3, 0),
    "carriage returns": (DEADLOCK + b"\r\n" + b"a\rb\n", 2, 1),
    "NULs": (b"\0" * 5000 + DEADLOCK + b"\0\n\0\n", 2, 1),
    "invalid UTF-8": (b"\xff\xfe" + DEADLOCK + b"\xc3\n\x80\x81\n", 2, 1),
    "match before 64 KiB": (DEADLOCK + b"x" * MEBIBYTE + b"\n" + b"next\n", 2, 1),
    "match behind 64 KiB": (b"x" * MEBIBYTE + DEADLOCK + b"\n" + b"next\n", 2, 0),
    "a line of exactly 64 KiB": (b"x" * 65536 + b"\n" + b"y" * 65535 + b"\n" + b"z" * 65537 + b"\n",
                                 3, 0),
    "matches on both sides of a block": (
        b"".join(DEADLOCK + b" %d\n" % number for number in range(20_000)), 20_000, 20_000),
    "a line without end": (b"one\n" + DEADLOCK, 1, 0),
    "control characters": (b"\x1b[31m" + DEADLOCK + b"\x1b[0m\x07\x08\n", 1, 1),
}


@pytest.mark.parametrize("data,line_count,match_count", INPUT.values(), ids=INPUT)
def test_what_is_counted(bench, look, data, line_count, match_count):
    bench.log("worker.log", data)
    samples, stderr = look()
    assert stderr == ""
    assert (lines(samples), deadlocks(samples)) == (line_count, match_count)
    samples, _ = look()
    assert (lines(samples), deadlocks(samples)) == (line_count, match_count), "nothing is counted twice"


def test_a_line_that_is_finished_later(bench, look):
    bench.log("worker.log", DEADLOCK[:30])
    assert lines(look()[0]) == 0
    bench.log("worker.log", DEADLOCK[30:])
    assert lines(look()[0]) == 0
    bench.log("worker.log", b"\nnext\n")
    samples, _ = look()
    assert (lines(samples), deadlocks(samples)) == (2, 1)


def test_a_long_line_that_is_finished_later_is_one_line(bench, look):
    bench.log("worker.log", DEADLOCK + b"x" * 100_000)
    samples, _ = look()
    assert (lines(samples), deadlocks(samples)) == (1, 1), "its beginning is known"
    bench.log("worker.log", b"x" * 100_000 + DEADLOCK + b"\nnext\n")
    samples, _ = look()
    assert (lines(samples), deadlocks(samples)) == (2, 1)


def test_a_truncated_log_is_read_from_its_beginning(bench, look):
    bench.log("worker.log", b"one\ntwo\nthree\n")
    assert lines(look()[0]) == 3
    (bench.logs / "worker.log").write_bytes(b"new\n")
    assert lines(look()[0]) == 4


def test_a_log_that_is_copied_and_truncated(bench, look):
    bench.log("worker.log", b"one\n" * 1000)
    assert lines(look()[0]) == 1000
    (bench.logs / "worker.log").write_bytes(b"")
    assert lines(look()[0]) == 1000
    bench.log("worker.log", b"two\n")
    assert lines(look()[0]) == 1001


def test_what_is_no_log(bench, look):
    """None of it is opened in a way that waits, or counted; the rest is."""
    os.mkfifo(bench.logs / "pipe.log")
    (bench.logs / "folder.log").mkdir()
    (bench.logs / "loop.log").symlink_to("loop.log")
    (bench.logs / "password.log").symlink_to("/etc/passwd")
    (bench.logs / "zero.log").symlink_to("/dev/zero")
    (bench.logs / "worker.log.1.gz").write_bytes(b"\x1f\x8b" + DEADLOCK + b"\n")
    bench.log("worker.log", b"one\n")
    samples, stderr = look()
    assert stderr == ""
    assert {labels["log"]: value for labels, value in samples.find("erpnext_log_lines_total")} == {
        "worker.log": 1}


@pytest.mark.parametrize("name", [b"\xff\xfe.log", b"with space.log", b"quote\".log", b"new\nline.log"])
def test_strange_names_of_logs(bench, look, name):
    with open(os.path.join(os.fsencode(bench.logs), name), "wb") as log:
        log.write(b"one\n")
    samples, stderr = look()
    assert stderr == ""
    assert lines(samples, name.decode(errors="replace")) == 1


def test_more_logs_than_there_are_series_for(bench, look):
    for number in range(300):
        bench.log(f"app-{number:03}.log", b"one\n")
    samples, _ = look()
    found = samples.find("erpnext_log_lines_total")
    assert len(found) <= 102
    assert sum(value for _, value in found) == 300, "the sum is right"


def high_water(exporter):
    status = open(f"/proc/{exporter.process.pid}/status", encoding="ascii").read()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


def test_a_line_of_100_megabytes(bench, tmp_path, program):
    with Exporter(tmp_path, f"--bench={bench.path}", program=program) as exporter:
        def count(log="worker.log"):
            return lines(exporter.metrics(), log)
        wait_until(lambda: exporter.metrics().value("erpnext_log_lines_total", log="worker.log") == 0,
                   "what is there is taken as old")
        bench.log("worker.log", b"first\n")
        wait_until(lambda: count() == 1, "the first line is counted")
        before = high_water(exporter)
        for _ in range(100):
            bench.log("worker.log", b"x" * MEBIBYTE)
        bench.log("worker.log", DEADLOCK + b"\n" + DEADLOCK + b"\n")
        bench.log("web.log", b"another log goes on\n")
        wait_until(lambda: count() == 3, "the long line and the next are counted", timeout=30)
        wait_until(lambda: count("web.log") == 1, "other logs are read")
        assert deadlocks(exporter.metrics()) == 1
        assert high_water(exporter) - before < 4 * MEBIBYTE
