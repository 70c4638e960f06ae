# SPDX-License-Identifier: Apache-2.0
"""The program as a whole: reload, end, selection of collectors, formats, scrapes at once."""

import concurrent.futures
import gzip
import signal
import subprocess
import time

import pytest
from support import fault_server, http
from support.bench_folder import BenchFolder
from support.exporter import Exporter, Samples
from support.fault_server import FaultServer
from support.processes import wait_until
from support.redis_server import RedisServer

OPEN_METRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory):
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module")
def bench(tmp_path_factory, redis_server):
    url = f"redis://127.0.0.1:{redis_server.port}"
    return BenchFolder(tmp_path_factory.mktemp("first"), redis_queue=url, redis_cache=url)


@pytest.fixture(scope="module")
def exporter(tmp_path_factory, program, bench):
    with Exporter(tmp_path_factory.mktemp("exporter"), f"--bench={bench.path}",
                  "--no-collector.mariadb_status", program=program) as running:
        yield running


def benches(exporter):
    return {labels["bench"] for labels, _ in exporter.metrics().find("erpnext_bench_info")}


def reload_by_signal(exporter):
    exporter.process.signal(signal.SIGHUP)


def reload_by_post(exporter):
    http.request(f"{exporter.url}/-/reload", method="POST")


@pytest.mark.parametrize("reload", [reload_by_signal, reload_by_post])
def test_reload_takes_the_new_configuration_or_keeps_the_old(tmp_path, program, bench, reload):
    other = BenchFolder(tmp_path / "second")
    config = tmp_path / "exporter.yml"
    config.write_text(f"bench: [{bench.path}]\n")
    with Exporter(tmp_path, f"--config.file={config}", program=program) as exporter:
        assert benches(exporter) == {bench.name}
        config.write_text(f"bench: [{bench.path}, {other.path}]\n")
        reload(exporter)
        wait_until(lambda: benches(exporter) == {bench.name, other.name}, "the second bench is there")
        good = exporter.metrics()
        assert good.value("erpnext_exporter_config_last_reload_successful") == 1

        config.write_text(f"bench: [{bench.path}]\nlog:\n  levle: debug\n")
        reload(exporter)
        bad = wait_until(lambda: (samples := exporter.metrics()).value(
            "erpnext_exporter_config_last_reload_successful") == 0 and samples, "the failure is told")
        assert benches(exporter) == {bench.name, other.name}
        name = "erpnext_exporter_config_last_reload_success_timestamp_seconds"
        assert bad.value(name) == good.value(name)
        assert f"{config}:3:3" in exporter.process.log()

        config.write_text(f"bench: [{other.path}]\n")
        reload(exporter)
        wait_until(lambda: benches(exporter) == {other.name}, "the repaired file is in force")
        assert exporter.metrics().value("erpnext_exporter_config_last_reload_successful") == 1


def test_answer_of_a_failed_reload_names_the_place(tmp_path, program):
    config = tmp_path / "exporter.yml"
    config.write_text("bench: []\n")
    with Exporter(tmp_path, f"--config.file={config}", program=program) as exporter:
        config.write_text("bench: []\nbench: []\n")
        answer = http.request(f"{exporter.url}/-/reload", method="POST")
        assert answer.status >= 400
        assert f"{config}:2:1" in answer.text


def test_counters_survive_a_reload(tmp_path, program):
    config = tmp_path / "exporter.yml"
    dead = BenchFolder(tmp_path / "dead", redis_queue="redis://127.0.0.1:1")
    config.write_text(f"bench: [{dead.path}]\n")
    errors = ("erpnext_exporter_collector_errors_total",)
    wanted = {"collector": "queues", "kind": "refused"}
    with Exporter(tmp_path, f"--config.file={config}", program=program) as exporter:
        before = wait_until(lambda: exporter.metrics().value(*errors, **wanted), "an error")
        reload_by_post(exporter)
        assert exporter.metrics().value(*errors, **wanted) >= before


def _reload_by_signal(exporter):
    exporter.process.signal(signal.SIGHUP)


def _reload_by_request(exporter):
    # The answer may come too late for it; the request is there.
    with pytest.raises(OSError):
        http.request(f"{exporter.url}/-/reload", method="POST", timeout=0.3)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("before", [None, _reload_by_signal, _reload_by_request])
def test_ends_in_time_while_a_source_hangs(tmp_path, program, number, before):
    with FaultServer(lambda connection: fault_server.hang(connection)) as hanging:
        address = f"redis://127.0.0.1:{hanging.port}"
        bench = BenchFolder(tmp_path / "bench", redis_queue=address, redis_cache=address,
                            db_port=hanging.port, webserver_port=hanging.port)
        exporter = Exporter(tmp_path, f"--bench={bench.path}", program=program)
        try:
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                scrape = pool.submit(http.request, f"{exporter.url}/metrics", timeout=20)
                wait_until(lambda: hanging.taken >= 3, "the sources are asked")
                if before:
                    before(exporter)
                begin = time.monotonic()
                exporter.process.signal(number)
                assert exporter.process.wait(10) == 0
                assert time.monotonic() - begin < 5
                scrape.exception(timeout=20)  # answered or cut off, but ended
        finally:
            exporter.process.kill()


def collectors(samples):
    return {labels["collector"] for labels, _ in
            samples.find("erpnext_exporter_collector_duration_seconds")}


def test_selection_of_collectors(exporter):
    everything = collectors(exporter.metrics())
    assert {"bench", "queues", "redis_status", "memory", "cpu", "filesystem"} <= everything
    assert "mariadb_status" not in everything
    some = exporter.metrics("?collect[]=memory&collect[]=cpu")
    assert collectors(some) == {"memory", "cpu"}
    assert "node_load1" in some.names() and "node_memory_MemTotal_bytes" in some.names()
    assert not any(name.startswith("erpnext_redis_") for name in some.names())
    # The first run of others may end meanwhile.
    but_one = collectors(exporter.metrics("?exclude[]=memory"))
    assert everything - {"memory"} <= but_one <= collectors(exporter.metrics()) - {"memory"}
    assert collectors(exporter.metrics("?collect%5B%5D=memory")) == {"memory"}


@pytest.mark.parametrize("query", ["?collect[]=nonsense", "?exclude[]=nonsense",
                                   "?collect[]=mariadb_status"])
def test_unknown_collectors_are_refused_with_the_known_ones(exporter, query):
    answer = http.request(f"{exporter.url}/metrics{query}")
    assert answer.status == 400
    assert all(name in answer.text for name in ("bench", "queues", "memory"))


def test_methods(exporter):
    get = http.request(f"{exporter.url}/metrics")
    head = http.request(f"{exporter.url}/metrics", method="HEAD")
    assert head.status == 200 and head.body == b""
    assert head.headers["content-type"] == get.headers["content-type"]
    for method, path in (("POST", "/metrics"), ("PUT", "/metrics"), ("DELETE", "/"),
                         ("POST", "/-/healthy"), ("GET", "/-/reload")):
        answer = http.request(f"{exporter.url}{path}", method=method)
        assert answer.status == 405, f"{method} {path}"
        assert answer.headers["allow"]
    assert http.request(f"{exporter.url}/nothing").status == 404
    for path in ("/-/healthy", "/-/ready", "/"):
        assert http.request(f"{exporter.url}{path}").status == 200, path


def check_metrics(text):
    """What promtool has to say about our own names; upstream names are as they are."""
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True,
                          timeout=60)
    output = (done.stdout + done.stderr).decode()
    assert done.returncode in (0, 3), output  # 3: findings
    return [line for line in output.splitlines() if line.startswith("erpnext_")]


def test_formats(exporter):
    text = http.request(f"{exporter.url}/metrics")
    assert text.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert check_metrics(text.body) == []
    zipped = http.request(f"{exporter.url}/metrics", headers={"Accept-Encoding": "gzip"})
    assert zipped.headers["content-encoding"] == "gzip"
    assert len(zipped.body) < len(text.body) / 2
    assert Samples(gzip.decompress(zipped.body).decode()).names() == Samples(text.text).names()
    # What is cached is the same text either way.
    assert "accept-encoding" in zipped.headers["vary"].lower()


def test_open_metrics(exporter):
    text = http.request(f"{exporter.url}/metrics", headers={"Accept": OPEN_METRICS})
    assert text.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert text.text.endswith("# EOF\n") and text.text.count("# EOF") == 1
    counters = [line.split()[2] for line in text.text.splitlines()
                if line.startswith("# TYPE ") and line.endswith(" counter")]
    assert "erpnext_exporter_collector_errors" in counters
    assert not any(name.endswith("_total") for name in counters)
    plain = Samples(http.request(f"{exporter.url}/metrics").text)
    assert Samples(text.text).names() == plain.names()


def test_scrapes_at_once_share_one_flight(exporter, redis_server):
    """Each run of two collectors asks Redis once each: 200 scrapes cause a few runs, not 200."""
    exporter.metrics()
    with redis_server.client() as client:
        def asked():
            return client.info("commandstats").get("cmdstat_info", {"calls": 0})["calls"]
        before = asked()
        begin = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(200) as pool:
            answers = list(pool.map(lambda _: http.request(f"{exporter.url}/metrics", timeout=30),
                                    range(200)))
        windows = 2 + int(time.monotonic() - begin)  # of a second each
        own = 1
        # Two roles on this server, so two INFO in each run.
        assert asked() - before - own <= 2 * windows
    statuses = {answer.status for answer in answers}
    assert statuses <= {200, 503}
    good = [answer for answer in answers if answer.status == 200]
    assert len(good) >= 40
    for answer in good:
        samples = Samples(answer.text)
        assert {value for _, value in samples.find("erpnext_redis_up")} == {1}
    busy = [answer for answer in answers if answer.status == 503]
    assert all(answer.headers["retry-after"] for answer in busy)
