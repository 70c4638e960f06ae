# SPDX-License-Identifier: Apache-2.0
"""Real Redis servers, reached and refused in every way that a bench's URL can say."""

import contextlib
import datetime
import shlex

import pytest
from support.bench_folder import BenchFolder
from support.certificates import Authority
from support.exporter import Exporter, once, run
from support.processes import Process, wait_until
from support.redis_server import RedisServer

COLLECTORS = ("queues", "redis_status")
SECRET = "p@ss/word:1"  # what a URL must quote
QUOTED = "p%40ss%2Fword%3A1"


def enqueue(client, bench, queue="short", jobs=3):
    """What RQ 1.15 writes when Frappe 15 enqueues."""
    prefix = str(bench.path).strip("/").replace("/", "-")
    name = f"{prefix}:{queue}"
    client.sadd("rq:queues", f"rq:queue:{name}")
    when = (datetime.datetime.utcnow() - datetime.timedelta(seconds=50)).isoformat() + "Z"
    for number in range(jobs):
        client.hset(f"rq:job:one.example.com::{number}", mapping={
            "enqueued_at": when, "created_at": when, "status": "queued", "origin": name})
        client.rpush(f"rq:queue:{name}", f"one.example.com::{number}")


def make_bench(folder, queue_url, cache_url=None):
    return BenchFolder(folder / "bench", redis_queue=queue_url, redis_cache=cache_url or queue_url)


def ask(bench, *arguments, program):
    return once(bench.path, *arguments, collectors=COLLECTORS, program=program)


def assert_works(samples, bench, jobs=3):
    assert {value for _, value in samples.find("erpnext_exporter_collector_success")} == {1}
    assert samples.value("erpnext_queue_jobs", bench=bench.name, queue="short",
                         state="queued") == jobs
    age = samples.value("erpnext_queue_oldest_job_age_seconds", queue="short")
    assert 49 < age < 90
    assert {value for _, value in samples.find("erpnext_redis_up")} == {1}
    assert samples.find("erpnext_redis_connect_error_info") == []


def assert_fails(samples, stderr, reason, kind, up, collectors=COLLECTORS):
    for name in collectors:
        assert samples.value("erpnext_exporter_collector_success", collector=name) == 0
        assert samples.value("erpnext_exporter_collector_errors_total", collector=name,
                             kind=kind) == 1, stderr
    assert {labels["reason"] for labels, _ in
            samples.find("erpnext_redis_connect_error_info")} == {reason}, stderr
    assert {value for _, value in samples.find("erpnext_redis_up")} == {up}
    assert SECRET not in stderr and QUOTED not in stderr


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    with RedisServer(tmp_path_factory.mktemp("plain")) as server:
        yield server


@pytest.fixture(scope="module")
def locked(tmp_path_factory):
    with RedisServer(tmp_path_factory.mktemp("locked"), password=SECRET) as server:
        yield server


URLS = {
    "tcp": "redis://127.0.0.1:{port}",
    "name": "redis://localhost:{port}/0",
    "bare": "127.0.0.1:{port}",
    "unix": "unix://{socket}",
    "unix with database": "unix://{socket}?db=0",
}


@pytest.mark.parametrize("url", URLS.values(), ids=URLS)
def test_urls(tmp_path, program, plain, url):
    bench = make_bench(tmp_path, url.format(port=plain.port, socket=plain.socket))
    with plain.client() as client:
        client.flushall()
        enqueue(client, bench)
    samples, _ = ask(bench, program=program)
    assert_works(samples, bench)


def test_database_number(tmp_path, program, plain):
    bench = make_bench(tmp_path, f"redis://127.0.0.1:{plain.port}/3")
    with plain.client() as client, plain.client(db=3) as third:
        client.flushall()
        enqueue(client, bench, jobs=7)  # another's: database 0
        enqueue(third, bench, jobs=2)
    samples, _ = ask(bench, program=program)
    assert_works(samples, bench, jobs=2)


@pytest.mark.parametrize("login", [f":{QUOTED}@", f"default:{QUOTED}@"])
def test_password(tmp_path, program, locked, login):
    bench = make_bench(tmp_path, f"redis://{login}127.0.0.1:{locked.port}")
    with locked.client() as client:
        client.flushall()
        enqueue(client, bench)
    samples, _ = ask(bench, program=program)
    assert_works(samples, bench)


@pytest.mark.parametrize("login", ["", ":wrong@", "nobody:wrong@"])
def test_wrong_password(tmp_path, program, locked, login):
    bench = make_bench(tmp_path, f"redis://{login}127.0.0.1:{locked.port}")
    samples, stderr = ask(bench, program=program)
    assert_fails(samples, stderr, "denied", "permission", up=1)
    assert "wrong" not in stderr.replace("WRONGPASS", "")


@pytest.fixture
def monitor(tmp_path, locked, program):
    """The user that `grants` prints, and the options that log in as it."""
    bench = make_bench(tmp_path, f"redis://:{QUOTED}@127.0.0.1:{locked.port}")
    password_file = tmp_path / "redis.password"
    password_file.write_text("monitor-secret\n")
    options = ["--redis.user=monitor", f"--redis.password-file={password_file}"]
    printed = run("grants", f"--bench={bench.path}", *options, program=program).stdout
    assert "monitor-secret" not in printed
    (line,) = [line for line in printed.splitlines() if line.startswith("ACL SETUSER")]
    words = shlex.split(line.replace("<password>", "monitor-secret"))
    with locked.client() as client:
        client.flushall()
        enqueue(client, bench)
        client.sadd("rq:workers", "rq:worker:w1")
        client.hset("rq:worker:w1", mapping={"queues": "x:short", "state": "idle"})
        assert client.execute_command(*words) == b"OK"
        yield bench, options, client
        client.execute_command("ACL", "DELUSER", "monitor")


def test_user_that_grants_prints_suffices(program, monitor):
    bench, options, _ = monitor
    samples, stderr = ask(bench, *options, program=program)
    assert_works(samples, bench)
    assert stderr == ""


def test_user_that_grants_prints_can_do_no_harm(locked, monitor):
    del monitor
    other = RedisServer.client(locked)
    refused = [("SET", "rq:x", "1"), ("GET", "rq:x"), ("KEYS", "*"), ("SCAN", "0"), ("FLUSHALL",),
               ("CONFIG", "GET", "*"), ("HGETALL", "secret"), ("LLEN", "other"), ("DEL", "rq:x"),
               ("EVAL", "return 1", "0"), ("ACL", "LIST"), ("SHUTDOWN",), ("SUBSCRIBE", "x")]
    with other as client:
        for command in refused:
            verdict = client.execute_command("ACL", "DRYRUN", "monitor", *command)
            assert verdict != b"OK", command


def test_one_denied_command_leaves_the_rest(program, monitor):
    """Without ZCARD the registries are unknown, but what waits is counted."""
    bench, options, client = monitor
    client.execute_command("ACL", "SETUSER", "monitor", "-zcard", "-zcount")
    samples, _ = ask(bench, *options, program=program)
    assert samples.value("erpnext_queue_jobs", queue="short", state="queued") == 3
    assert samples.value("erpnext_queue_jobs", queue="short", state="failed") is None
    assert samples.value("erpnext_exporter_collector_success", collector="queues") == 0
    assert samples.value("erpnext_exporter_collector_errors_total", collector="queues",
                         kind="permission") == 1
    assert samples.value("erpnext_exporter_collector_success", collector="redis_status") == 1


def test_denied_info_is_told_as_denied(program, monitor):
    bench, options, client = monitor
    client.execute_command("ACL", "SETUSER", "monitor", "-info")
    samples, stderr = ask(bench, *options, program=program)
    assert_fails(samples, stderr, "denied", "permission", up=1, collectors=("redis_status",))
    assert samples.value("erpnext_queue_jobs", queue="short", state="queued") == 3


@pytest.fixture(scope="module")
def secure(tmp_path_factory, authority):
    folder = tmp_path_factory.mktemp("tls")
    port = RedisServer(folder / "finder")  # its port is free once it has ended
    port.stop()
    with RedisServer(folder / "redis", "--tls-port", str(port.port), "--tls-cert-file",
                     str(authority.certificate), "--tls-key-file", str(authority.key),
                     "--tls-ca-cert-file", str(authority.ca), "--tls-auth-clients", "no") as server:
        server.tls_port = port.port
        yield server


def test_tls(tmp_path, program, secure, authority):
    bench = make_bench(
        tmp_path, f"rediss://localhost:{secure.tls_port}/0?ssl_ca_certs={authority.ca}")
    with secure.client() as client:
        client.flushall()
        enqueue(client, bench)
    samples, _ = ask(bench, program=program)
    assert_works(samples, bench)


def test_tls_without_verification(tmp_path, program, secure):
    bench = make_bench(tmp_path, f"rediss://localhost:{secure.tls_port}/0?ssl_cert_reqs=none")
    with secure.client() as client:
        client.flushall()
        enqueue(client, bench)
    samples, _ = ask(bench, program=program)
    assert_works(samples, bench)


@pytest.mark.parametrize("ca", ["other", "system"])
def test_tls_with_a_wrong_authority(tmp_path, program, secure, ca):
    suffix = f"?ssl_ca_certs={Authority(tmp_path / 'other').ca}" if ca == "other" else ""
    bench = make_bench(tmp_path, f"rediss://localhost:{secure.tls_port}/0{suffix}")
    samples, stderr = ask(bench, program=program)
    assert samples.value("erpnext_queue_jobs", queue="short", state="queued") is None
    for name in COLLECTORS:
        assert samples.value("erpnext_exporter_collector_errors_total", collector=name,
                             kind="permission") == 1, stderr
    assert "certificate" in stderr


def test_plain_text_where_tls_is_spoken(tmp_path, program, secure):
    bench = make_bench(tmp_path, f"redis://localhost:{secure.tls_port}/0")
    samples, _ = ask(bench, program=program)
    assert {value for _, value in samples.find("erpnext_redis_up")} == {0}
    assert {labels["reason"] for labels, _ in
            samples.find("erpnext_redis_connect_error_info")} <= {"protocol", "down"}


def test_max_clients(tmp_path, program):
    with RedisServer(tmp_path / "full", "--maxclients", "3") as full, contextlib.ExitStack() as held:
        bench = make_bench(tmp_path, f"redis://127.0.0.1:{full.port}")
        for _ in range(3):
            held.enter_context(full.client()).ping()
        samples, stderr = ask(bench, program=program)
        assert_fails(samples, stderr, "too_many_connections", "limit", up=1)


def test_loading(tmp_path, program):
    """A server that reads its data back in is not ready, and says so."""
    with RedisServer(tmp_path / "filled") as filled, filled.client() as client:
        for number in range(200):
            client.set(f"k{number}", "x" * 1000)
        client.save()
    bench = make_bench(tmp_path, f"redis://127.0.0.1:{filled.port}")
    filled._options += ["--key-load-delay", "20000", "--loading-process-events-interval-bytes", "1024"]
    filled.start()
    try:
        samples, stderr = ask(bench, program=program)
        assert samples.value("erpnext_queue_jobs", queue="short", state="queued") is None
        assert samples.value("erpnext_exporter_collector_errors_total", collector="queues",
                             kind="unavailable") == 1, stderr
    finally:
        filled.process.kill()


def test_a_restarted_server_is_found_again_at_once(tmp_path, program):
    with RedisServer(tmp_path / "redis") as server:
        bench = make_bench(tmp_path, f"redis://127.0.0.1:{server.port}")
        with server.client() as client:
            enqueue(client, bench)
        with Exporter(tmp_path, f"--bench={bench.path}", program=program) as exporter:
            assert_now = exporter.metrics("?collect[]=queues&collect[]=redis_status")
            assert_works(assert_now, bench)
            server.stop()
            server.start()
            with server.client() as client:
                enqueue(client, bench, jobs=5)
            wait_until(lambda: exporter.metrics("?collect[]=queues").value(
                "erpnext_queue_jobs", queue="short", state="queued") == 5, "the new jobs", timeout=3)
            counted = exporter.metrics()
            for name in COLLECTORS:
                assert sum(value for _, value in counted.find(
                    "erpnext_exporter_collector_errors_total", collector=name)) == 0


def test_nothing_is_written(tmp_path, program, plain):
    """What Redis was asked, as MONITOR saw it: read commands only, and never KEYS or SCAN."""
    bench = make_bench(tmp_path, f"redis://127.0.0.1:{plain.port}")
    with plain.client() as client:
        client.flushall()
        enqueue(client, bench)
        before = client.info("commandstats")
        monitor = Process(["redis-cli", "-p", plain.port, "monitor"], tmp_path / "monitor.log")
        wait_until(lambda: "OK" in monitor.log(), "MONITOR runs")
        ask(bench, program=program)
        client.ping()
        wait_until(lambda: '"PING"' in monitor.log(), "MONITOR has seen all")
        monitor.stop()
        del before
    commands = {line.split('"')[1].upper() for line in monitor.log().splitlines() if '"' in line}
    assert commands >= {"LLEN", "SMEMBERS", "ZCARD", "INFO"}
    assert commands <= {"LLEN", "LINDEX", "ZCARD", "ZCOUNT", "SMEMBERS", "HMGET", "HGETALL", "EXISTS",
                        "INFO", "LRANGE", "ZRANGE", "HSTRLEN", "SELECT", "PING"}
