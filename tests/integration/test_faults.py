# SPDX-License-Identifier: Apache-2.0
"""Each server that the exporter asks, in each state it can be in: the scrape is in time, the other
collectors are complete, the reason is right, memory stays flat, and all is well afterwards."""

import dataclasses
import json
import time
from collections.abc import Callable

import pytest
from demo import site_database
from support import fake_mariadb, fault_server
from support.bench_folder import BenchFolder
from support.exporter import Exporter
from support.fault_server import FaultServer
from support.processes import wait_until
from support.redis_server import RedisServer

TIMEOUT = 3  # what Prometheus says it waits; the exporter keeps half a second of it
# Of memory: two answers, each of which is refused when it has 32 MiB, and what may remain.
MOST_ON_THE_WAY = (2 * 32 + 4) << 20
SLACK = 0.15  # for the way there and back on a busy machine
# Of the exporter itself, and of what sessions do at a moment.
SELF = ("erpnext_exporter_", "process_", "mysql_info_schema_processlist_", "erpnext_mariadb_longest_")

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
QUEUE = (("queues", "workers", "redis_status"), "erpnext_redis", {"role": "queue"})
CACHE = (("redis_status",), "erpnext_redis", {"role": "cache"})
DATABASE = (("mariadb_status",), "erpnext_mariadb", {})
CASES = ([("redis_queue", state, *fault, *QUEUE) for state, fault in REDIS_FAULTS.items()] +
         [("redis_cache", state, *fault, *CACHE) for state, fault in REDIS_FAULTS.items()] +
         [("mariadb", state, *fault, *DATABASE) for state, fault in MARIADB_FAULTS.items()])


# What each source is asked for: by whom, and how the names begin of what they publish.
_REDIS = {"redis_status": ("erpnext_redis_",)}
READERS = {
    "redis_queue": {**_REDIS, "queues": ("erpnext_queue_", "erpnext_queues_"),
                    "workers": ("erpnext_queue_", "erpnext_worker", "erpnext_jobs_stuck"),
                    "jobs": ("erpnext_site_jobs", "erpnext_method_jobs"),
                    "scheduler": ("erpnext_schedule",)},
    "redis_cache": {**_REDIS, "site_backlog": ("erpnext_site_backlog_",)},
    "mariadb": {
        "mariadb_status": ("erpnext_mariadb_", "mysql_"),
        "mariadb_variables": ("mysql_",),
        "mariadb_activity": ("erpnext_mariadb_", "mysql_"),
        "mariadb_innodb": ("mysql_",),
        "mariadb_deadlocks": ("erpnext_mariadb_",),
        "mariadb_userstat": ("mysql_",),
        "mariadb_replication": ("mysql_",),
        "mariadb_tables": ("mysql_",),
        "mariadb_auto_increment": ("mysql_",),
        "mariadb_config": ("erpnext_config_",),
        "mariadb_drift": ("erpnext_site_tables_drift",),
        "mariadb_digests": ("mysql_",),
        "mariadb_table_io": ("mysql_",),
        "mariadb_heartbeat": ("mysql_",),
        "mariadb_queries": ("erpnext_mariadb_query_",),
        "mariadb_share": ("erpnext_site_database_share",),
        "mariadb_sizes": ("erpnext_site_database_", "erpnext_site_table_"),
        "mariadb_indexes": ("erpnext_index_",),
        "scheduler": ("erpnext_schedule",),
        "migrate": ("erpnext_migrate_", "erpnext_site_app_version_"),
        "site_health": ("erpnext_email_", "erpnext_site_errors", "erpnext_site_failed_",
                                "erpnext_site_sessions", "erpnext_site_users", "erpnext_site_new_users",
                                "erpnext_site_waiting_"),
        "site_errors": ("erpnext_site_errors_total",),
        "site_logs": ("erpnext_site_log_",),
        "mariadb_error_log": ("erpnext_mariadb_error_log_",),
    },
}
# At their own pace, up to a minute: in the few seconds of a fault they may have run or not. What
# they say of one that lasts is asked once, of an exporter that starts in it.
PACED = {
    "jobs": "protocol",
    "mariadb_variables": "refused",
    "mariadb_deadlocks": "refused",
    "mariadb_sizes": "refused",
    "mariadb_indexes": "refused",
    "mariadb_userstat": "refused",
    "mariadb_replication": "refused",
    "mariadb_tables": "refused",
    "mariadb_auto_increment": "refused",
    "mariadb_config": "refused",
    "mariadb_drift": "refused",
    "mariadb_digests": "refused",
    "mariadb_table_io": "refused",
    "mariadb_heartbeat": "refused",
    "mariadb_queries": "refused",
    "mariadb_share": "refused",
    "mariadb_activity": "refused",
    "mariadb_innodb": "refused",
    "scheduler": "refused",
    "migrate": "refused",
    "site_health": "refused",
    "site_errors": "refused",
    "site_backlog": "protocol",
    "site_logs": "refused",
    "mariadb_error_log": "refused",
}
# Of these, those that are off by default.
OPTIONAL = ("mariadb_auto_increment", "mariadb_digests", "mariadb_table_io", "mariadb_heartbeat")


@dataclasses.dataclass
class Setting:
    exporter: Exporter
    start: Callable[[str], Exporter]  # another one, in a new folder of that name
    servers: dict  # of the first bench, by source
    webs: dict  # web servers of the other benches, by the state they will be in

    def scrape(self):
        """Samples, and how long they took."""
        begin = time.monotonic()
        samples = self.exporter.metrics(
            headers={"X-Prometheus-Scrape-Timeout-Seconds": str(TIMEOUT)}, timeout=10 * TIMEOUT)
        return samples, time.monotonic() - begin

    def healthy(self, but=()):
        """The samples, once all collectors succeed; those named in `but` may."""
        samples, _ = self.scrape()
        failed = {labels["collector"] for labels, value in samples.find(
            "erpnext_exporter_collector_success") if value != 1} - set(but)
        assert not failed, f"{failed} failed:\n{self.exporter.process.log()[-3000:]}"
        assert samples.find("erpnext_site_up"), "the sites have not been asked yet"
        done = {labels["collector"] for labels, _ in samples.find(
            "erpnext_exporter_collector_last_success_timestamp_seconds")}
        never = {name for readers in READERS.values() for name in readers} - done - set(but)
        assert not never, f"{never} have not run yet"
        return samples


def create_site_database(server, bench):
    """The one that all benches' site has, and who may read of it what the exporter reads."""
    text = (bench.sites / "one.example.com" / "site_config.json").read_text()
    site = json.loads(text)
    with server.connect() as connection:
        site_database.create(connection, site, scheduler_enabled=True)
        site_database.create_exporter_user(connection, "exporter-secret", [site["db_name"]])


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
        create_site_database(mariadb, benches[0])
        (folder / "password").write_text("exporter-secret")

        def start(name):
            (folder / name).mkdir()
            return Exporter(folder / name, *(f"--bench={bench.path}" for bench in benches),
                            f"--mariadb.user={site_database.EXPORTER_USER}",
                            f"--mariadb.password-file={folder}/password",
                            *(f"--collector.{name}" for name in OPTIONAL),
                            "--mariadb.open-tables",
                            "--probe.timeout=1s", program=program)

        with start("exporter") as exporter:
            yield Setting(exporter, start, servers, webs)
        for web in webs.values():
            web.stop()


def wait_until_well(setting, but=()):
    return wait_until(lambda: setting.healthy(but), "all collectors succeed", timeout=80)


def series_of_others(samples, collectors, prefixes):
    """Names and labels of what does not come from these collectors."""
    return {(name, tuple(sorted(labels.items()))) for name, labels, _ in samples.all
            if not name.startswith((*prefixes, *SELF)) and labels.get("collector") not in collectors}


def assert_in_time(seconds):
    assert seconds <= TIMEOUT - 0.5 + SLACK, f"the scrape took {seconds:.2f} s"


def test_collectors_at_their_own_pace(setting):
    with (setting.servers["redis_queue"].fault(fault_server.garbage),
          setting.servers["redis_cache"].fault(fault_server.garbage),
          setting.servers["mariadb"].fault(None), setting.start("in-trouble") as exporter):
        def told():
            return {(labels["collector"], labels["kind"]) for labels, value in exporter.metrics().find(
                "erpnext_exporter_collector_errors_total") if labels["collector"] in PACED and value}

        wait_until(lambda: told() == set(PACED.items()), f"{PACED} are told")
        for server in ("redis_queue", "redis_cache", "mariadb"):
            setting.servers[server].heal()
        wait_until_well(dataclasses.replace(setting, exporter=exporter))


@pytest.mark.parametrize("source,state,handler,kind,reason,collectors,family,labels", CASES,
                         ids=[f"{case[0]}-{case[1]}" for case in CASES])
def test_one_server_in_trouble(setting, source, state, handler, kind, reason, collectors, family,
                               labels):
    del state
    readers = READERS[source]
    prefixes = [prefix for prefixes in readers.values() for prefix in prefixes]
    # Also that those which read another server have recovered from its faults.
    healthy = wait_until_well(setting, but=readers.keys() & PACED.keys())
    before = {name: healthy.value("erpnext_exporter_collector_errors_total", collector=name, kind=kind)
              or 0 for name in collectors}
    resident = healthy.value("process_resident_memory_bytes")
    with setting.servers[source].fault(handler):
        for _ in range(3):
            samples, seconds = setting.scrape()
            assert_in_time(seconds)
            # Others may have run once more and know more than then; they know no less.
            assert (series_of_others(samples, readers, prefixes) >=
                    series_of_others(healthy, readers, prefixes))

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

        samples = wait_until(told, f"reason {reason}, kind {kind}")
        others = set(labels for labels in ("queue", "cache")) - {labels.get("role")}
        if source != "mariadb":
            for role in others:
                assert {value for _, value in samples.find("erpnext_redis_up", role=role)} == {1}

        grown = []

        def flat():
            grown.append(setting.scrape()[0].value("process_resident_memory_bytes") - resident)
            return grown[-1] < 4 << 20

        wait_until(flat, "what answers took is given back")
        assert max(grown) < MOST_ON_THE_WAY, f"{max(grown) / 2**20:.1f} MiB more than before"
    wait_until(lambda: setting.healthy(but=PACED), "recovered", timeout=30)


def test_web_servers_in_trouble(setting):
    """All states at once: each bench has its own web server."""
    healthy = wait_until_well(setting)
    resident = healthy.value("process_resident_memory_bytes")
    for state, (handler, _) in WEB_FAULTS.items():
        setting.webs[state].refuse() if handler is None else setting.webs[state].fail(handler)
    others = series_of_others(healthy, ("site_ping",), ("erpnext_site_",))
    wanted = {state: reason for state, (_, reason) in WEB_FAULTS.items()}

    def told():
        samples, seconds = setting.scrape()
        assert seconds < 0.5, "a paced collector holds the scrape up"
        assert series_of_others(samples, ("site_ping",), ("erpnext_site_",)) >= others
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
