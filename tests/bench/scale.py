# SPDX-License-Identifier: Apache-2.0
"""A bench of 1 000 sites, 1 000 workers and 1 000 000 waiting jobs: what a scrape of it costs us, and
beside us rq-exporter, on the same Redis in the same run."""

import contextlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from bench import measure
from support.bench_folder import BenchFolder
from support.exporter import ROOT, Exporter
from support.processes import Process, free_port, wait_until
from support.redis_server import RedisServer

SITES, WORKERS, JOBS = 1_000, 1_000, 1_000_000
LONGEST_MS = 2  # that one command may keep Redis busy
# What one of them does grows with the data. Another that took long had to wait for a processor.
GROWING = (b"LRANGE", b"ZRANGE", b"SMEMBERS", b"ZCOUNT", b"HGETALL")
PINNED = ["rq-exporter==3.1.0", "rq==2.12.0", "redis==5.3.1", "prometheus_client==0.26.0",
          "click==8.5.1", "croniter==7.0.0", "python-dateutil==4.0.0", "async-timeout==5.0.1",
          "PyJWT==2.15.1", "tzdata==2026.6"]
OURS = ("bench", "queues", "workers", "jobs", "redis_status")

# Inside of Redis, for a million commands from outside take a minute.
FILL = """
local prefix, first, last, sites = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local queues = {'short', 'default', 'long'}
for i = first, last do
  local site = 'site-' .. (i % sites) .. '.example.com'
  local id = site .. '::' .. string.format('%032x', i)
  local queue = prefix .. queues[i % 3 + 1]
  redis.call('RPUSH', 'rq:queue:' .. queue, id)
  redis.call('HSET', 'rq:job:' .. id, 'status', 'queued', 'origin', queue, 'timeout', '300',
    'created_at', ARGV[5], 'enqueued_at', ARGV[5], 'description',
    "frappe.utils.background_jobs.execute_job(event=None, is_async=True, job_name='a.b', kwargs={}, "
    .. "method='erpnext.module_" .. (i % 40) .. ".run', site='" .. site .. "', user='Administrator')")
end
"""


def fill(client, prefix):
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000001Z", time.gmtime())
    step = 20_000
    for first in range(0, JOBS, step):
        client.eval(FILL, 0, prefix, first, first + step - 1, SITES, now)
    client.sadd("rq:queues", *(f"rq:queue:{prefix}{name}" for name in ("short", "default", "long")))
    add_workers(client, prefix, WORKERS, SITES)


def add_workers(client, prefix, workers, sites):
    """Each at work on a job."""
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000001Z", time.gmtime())
    with client.pipeline(transaction=False) as pipeline:
        for number in range(workers):
            queue = prefix + ("short", "default", "long")[number % 3]
            job = f"site-{number % sites}.example.com::running-{number}"
            pipeline.sadd("rq:workers", f"rq:worker:{number:032x}")
            pipeline.sadd(f"rq:workers:{queue}", f"rq:worker:{number:032x}")
            pipeline.hset(f"rq:worker:{number:032x}", mapping={
                "queues": queue, "state": "busy", "current_job": job, "hostname": "elsewhere",
                "pid": number + 1000, "birth": now, "last_heartbeat": now, "version": "1.15.1",
                "python_version": "3.11", "successful_job_count": number, "failed_job_count": 3,
                "total_working_time": 12.5})
            pipeline.zadd(f"rq:wip:{queue}", {job: time.time() + 3600})
            pipeline.hset(f"rq:job:{job}", mapping={
                "status": "started", "started_at": now, "timeout": 3600, "origin": queue,
                "created_at": now, "enqueued_at": now, "description": "a.b()"})
        pipeline.execute()


def prefix_of(bench):
    """What Frappe puts before the names of a bench's queues."""
    return re.sub("^/|/$", "", os.path.realpath(bench)).replace("/", "-") + ":"


def python_with_rq_exporter():
    folder = ROOT / "build" / "rq" / "exporter"
    if not (folder / "complete").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([folder / "bin" / "pip", "install", "--quiet", "--no-deps",
                        "--disable-pip-version-check", *PINNED], check=True)
        (folder / "complete").touch()
    return folder / "bin" / "rq-exporter"


@contextlib.contextmanager
def rq_exporter(folder, server):
    port = free_port()
    process = Process([python_with_rq_exporter(), "--host", "127.0.0.1", "-p", port, "--redis-url",
                       f"redis://127.0.0.1:{server.port}"], folder / "rq-exporter.log")
    scraper = measure.Scraper(f"http://127.0.0.1:{port}/metrics")
    try:
        wait_until(lambda: process.running() and scraper.scrape(), "rq-exporter answers", timeout=120)
        yield process, scraper
    finally:
        process.stop()


def redis_commands(client):
    """How many so far. From now on those that take long are written down."""
    client.config_set("slowlog-log-slower-than", LONGEST_MS * 1000)
    return int(client.info("stats")["total_commands_processed"])


def measure_one(client, pid, scraper, scrapes):
    scraper.scrape()
    client.slowlog_reset()
    before = redis_commands(client)
    seconds, cpu = measure.spaced(scraper, pid, scrapes, 1.05)
    commands = (redis_commands(client) - before) / scrapes
    slow = [entry for entry in client.slowlog_get(1000) if entry["command"].startswith(GROWING)]
    series, _, _ = measure.size(scraper)
    median, high = measure.milliseconds(seconds)
    return {"series": series, "p50 ms": median, "p99 ms": high,
            "CPU ms": 1e3 * sorted(cpu)[len(cpu) // 2],
            "RSS MiB": measure.resident_bytes(pid) / (1 << 20),
            "commands": commands, "slow": len(slow),
            "slowest ms": max((entry["duration"] / 1e3 for entry in slow), default=0)}


def report(rows):
    columns = list(next(iter(rows.values())))
    print("{:<18}".format("") + "".join(f"{name:>12}" for name in columns))
    for name, row in rows.items():
        print(f"{name:<18}" + "".join(f"{row[column]:>12.2f}" for column in columns))
    ours = rows["erpnext-exporter"]
    for what, value, most, unit in (
            ("scrape that collects, p99", ours["p99 ms"], 50, "ms"),
            ("RSS", ours["RSS MiB"], 64, "MiB"),
            (f"commands of over {LONGEST_MS} ms in Redis", ours["slow"], 0, "")):
        print(f"{'PASS' if value <= most else 'MISS'}  {what}: {value:.2f} {unit} (at most {most})")


def run(say, scrapes=40):
    with tempfile.TemporaryDirectory(prefix="erpnext-exporter-scale-") as name, \
            contextlib.ExitStack() as stack:
        folder = pathlib.Path(name)
        server = stack.enter_context(RedisServer(folder / "redis"))
        url = f"redis://127.0.0.1:{server.port}"
        bench = BenchFolder(folder / "bench", redis_queue=url, redis_cache=url,
                            sites=[f"site-{number}.example.com" for number in range(SITES)])
        say(f"{SITES} sites, {WORKERS} workers, {JOBS} waiting jobs")
        prefix = prefix_of(bench.path)
        client = stack.enter_context(server.client())
        client.connection_pool.connection_kwargs["socket_timeout"] = 120
        client.connection_pool.disconnect()
        fill(client, prefix)
        ours = stack.enter_context(Exporter(folder, f"--bench={bench.path}"))
        query = "&".join(f"collect[]={collector}" for collector in OURS)
        rows = {"erpnext-exporter": measure_one(
            client, ours.process.pid, measure.Scraper(f"{ours.url}/metrics?{query}"), scrapes)}
        say("rq-exporter on the same Redis")
        with rq_exporter(folder, server) as (process, scraper):
            rows["rq-exporter"] = measure_one(client, process.pid, scraper, max(3, scrapes // 10))
        report(rows)


if __name__ == "__main__":
    run(lambda text: print(text, flush=True))
