# SPDX-License-Identifier: Apache-2.0
"""The demo bench is what it says: real servers, Frappe's names, and nothing left behind."""

import json
import os
import pathlib
import re
import signal
import sys

import pytest
from support.processes import Process, wait_until

from demo import DemoBench
from demo.bench_tree import SITES
from demo.process_table import alive, command_line, with_children

NORMAL = SITES[0][0]
DEMO = pathlib.Path(__file__).resolve().parent / "demo.py"


def registry(demo, kind, queue):
    with demo.queue_redis() as client:
        return client.zcard(f"rq:{kind}:{demo.tree.bench_id}:{queue}")


# --- processes ------------------------------------------------------------------------------------

def test_every_process_runs(demo):
    pids = demo.pids()
    assert {"mariadbd", "redis-queue", "redis-cache", "web", "short-worker", "long-worker",
            "reports-worker", "schedule", "producer", "log-writer-1", "log-writer-3"} <= set(pids)
    assert alive(pids.values()) == list(pids.values())


@pytest.mark.parametrize("name, title", [
    ("short-worker", r"rq:worker:[0-9a-f]{32}: "),
    ("redis-queue", r"redis-server 127\.0\.0\.1:\d+"),
    ("schedule", r".*/frappe-bench/env/bin/python -m frappe\.utils\.bench_helper frappe schedule"),
    ("web", r".* frappe serve --port \d+"),
])
def test_processes_look_like_a_benchs(demo, name, title):
    wait_until(lambda: re.match(title, command_line(demo.pids()[name])), f"{name} is {title}")


def test_started_in_time(demo):
    assert demo.started_in_seconds < 20


# --- jobs -----------------------------------------------------------------------------------------

@pytest.mark.parametrize("kind, queue", [
    ("finished", "short"), ("finished", "default"), ("finished", "long"), ("finished", "reports"),
    ("failed", "short"), ("failed", "default"), ("wip", "long"), ("deferred", "default"),
    ("scheduled", "default"), ("scheduled", "long"), ("canceled", "default"),
])
def test_jobs_reach_their_registry(demo, kind, queue):
    wait_until(lambda: registry(demo, kind, queue), f"a {kind} job in {queue}", timeout=60)


@pytest.mark.parametrize("log, text", [
    ("worker.error.log", "ValueError: bad value for "),
    ("worker.error.log", "(1213, 'Deadlock found"),
    ("worker.error.log", "(1205, 'Lock wait timeout exceeded"),
    ("worker.error.log", "(1054, \"Unknown column"),
    ("worker.error.log", "JobTimeoutException: Task exceeded maximum timeout value (1 seconds)"),
    ("worker.log", "Work-horse terminated unexpectedly; waitpid returned 9"),
    ("worker.log", ": Job OK ("),
])
def test_jobs_fail_in_all_ways(demo, log, text):
    path = demo.bench_path / "logs" / log
    wait_until(lambda: text in path.read_text(), f"{text} in {log}", timeout=60)


def test_scheduler_serves_only_the_site_where_it_may(demo):
    def scheduled_sites():
        with demo.queue_redis() as client:
            jobs = client.zrange(f"rq:finished:{demo.tree.bench_id}:default", 0, -1)
        return {job.split(b"::")[0].decode() for job in jobs if b"::scheduled_job::" in job}

    wait_until(scheduled_sites, "a scheduled job is done", timeout=30)
    assert scheduled_sites() == {NORMAL}


def living_workers(client):
    """Keys of the registered workers whose process is there. One that was busy when its Redis went
    away ends without signing off, and stays registered for some minutes."""
    pids = {key: client.hget(key, "pid") for key in client.smembers("rq:workers")}
    return {key for key, pid in pids.items() if pid and pathlib.Path(f"/proc/{int(pid)}").exists()}


def test_queues_fill_without_workers_and_drain_with_them(demo):
    with demo.queue_redis() as client:
        queue = f"rq:queue:{demo.tree.bench_id}:short"
        living = living_workers(client)
        assert living
        demo.stop_workers()
        try:
            assert not living & client.smembers("rq:workers"), "they sign off"
            wait_until(lambda: client.llen(queue) > 2, "jobs wait")
        finally:
            demo.start_workers()
        wait_until(lambda: client.llen(queue) == 0, "the queue is empty")


def key_pattern(key):
    key = re.sub(r"^rq:worker:[0-9a-f]{32}$", "rq:worker:<worker>", key)
    key = re.sub(r"^(rq:(?:job:|job|results):)[^:]+::.*?(:depend(?:ents|encies))?$", r"\1<job>\2",
                 key)
    return re.sub(r"^(rq:[a-z_]+:)[^:]+:(?:short|default|long|reports)$", r"\1<queue>", key)


def test_redis_keys_are_those_of_a_real_bench(demo, captures):
    expected = set()
    for dump in (captures / "frappe-v15" / "redis").glob("*.queue.txt"):
        for key, kind in re.findall(r"^b'(rq:[^']+)' type=(\w+)", dump.read_text(), re.M):
            expected.add((key_pattern(key), kind))
    assert ("rq:wip:<queue>", "zset") in expected

    seen = set()

    def all_seen():
        with demo.queue_redis() as client:
            for key in client.scan_iter("rq:*", count=1000):
                kind = client.type(key).decode()
                if kind != "none":
                    seen.add((key_pattern(key.decode()), kind))
        return seen >= expected

    wait_until(all_seen, f"all of {sorted(expected)}", timeout=60)
    assert seen - expected <= {("rq:job:<job>:dependents", "set")}


def test_worker_hash_has_the_fields_of_a_real_one(demo, captures):
    dump = (captures / "frappe-v15" / "redis" / "02-busy.queue.txt").read_text()
    blocks = [block for block in dump.split("\n\n") if block.startswith("b'rq:worker:")]
    expected = {field for block in blocks for field in re.findall(r"^    b'(\w+)':", block, re.M)}

    def fields():
        with demo.queue_redis() as client:
            return {field.decode() for worker in client.smembers("rq:workers")
                    for field in client.hkeys(worker)}

    wait_until(lambda: fields() == expected, f"workers have {sorted(expected)}", timeout=60)


# --- the end --------------------------------------------------------------------------------------

@pytest.fixture
def processes():
    """Fills with process ids; what a failed test leaves of them is ended."""
    pids = set()
    yield pids
    for pid in alive(pids):
        os.kill(pid, signal.SIGKILL)


def test_stop_leaves_nothing(tmp_path, processes):
    demo = DemoBench(tmp_path / "demo")
    demo.start()
    processes |= with_children(demo.pids().values())
    assert len(processes) > 15
    demo.stop()
    assert alive(processes) == []
    assert not (tmp_path / "demo").exists()
    demo.stop()


def test_refuses_a_folder_with_something_in_it(tmp_path):
    (tmp_path / "mine").write_text("keep")
    with pytest.raises(FileExistsError):
        DemoBench(tmp_path).start()
    assert (tmp_path / "mine").read_text() == "keep"


@pytest.mark.parametrize("number, code", [
    (signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL)])
def test_command_ends_all_it_started(tmp_path, processes, number, code):
    folder = tmp_path / "demo"
    command = Process([sys.executable, DEMO, "--json", "--folder", folder], tmp_path / "log")
    try:
        line = wait_until(lambda: re.search(r"^\{.*\}$", command.log(), re.M), "the demo is up")
        endpoints = json.loads(line[0])
        processes |= with_children([command.pid])
        assert set(endpoints["pids"].values()) <= processes
        command.signal(number)
        assert command.wait(timeout=30) == code
    finally:
        command.stop()
    # Nobody is left to wait for what the kernel ends after a kill.
    wait_until(lambda: not alive(processes), "all processes have ended")
    if number != signal.SIGKILL:
        assert not folder.exists()


def test_prints_no_password(demo):
    text = json.dumps(demo.endpoints()) + demo.config_path.read_text()
    assert demo.password_path.read_text() not in text
    assert oct(demo.password_path.stat().st_mode & 0o777) == "0o600"
