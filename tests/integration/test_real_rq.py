# SPDX-License-Identifier: Apache-2.0
"""Workers of each RQ that Frappe runs on: what they do, and what goes wrong with them, is seen by
the next scrape, and is gone when it is mended."""

import os
import subprocess

import pytest
from support.bench_folder import BenchFolder
from support.exporter import Exporter, run
from support.processes import wait_until
from support.redis_server import RedisServer
from support.rq_bench import DEBIAN, PINNED, RqBench, python_with_rq

REASONS = {"over_timeout", "worker_dead", "intermediate", "zombie", "no_listener", "suspended"}


class Bench:
    """A Redis, real RQ, and an exporter that reads them."""

    def __init__(self, folder, version, program, stack):
        self.redis = stack(RedisServer(folder / "redis"))
        self.folder = BenchFolder(folder / "bench", redis_queue=f"unix://{self.redis.socket}",
                                  redis_cache=f"unix://{self.redis.socket}")
        bench_id = str(self.folder.path.resolve()).strip("/").replace("/", "-")
        self.rq = RqBench(folder, version, self.redis, bench_id)
        self.exporter = stack(Exporter(folder, f"--bench={self.folder.path}", program=program))

    def samples(self):
        return self.exporter.metrics("?collect[]=queues&collect[]=workers")

    def value(self, name, **labels):
        return self.samples().value(name, **labels)

    def wait_for(self, name, value, **labels):
        """A result serves for a second, so what one collector knows another may not know yet."""
        wait_until(lambda: self.value(name, **labels) == value, f"{name} {labels} is {value}")

    def stuck(self, queue="short"):
        """Number of jobs by reason, zeros left out."""
        found = self.samples().find("erpnext_jobs_stuck", queue=queue)
        assert {labels["reason"] for labels, _ in found} == REASONS
        return {labels["reason"]: value for labels, value in found if value}

    def wait_for_stuck(self, expected, queue="short", timeout=60):
        wait_until(lambda: self.stuck(queue) == expected, f"{expected} is stuck in {queue}", timeout)

    def wait_until_it_runs(self):
        """A worker is busy from when it takes a job, before the process that runs it says so."""
        wait_until(lambda: self.older_than(0), "a job runs")

    def knows_nothing(self):
        """Whether no worker is known. A result serves for a second, into the next test."""
        return not any(value for _, value in self.samples().find("erpnext_queue_workers"))

    def older_than(self, seconds):
        """The samples of a moment when the longest job of `short` was that old."""
        samples = self.samples()
        age = samples.value("erpnext_queue_longest_job_age_seconds", queue="short")
        return samples if age is not None and age >= seconds else None

    def wait_for_workers(self, state, count=1, queue="short"):
        self.wait_for("erpnext_queue_workers", count, queue=queue, state=state)

    def forget_workers(self):
        """What RQ does some minutes after they died."""
        with self.redis.client() as client:
            for key in client.smembers("rq:workers"):
                client.srem("rq:workers", key)
                client.delete(key)


@pytest.fixture(scope="module", params=[DEBIAN, *PINNED])
def running(request, tmp_path_factory, program):
    try:
        python_with_rq(request.param)
    except subprocess.CalledProcessError:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"RQ {request.param} cannot be installed here")
    stack = []

    def start(server):
        stack.append(server)
        return server
    try:
        bench = Bench(tmp_path_factory.mktemp("rq"), request.param, program, start)
        yield bench
        bench.rq.stop()
    finally:
        for server in reversed(stack):
            server.stop()


@pytest.fixture
def bench(running):
    """Empty, and with nobody working."""
    running.rq.stop()
    with running.redis.client() as client:
        client.flushall()
    wait_until(running.knows_nothing, "what was before is forgotten")
    return running


def test_a_job_that_runs_is_not_stuck(bench):
    bench.rq.start_worker("short")
    bench.rq.enqueue("sleep", 60, timeout=100)
    bench.wait_for_workers("busy")
    samples = wait_until(lambda: bench.older_than(1), "it has been running for a second")
    age = samples.value("erpnext_queue_longest_job_age_seconds", queue="short")
    assert 1 <= age < 30
    ratio = samples.value("erpnext_queue_longest_job_timeout_ratio", queue="short")
    assert ratio == pytest.approx(age / 100)
    assert bench.stuck() == {}
    bench.wait_for("erpnext_queue_jobs", 1, queue="short", state="started")


def test_a_job_that_takes_its_time_to_begin_is_not_stuck(bench):
    """RQ 2 counts it as running before the process that is to run it says so; RQ 1 as taken."""
    bench.rq.start_worker("short", slow_fork=3)
    bench.rq.enqueue("sleep", 60)

    def runs():
        stuck = bench.stuck()
        if stuck:
            raise RuntimeError(f"{stuck} is stuck")
        return bench.value("erpnext_queue_longest_job_age_seconds", queue="short") is not None

    wait_until(runs, "it runs")


def test_killed_while_it_works(bench):
    worker = bench.rq.start_worker("short")
    job = bench.rq.enqueue("sleep", 60)
    bench.wait_until_it_runs()
    bench.rq.kill(worker)
    bench.wait_for_stuck({"worker_dead": 1})
    assert bench.value("erpnext_queue_workers", queue="short", state="dead") == 1
    assert bench.value("erpnext_queue_workers", queue="short", state="busy") == 0
    bench.rq.call("delete", job=job)
    bench.wait_for_stuck({})


def test_a_job_that_does_not_hear_its_time_limit(bench):
    bench.rq.start_worker("short")
    bench.rq.enqueue("sleep_and_hear_nothing", 9, timeout=1)
    bench.wait_for_stuck({"over_timeout": 1})
    assert bench.value("erpnext_queue_longest_job_timeout_ratio", queue="short") > 5
    bench.wait_for_stuck({})


def test_a_job_that_hears_its_time_limit(bench):
    bench.rq.start_worker("short")
    bench.rq.enqueue("sleep", 30, timeout=1)
    bench.wait_for("erpnext_queue_jobs", 1, queue="short", state="failed")
    assert bench.stuck() == {}


def test_suspended(bench):
    bench.rq.call("suspend")
    bench.rq.start_worker("short")
    bench.rq.enqueue("ok")
    bench.wait_for_workers("suspended")
    bench.wait_for_stuck({"suspended": 1})
    bench.wait_for("erpnext_queues_suspended", 1)
    assert bench.value("erpnext_queue_drain_seconds", queue="short") == float("inf")
    bench.rq.call("resume")
    bench.wait_for_stuck({})
    bench.wait_for("erpnext_queues_suspended", 0)


def test_no_listener(bench):
    bench.rq.start_worker("short")
    bench.wait_for_workers("idle")
    bench.rq.enqueue("ok", queue="long")
    bench.wait_for_stuck({"no_listener": 1}, queue="long")
    bench.rq.start_worker("long", "short")
    bench.wait_for_stuck({}, queue="long")


def test_taken_and_never_started(bench):
    """A worker that ends at that very moment leaves what it has moved by this command."""
    bench.rq.start_worker("long")
    bench.rq.enqueue("ok")
    queue = f"rq:queue:{bench.rq.queue('short')}"
    with bench.redis.client() as client:
        client.lmove(queue, f"{queue}:intermediate", "LEFT", "RIGHT")
        bench.wait_for_stuck({"intermediate": 1})
        client.lmove(f"{queue}:intermediate", queue, "LEFT", "RIGHT")
    bench.rq.start_worker("short")
    bench.wait_for_stuck({})


def test_nobody_runs_it(bench, program):
    worker = bench.rq.start_worker("short")
    job = bench.rq.enqueue("sleep", 60)
    bench.wait_until_it_runs()
    bench.rq.kill(worker)
    bench.forget_workers()
    bench.rq.start_worker("short")
    bench.wait_for_workers("idle")
    bench.wait_for_stuck({"zombie": 1})
    told = run("doctor", f"--bench={bench.folder.path}", program=program).stdout
    assert "1 jobs in short of bench hang: zombie" in told, "it looks twice"
    bench.rq.call("delete", job=job)
    bench.wait_for_stuck({})


def test_jobs_that_wait_on_purpose_are_not_stuck(bench):
    worker = bench.rq.start_worker("short")
    first = bench.rq.enqueue("sleep", 60)
    bench.rq.enqueue("ok", depends_on=first)
    bench.rq.enqueue("ok", delay=3600)
    bench.wait_until_it_runs()
    for state in ("deferred", "scheduled"):
        bench.wait_for("erpnext_queue_jobs", 1, queue="short", state=state)
    assert bench.stuck() == {}
    assert worker.running()


def done(bench, result, queues="short"):
    return bench.value("erpnext_worker_jobs_total", queues=queues, result=result) or 0


def test_jobs_done_are_counted_over_restarts_of_workers(bench):
    bench.rq.start_worker("short")
    bench.wait_for_workers("idle")
    good, bad = done(bench, "successful"), done(bench, "failed")
    for function in ("ok", "fail", "ok"):
        bench.rq.enqueue(function)
    wait_until(lambda: (done(bench, "successful"), done(bench, "failed")) == (good + 2, bad + 1),
               "three jobs are counted")
    bench.rq.stop()
    bench.forget_workers()
    assert done(bench, "successful") == good + 2
    bench.rq.start_worker("short")
    bench.rq.enqueue("ok")
    bench.rq.enqueue("sleep", 1)
    wait_until(lambda: done(bench, "successful") == good + 4, "the new worker's jobs are added")
    assert done(bench, "failed") == bad + 1
    assert bench.value("erpnext_worker_busy_seconds_total", queues="short") >= 1


def test_a_job_that_is_tried_again_ends_well_or_fails(bench):
    bench.rq.start_worker("short")
    bench.wait_for_workers("idle")
    bench.rq.enqueue("fail", retry=True)
    bench.wait_for("erpnext_queue_jobs", 1, queue="short", state="failed")
    assert bench.value("erpnext_queue_jobs", queue="short", state="queued") == 0
    assert bench.stuck() == {}

