# SPDX-License-Identifier: Apache-2.0
"""Bench folders in every sorry state: what can be read is there, what cannot is counted, nothing
takes long and nothing breaks the exposition."""

import json
import os
import subprocess
import threading
import time

import pytest
from support.bench_folder import BenchFolder, replace
from support.exporter import Exporter, once
from support.processes import wait_until

GOOD = "good.example.com"
BAD = "bad.example.com"
LIMIT = 1 << 20  # bytes of a configuration file that are read


@pytest.fixture
def bench(tmp_path):
    return BenchFolder(tmp_path / "bench", sites=[GOOD])


def look(bench, program):
    begin = time.monotonic()
    samples, stderr = once(bench.path, collectors=("bench",), program=program)
    assert time.monotonic() - begin < 5
    return samples, stderr


def sites(samples):
    return {labels["site"] for labels, _ in samples.find("erpnext_site_info")}


def errors(samples):
    return {labels["kind"]: value for labels, value in
            samples.find("erpnext_exporter_collector_errors_total", collector="bench") if value}


def sparse(path):
    with open(path, "wb") as file:
        file.truncate(1 << 30)


def huge(path):
    replace(path, b'{"db_name": "' + b"x" * 2 * LIMIT + b'"}')


def deep(path):
    replace(path, b'{"a":' + b"[" * (LIMIT - 100))


def bytes_of(data):
    return lambda path: replace(path, data)


# What stands in a site_config.json: how it gets there, and the kind of error that is counted.
FILES = {
    "truncated": (bytes_of(b'{"db_name": "_1", "db_pass'), "malformed"),
    "empty": (bytes_of(b""), "malformed"),
    "byte order mark": (bytes_of(b'\xef\xbb\xbf{"db_name": "_1"}'), "malformed"),
    "UTF-16": (bytes_of('{"db_name": "_1"}'.encode("utf-16")), "malformed"),
    "a list": (bytes_of(b'["db_name"]'), "malformed"),
    "a number": (bytes_of(b"42"), "malformed"),
    "two documents": (bytes_of(b'{"a": 1}{"b": 2}'), "malformed"),
    "invalid UTF-8": (bytes_of(b'{"db_name": "\xff\xfe"}'), "malformed"),
    "NULs": (bytes_of(b"\0" * 1000), "malformed"),
    "nested without end": (deep, "malformed"),
    "two megabytes": (huge, "limit"),
    "a gigabyte": (sparse, "limit"),
    "a named pipe": (os.mkfifo, "malformed"),
    "a folder": (os.mkdir, "malformed"),
}


@pytest.mark.parametrize("make,kind", FILES.values(), ids=FILES)
def test_a_site_config_that_cannot_be_used(program, bench, make, kind):
    folder = bench.add_site(BAD)
    path = os.fsdecode(folder) + "/site_config.json"
    os.unlink(path)
    make(path)
    samples, stderr = look(bench, program)
    assert sites(samples) == {GOOD, BAD}
    assert samples.value("erpnext_bench_config_errors") == 1
    assert errors(samples) == {kind: 1}
    assert samples.value("erpnext_exporter_collector_success", collector="bench") == 0
    assert BAD in stderr and "site_config.json" in stderr


@pytest.mark.parametrize("make,kind", FILES.values(), ids=FILES)
def test_a_common_config_that_cannot_be_used(program, bench, make, kind):
    path = bench.sites / "common_site_config.json"
    path.unlink()
    make(path)
    samples, stderr = look(bench, program)
    assert sites(samples) == {GOOD}
    assert samples.value("erpnext_bench_config_errors") == 1
    assert errors(samples) == {kind: 1}
    assert "common_site_config.json" in stderr


LINKS = {
    "dangling": "nowhere/site_config.json",
    "to itself": "site_config.json",
    "too long a chain": "../" * 200 + "x",
}


@pytest.mark.parametrize("target", LINKS.values(), ids=LINKS)
def test_links_that_lead_nowhere_make_no_site(program, bench, target):
    folder = os.fsdecode(bench.add_site(BAD))
    os.unlink(f"{folder}/site_config.json")
    os.symlink(target, f"{folder}/site_config.json")
    samples, _ = look(bench, program)
    assert sites(samples) == {GOOD}
    assert errors(samples) == {}


def test_links_among_the_sites(program, bench):
    (bench.sites / "loop").symlink_to(bench.sites)
    (bench.sites / "self").symlink_to("self")
    (bench.sites / "alias").symlink_to(GOOD)  # a folder, not a site of its own for Frappe either
    (bench.path.parent / "again").symlink_to(bench.path)
    samples, _ = once(bench.path.parent / "again", f"--bench={bench.path}", collectors=("bench",),
                      program=program)
    assert sites(samples) == {GOOD}
    assert len(samples.find("erpnext_bench_info")) == 1
    assert errors(samples) == {}


WRONG_TYPES = [5, -1, 1.5, True, None, "", "nonsense", [], ["a"], {}, {"a": {"b": 1}}, 10**30]


@pytest.mark.parametrize("value", WRONG_TYPES, ids=json.dumps)
def test_wrong_types_in_a_config(program, bench, value):
    """Each key that is read, with a value that it cannot have. All other collectors work with it."""
    keys = ("redis_queue", "redis_cache", "db_host", "db_port", "db_type", "db_socket", "bench_id",
            "webserver_port", "workers", "maintenance_mode", "use_rq_auth", "rq_username",
            "pause_scheduler", "db_name", "db_password")
    config = dict.fromkeys(keys, value)
    replace(bench.sites / "common_site_config.json", json.dumps(config).encode())
    bench.add_site(BAD, json.dumps(config))
    samples, _ = once(bench.path, "--probe.timeout=1s", program=program)
    assert sites(samples) == {GOOD, BAD}
    assert samples.value("erpnext_exporter_collector_success", collector="memory") == 1
    assert "unexpected exception" not in _


def test_apps_that_are_no_names(program, bench):
    (bench.sites / "apps.txt").write_bytes(b"frappe\n../../etc\n\xff\xfe\n" + b"x" * 5000 + b"\n\n")
    samples, _ = look(bench, program)
    assert {labels["app"] for labels, _ in samples.find("erpnext_app_info")} == {"frappe"}
    assert samples.value("erpnext_bench_config_errors") == 3


def test_a_version_file_that_is_a_pipe(program, bench):
    init = bench.path / "apps/frappe/frappe/__init__.py"
    init.unlink()
    os.mkfifo(init)
    samples, _ = look(bench, program)
    assert samples.value("erpnext_app_info", app="frappe", version="") == 1


NAMES = [b"with space.example.com", b"quote\".example", b"back\\slash", b"new\nline", b"tab\there",
         b"\xff\xfe.example", b"\xff\xfd.example", b"caf\xe9", "café.example".encode(), b"-dash",
         b"{brace}=,", b"\x01\x7f", b"x" * 200]


def test_strange_names(program, bench, tmp_path):
    for name in NAMES:
        bench.add_site(name)
    with Exporter(tmp_path, f"--bench={bench.path}", program=program) as exporter:
        samples = exporter.metrics("?collect[]=bench")
        text = samples.text
    assert samples.value("erpnext_bench_sites") == len(NAMES) + 1
    found = [labels["site"] for labels, _ in samples.find("erpnext_site_info")]
    for name in NAMES:
        assert name.decode(errors="replace") in found
    # Two names that differ in invalid bytes only are one in UTF-8: the second is counted, not sent.
    assert len(found) == len(set(found)) == len(NAMES)
    assert samples.value("erpnext_exporter_series_dropped_total", collector="bench",
                         reason="duplicate") == 1
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True,
                          text=True, timeout=60)
    assert "erpnext_" not in done.stdout + done.stderr, done.stderr


def test_a_thousand_sites(program, bench, tmp_path):
    names = {f"site-{number:04}.example.com" for number in range(999)}
    for name in names:
        bench.add_site(name)
    with Exporter(tmp_path, f"--bench={bench.path}", "--no-collector.site_ping",
                  program=program) as exporter:
        seconds = []
        for _ in range(50):
            begin = time.monotonic()
            samples = exporter.metrics()
            seconds.append(time.monotonic() - begin)
        assert sites(samples) == names | {GOOD}
        assert samples.value("erpnext_exporter_collector_duration_seconds", collector="bench") < 1
        assert samples.value("process_resident_memory_bytes") < 64 << 20
        assert sorted(seconds)[25] < 0.5


def test_sites_that_come_and_go_while_they_are_read(program, bench):
    stop = threading.Event()

    def churn():
        number = 0
        while not stop.is_set():
            folder = bench.add_site(f"passing-{number % 20}.example.com")
            number += 1
            os.rename(folder, folder + b".moved")
            os.unlink(folder + b".moved/site_config.json")
            os.rmdir(folder + b".moved")
    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(40):
            samples, _ = look(bench, program)
            assert GOOD in sites(samples)
            assert errors(samples) == {}, "what is being removed is no error"
    finally:
        stop.set()
        thread.join()


def test_a_bench_that_vanishes_and_returns(program, bench, tmp_path):
    with Exporter(tmp_path, f"--bench={bench.path}", program=program) as exporter:
        assert sites(exporter.metrics()) == {GOOD}
        bench.path.rename(tmp_path / "moved")

        def gone():
            samples = exporter.metrics()
            return not sites(samples) and samples
        samples = wait_until(gone, "the site is absent", timeout=30)
        assert samples.value("erpnext_exporter_collector_success", collector="bench") == 0
        assert samples.value("erpnext_exporter_collector_success", collector="cpu") == 1
        (tmp_path / "moved").rename(bench.path)
        wait_until(lambda: sites(exporter.metrics()) == {GOOD}, "the site is back", timeout=30)
