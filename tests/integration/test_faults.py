# SPDX-License-Identifier: Apache-2.0
"""Each server that the exporter asks, in each state it can be in: the scrape is in time, the other
collectors are complete, the reason is right, memory stays flat, and all is well afterwards."""

import dataclasses
import time

import pytest
from support import fake_mariadb, fault_server
from support.bench_folder import BenchFolder
from support.exporter import Exporter
from support.fault_server import FaultServer
from support.processes import wait_until
from support.redis_server import RedisServer

TIMEOUT = 3  # what Prometheus says it waits; the exporter keeps half a second of it
SLACK = 0.15  # for the way there and back on a busy machine
SELF = ("erpnext_exporter_", "process_")

REDIS_FAULTS = {
    "dead": (None, "refused", "refused"),
    "hanging": (fault_server.hang, "timeout", "timeout"),
    "dripping": (fault_server.drip(fault_server.REDIS_BEGIN), "timeout", "timeout"),
    "garbage": (fault_server.garbage, "protocol", "protocol"),
    "gigabyte": (fault_server.flood(fault_server.REDIS_BEGIN), "protocol", "protocol"),
    "closing": (fault_server.close_in_the_middle(fault_server.REDIS_BEGIN), "unavailable", "down"),
}
MARIADB_FAULTS = {
    "dead": (None, "refused", "refused"),
    "hanging": (fault_server.hang, "timeout", "timeout"),
    "dripping": (fault_server.drip(fake_mariadb.greeting()), "timeout", "timeout"),
    "garbage": (fault_server.garbage, "protocol", "protocol"),
    "gigabyte": (fake_mariadb.endless_rows, "protocol", "protocol"),
    "closing": (fake_mariadb.close_in_an_answer, "unavailable", "down"),
}
WEB_FAULTS = {
    "dead": (None, "refused"),
    "hanging": (fault_server.hang, "timeout"),
    "dripping": (fault_server.drip(fault_server.HTTP_BEGIN), "timeout"),
    "garbage": (fault_server.garbage, "protocol"),
    "gigabyte": (fault_server.flood(fault_server.HTTP_BEGIN), "protocol"),
    "closing": (fault_server.close_in_the_middle(fault_server.HTTP_BEGIN), "down"),
}

# (source, state, what it does, kind of error, collectors that fail, up family and its labels)
QUEUE = (("queues", "redis_status"), "erpnext_redis", {"role": "queue"})
CACHE = (("redis_status",), "erpnext_redis", {"role": "cache"})
DATABASE = (("mariadb_status",), "erpnext_mariadb", {})
CASES = ([("redis_queue", state, *fault, *QUEUE) for state, fault in REDIS_FAULTS.items()] +
         [("redis_cache", state, *fault, *CACHE) for state, fault in REDIS_FAULTS.items()] +
         [("mariadb", state, *fault, *DATABASE) for state, fault in MARIADB_FAULTS.items()])


@dataclasses.dataclass
class Setting:
    exporter: Exporter
    servers: dict  # of the first bench, by source
    webs: dict  # web servers of the other benches, by the state they will be in

    def scrape(self):
        """Samples, and how long they took."""
        begin = time.monotonic()
        samples = self.exporter.metrics(
            headers={"X-Prometheus-Scrape-Timeout-Seconds": str(TIMEOUT)}, timeout=10 * TIMEOUT)
        return samples, time.monotonic() - begin

    def healthy(self):
        samples, _ = self.scrape()
        failed = [labels["collector"]
                  for labels, value in samples.find("erpnext_exporter_collector_success") if value != 1]
        assert not failed, f"{failed} failed:\n{self.exporter.process.log()[-3000:]}"
        assert samples.find("erpnext_site_up"), "the sites have not been asked yet"
        return samples


@pytest.fixture(scope="module")
def setting(tmp_path_factory, program, mariadb):
    folder = tmp_path_factory.mktemp("faults")
    with (RedisServer(folder / "queue") as queue, RedisServer(folder / "cache") as cache,
          FaultServer(("127.0.0.1", queue.port)) as queue_front,
          FaultServer(("127.0.0.1", cache.port)) as cache_front,
          FaultServer(("127.0.0.1", mariadb.port)) as database_front):
        servers = {"redis_queue": queue_front, "redis_cache": cache_front, "mariadb": database_front}
        webs = {state: FaultServer(fault_server.answer(fault_server.PONG)) for state in WEB_FAULTS}
        benches = [BenchFolder(
            folder / state, db_port=database_front.port, webserver_port=web.port,
            redis_queue=f"redis://127.0.0.1:{queue_front.port}",
            redis_cache=f"redis://127.0.0.1:{cache_front.port}") for state, web in webs.items()]
        benches[0].log("web.log", b"one line\n")
        (folder / "password").write_text("exporter-secret")
        with Exporter(folder, *(f"--bench={bench.path}" for bench in benches),
                      "--mariadb.user=exporter", f"--mariadb.password-file={folder}/password",
                      "--probe.timeout=1s", program=program) as exporter:
            yield Setting(exporter, servers, webs)
        for web in webs.values():
            web.stop()


@pytest.fixture
def healthy(setting):
    return wait_until(setting.healthy, "all collectors succeed", timeout=30)


def series_of_others(samples, collectors, prefixes):
    """Names and labels of what does not come from the failing collectors."""
    return {(name, tuple(sorted(labels.items()))) for name, labels, _ in samples.all
            if not name.startswith((*prefixes, *SELF)) and labels.get("collector") not in collectors}


def assert_in_time(seconds):
    assert seconds <= TIMEOUT - 0.5 + SLACK, f"the scrape took {seconds:.2f} s"


@pytest.mark.parametrize("source,state,handler,kind,reason,collectors,family,labels", CASES,
                         ids=[f"{case[0]}-{case[1]}" for case in CASES])
def test_one_server_in_trouble(setting, healthy, source, state, handler, kind, reason, collectors,
                               family, labels):
    del state
    prefixes = ("erpnext_redis_", "erpnext_queue_") if source != "mariadb" else (
        "erpnext_mariadb_", "mysql_")
    before = {name: healthy.value("erpnext_exporter_collector_errors_total", collector=name, kind=kind)
              or 0 for name in collectors}
    resident = healthy.value("process_resident_memory_bytes")
    with setting.servers[source].fault(handler):
        for _ in range(3):
            samples, seconds = setting.scrape()
            assert_in_time(seconds)
            assert (series_of_others(samples, collectors, prefixes) ==
                    series_of_others(healthy, collectors, prefixes))

        def told():
            samples, seconds = setting.scrape()
            assert_in_time(seconds)
            for name in collectors:
                assert samples.value("erpnext_exporter_collector_success", collector=name) == 0
                assert samples.value("erpnext_exporter_collector_errors_total", collector=name,
                                     kind=kind) > before[name]
            assert {have["reason"] for have, _ in samples.find(
                f"{family}_connect_error_info", **labels)} == {reason}
            assert {value for _, value in samples.find(f"{family}_up", **labels)} == {0}
            return samples

        samples = wait_until(told, f"reason {reason}, kind {kind}", timeout=20)
        others = set(labels for labels in ("queue", "cache")) - {labels.get("role")}
        if source != "mariadb":
            for role in others:
                assert {value for _, value in samples.find("erpnext_redis_up", role=role)} == {1}
        grown = samples.value("process_resident_memory_bytes") - resident
        assert grown < 4 << 20, f"{grown / 2**20:.1f} MiB more than before"
    wait_until(setting.healthy, "recovered", timeout=30)


def test_web_servers_in_trouble(setting, healthy):
    """All states at once: each bench has its own web server."""
    resident = healthy.value("process_resident_memory_bytes")
    for state, (handler, _) in WEB_FAULTS.items():
        setting.webs[state].refuse() if handler is None else setting.webs[state].fail(handler)
    others = series_of_others(healthy, ("site_ping",), ("erpnext_site_",))
    wanted = {state: reason for state, (_, reason) in WEB_FAULTS.items()}

    def told():
        samples, seconds = setting.scrape()
        assert seconds < 0.5, "a paced collector holds the scrape up"
        assert series_of_others(samples, ("site_ping",), ("erpnext_site_",)) == others
        assert {labels["bench"]: labels["reason"] for labels, _ in samples.find(
            "erpnext_site_ping_result_info")} == wanted
        return samples

    samples = wait_until(told, f"reasons {wanted}", timeout=60)
    assert {value for _, value in samples.find("erpnext_site_up")} == {0}
    # A site that is down is a finding, not a failure of the collector.
    assert samples.value("erpnext_exporter_collector_success", collector="site_ping") == 1
    assert samples.value("process_resident_memory_bytes") - resident < 4 << 20
    for web in setting.webs.values():
        web.heal()
    wait_until(lambda: {value for _, value in setting.scrape()[0].find("erpnext_site_up")} == {1},
               "all sites are up again", timeout=60)
