# SPDX-License-Identifier: Apache-2.0
"""What the exporter says of the demo bench is what its servers and files say themselves."""

import collections
import os
import pathlib
import re
import subprocess
import time

import pymysql
import pytest
from support.exporter import Samples, once_text
from support.processes import wait_until

from demo.bench_tree import CUSTOM_QUEUE, SITES

QUEUES = ("short", "default", "long", CUSTOM_QUEUE)
NORMAL, MAINTENANCE, PAUSED = (name for name, _, _ in SITES)
DATA_OF_EVERY_BENCH = (
    "erpnext_queue_jobs", "erpnext_queue_workers", "erpnext_mariadb_up", "erpnext_redis_up",
    "erpnext_site_up", "erpnext_site_maintenance_mode", "erpnext_log_pattern_matches_total",
    "erpnext_bench_info", "erpnext_app_info", "erpnext_scheduler_state",
    "erpnext_scheduled_job_types", "erpnext_scheduled_job_failures", "erpnext_migrate_patches_pending", "node_filesystem_avail_bytes",
    "node_memory_MemAvailable_bytes", "node_cpu_seconds_total", "mysql_global_status_questions",
    "mysql_version_info")


@pytest.fixture
def exposition(program, demo):
    """What the exporter publishes of the demo bench now, as text."""
    return lambda *arguments: once_text(f"--config.file={demo.config_path}", *arguments,
                                   program=program)


@pytest.fixture
def samples(exposition):
    return lambda *arguments: Samples(exposition(*arguments))


@pytest.fixture
def quiet(demo):
    """The bench while nothing moves: no job is made, taken or running, but some wait."""
    demo.stop_workers()
    with demo.queue_redis() as client:
        wait_until(lambda: all(client.llen(f"rq:queue:{demo.tree.bench_id}:{queue}")
                               for queue in ("short", "default")), "jobs wait")
    demo.stop_producer()
    yield demo
    demo.start_producer()
    demo.start_workers()


def test_every_collector_has_data(samples):
    found = samples()
    for name in DATA_OF_EVERY_BENCH:
        assert found.find(name), name
    collectors = found.find("erpnext_exporter_collector_success")
    assert len(collectors) >= 9
    assert [labels for labels, value in collectors if value != 1] == []
    assert [labels for labels, value in found.find("erpnext_exporter_collector_errors_total")
            if value] == []


def test_own_names_please_promtool(exposition):
    checked = subprocess.run(["promtool", "check", "metrics"], input=exposition(),
                             capture_output=True, text=True, timeout=60)
    # The names of other exporters break rules; ours do not.
    assert [line for line in (checked.stdout + checked.stderr).splitlines()
            if "erpnext_" in line or line.startswith("error")] == []


# --- queues ---------------------------------------------------------------------------------------

def test_queue_jobs_are_those_in_redis(quiet, samples):
    found = samples("--collector=queues")
    with quiet.queue_redis() as client:
        for queue in QUEUES:
            name = f"{quiet.tree.bench_id}:{queue}"
            now = time.time()
            expected = {
                "queued": client.llen(f"rq:queue:{name}"),
                "started": client.zcount(f"rq:wip:{name}", now, "+inf"),
                "finished": client.zcount(f"rq:finished:{name}", now, "+inf"),
                "failed": client.zcount(f"rq:failed:{name}", now, "+inf"),
                "deferred": client.zcard(f"rq:deferred:{name}"),
                "scheduled": client.zcard(f"rq:scheduled:{name}"),
                "canceled": client.zcard(f"rq:canceled:{name}"),
                "abandoned": client.zcount(f"rq:wip:{name}", "-inf", f"({now}"),
                "intermediate": 0,
            }
            have = {labels["state"]: value for labels, value in found.find(
                "erpnext_queue_jobs", bench=quiet.bench_name, queue=queue)}
            assert have == expected, queue
    assert found.value("erpnext_queue_jobs", queue="short", state="queued") > 0
    assert found.value("erpnext_queue_jobs", queue="default", state="deferred") == 3


def test_age_of_the_oldest_job_is_that_of_the_first(quiet, samples):
    def age(queue):
        with quiet.queue_redis() as client:
            job = client.lindex(f"rq:queue:{quiet.tree.bench_id}:{queue}", 0).decode()
            enqueued = client.hget(f"rq:job:{job}", "enqueued_at").decode().replace("Z", "+0000")
        return time.time() - time.mktime(time.strptime(
            enqueued.partition(".")[0], "%Y-%m-%dT%H:%M:%S")) + time.timezone

    for queue in ("short", "default"):
        before = age(queue)
        found = samples("--collector=queues").value("erpnext_queue_oldest_job_age_seconds",
                                                    queue=queue)
        # `enqueued` lost its fraction of a second.
        assert before - 1 <= found <= age(queue)


def registered_workers(demo):
    """Queue names of each. One that ended while Redis was away stays until its key expires."""
    with demo.queue_redis() as client:
        found = [client.hget(worker, "queues") for worker in client.smembers("rq:workers")]
    return [{name.rpartition(":")[2] for name in queues.decode().split(",")}
            for queues in found if queues]


def workers_by_queue(samples):
    counts = collections.Counter()
    for labels, value in samples("--collector=workers").find("erpnext_queue_workers"):
        counts[labels["queue"]] += int(value)
    return counts


def test_workers_are_those_that_listen(demo, samples):
    expected = collections.Counter(
        queue for queues in registered_workers(demo) for queue in queues)
    assert workers_by_queue(samples) == expected
    assert expected >= collections.Counter({"short": 2, "default": 2, "long": 1, CUSTOM_QUEUE: 1})


def test_workers_that_signed_off_are_not_counted(demo, samples):
    listening = workers_by_queue(samples)
    demo.stop_workers()
    try:
        assert listening - workers_by_queue(samples) >= collections.Counter(
            {"short": 2, "default": 2, "long": 1, CUSTOM_QUEUE: 1})
    finally:
        demo.start_workers()


# --- MariaDB and Redis ----------------------------------------------------------------------------

def global_status(demo):
    with demo.exporter_connection() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW GLOBAL STATUS")
        return {name.lower(): value for name, value in cursor}


def test_global_status_is_what_the_server_says(quiet, exposition):
    before = global_status(quiet)
    text = exposition("--collector=mariadb_status")
    after = global_status(quiet)
    found = Samples(text)
    counters = re.findall(r"^# TYPE mysql_global_status_(\w+) counter$", text, re.M)
    compared = [name for name in counters if name in before]
    for name in compared:
        value = found.value(f"mysql_global_status_{name}")
        assert float(before[name]) <= value <= float(after[name]), name
    assert len(compared) > 150
    # Gauges go both ways; these do not move in between.
    for name in ("innodb_page_size", "max_used_connections",
                 "innodb_row_lock_current_waits", "open_files"):
        assert found.value(f"mysql_global_status_{name}") == float(before[name]), name
    assert found.value("mysql_up") == 1
    assert found.value("erpnext_mariadb_up", bench=quiet.bench_name) == 1
    assert float(before["innodb_deadlocks"]) == found.value("mysql_global_status_innodb_deadlocks")


def test_global_variables_are_what_the_server_says(demo, samples):
    found = samples("--collector=mariadb_variables")
    with demo.exporter_connection() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW GLOBAL VARIABLES")
        said = {name.lower(): value for name, value in cursor}
    compared = [name for name, value in said.items() if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value)]
    for name in compared:
        assert found.value(f"mysql_global_variables_{name}") == float(said[name]), name
    assert len(compared) > 200
    assert found.find("mysql_transaction_isolation") == [({"level": said["tx_isolation"]}, 1)]


def test_version_is_the_servers(demo, samples):
    with demo.exporter_connection() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT VERSION()")
        version = cursor.fetchone()[0]
    labels, _ = samples("--collector=mariadb_variables").find("mysql_version_info")[0]
    assert labels["version"] == version


def test_redis_status_is_what_the_server_says(demo, samples):
    found = samples("--collector=redis_status")
    for role in ("queue", "cache"):
        assert found.value("erpnext_redis_up", role=role) == 1
    assert found.value("erpnext_redis_memory_max_bytes", role="cache") == 64 * 1024 * 1024


def _site_grants(demo, user):
    with demo.mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"SHOW GRANTS FOR `{user}`@`127.0.0.1`")
        return {grant.partition(" TO ")[0] for grant, in cursor.fetchall() if "`.`tab" in grant}


def test_printed_grants_are_enough_and_no_more(demo, program, tmp_path):
    printed = subprocess.run([program, "grants", f"--config.file={demo.config_path}"],
                             capture_output=True, text=True, timeout=30, check=True).stdout
    password = "of-this-test-alone"
    lines = (printed.replace("<password>", password).replace("erpnext_exporter'", "granted'")
             .replace("@'localhost'", "@'127.0.0.1'").splitlines())
    (tmp_path / "password").write_text(password)
    config = tmp_path / "exporter.yml"
    config.write_text(demo.config_path.read_text()
                      .replace("user: erpnext_exporter", "user: granted")
                      .replace(str(demo.password_path), str(tmp_path / "password")))
    with demo.mariadb.connect() as connection, connection.cursor() as cursor:
        sometimes = False
        for line in lines:
            if line.startswith("--"):
                sometimes = line.startswith("-- Not in each version")
            if line.startswith(("CREATE USER", "GRANT")):
                try:
                    cursor.execute(line)
                except pymysql.MySQLError as error:  # no such table or column
                    assert sometimes and error.args[0] in (1146, 1054), line
    try:
        found = Samples(once_text(f"--config.file={config}", program=program))
        assert found.value("erpnext_mariadb_up") == 1
        assert found.value("erpnext_exporter_collector_success", collector="scheduler") == 1
        assert _site_grants(demo, "granted") == _site_grants(demo, "erpnext_exporter")
        with pymysql.connect(host="127.0.0.1", port=demo.mariadb.port, user="granted",
                             password=password) as connection:
            with pytest.raises(pymysql.MySQLError):
                connection.cursor().execute(
                    f"SELECT * FROM `{demo.tree.sites[NORMAL]['db_name']}`.tabUser")
    finally:
        with demo.mariadb.connect() as connection, connection.cursor() as cursor:
            cursor.execute("DROP USER granted@127.0.0.1")


# --- host -----------------------------------------------------------------------------------------

SLACK = 64 << 20  # what others may write or allocate between two readings


def test_filesystem_is_what_statvfs_says(demo, samples):
    found = samples("--collector=filesystem")
    sizes = found.find("node_filesystem_size_bytes")
    assert sizes
    for labels, size in sizes:
        stat = os.statvfs(labels["mountpoint"])
        assert size == stat.f_blocks * stat.f_frsize
        assert found.value("node_filesystem_files", **labels) == stat.f_files
        for name, blocks in (("avail", stat.f_bavail), ("free", stat.f_bfree)):
            have = found.value(f"node_filesystem_{name}_bytes", **labels)
            assert abs(have - blocks * stat.f_frsize) <= SLACK


def test_memory_is_what_the_kernel_says(samples):
    found = samples("--collector=memory")
    for line in pathlib.Path("/proc/meminfo").read_text().splitlines():
        key, value, *unit = line.replace("(", "_").replace(")", "").replace(":", "").split()
        name = f"node_memory_{key}_bytes" if unit else f"node_memory_{key}"
        have = found.value(name)
        assert have is not None, name
        expected = float(value) * (1024 if unit else 1)
        if key in ("MemTotal", "SwapTotal", "CommitLimit", "VmallocTotal", "Hugepagesize"):
            assert have == expected, name
        elif key in ("MemAvailable", "MemFree"):
            assert abs(have - expected) <= 4 * SLACK, name


# --- sites ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("site, up, status, reason, maintenance", [
    (NORMAL, 1, 200, "ok", 0), (MAINTENANCE, 0, 503, "maintenance", 1), (PAUSED, 1, 200, "ok", 0)])
def test_sites_are_as_their_ping_says(demo, samples, site, up, status, reason, maintenance):
    found = samples("--collector=site_ping")
    labels = {"bench": demo.bench_name, "site": site}
    assert found.value("erpnext_site_up", **labels) == up
    assert found.value("erpnext_site_ping_status_code", **labels) == status == \
        demo.ping(site).status
    assert found.value("erpnext_site_ping_result_info", reason=reason, **labels) == 1
    assert found.value("erpnext_site_maintenance_mode", **labels) == maintenance


def test_no_secret_is_printed(demo, program, exposition):
    secrets = [demo.password_path.read_text(),
               *(site["db_password"] for site in demo.tree.sites.values())]
    text = exposition("--log.level=debug") + "".join(
        subprocess.run([program, command, f"--config.file={demo.config_path}"],
                       capture_output=True, text=True, timeout=30).stdout
        for command in ("discover", "grants"))
    assert [secret for secret in secrets if secret in text] == []


# --- scheduler ------------------------------------------------------------------------------------

def test_the_scheduler_is_as_the_bench_has_it(demo, samples):
    def executed():
        with demo.mariadb.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT MAX(last_execution) FROM "
                           f"`{demo.tree.sites[NORMAL]['db_name']}`.`tabScheduled Job Type`")
            return cursor.fetchone()[0]

    wait_until(executed, "a scheduled job was done", timeout=60)
    found = samples("--collector=scheduler", "--collector=bench")
    states = {labels["site"]: labels["state"]
              for labels, value in found.find("erpnext_scheduler_state") if value == 1}
    assert states == {NORMAL: "active", MAINTENANCE: "maintenance", PAUSED: "paused"}
    assert found.value("erpnext_scheduler_process_up") == 1
    age = time.time() - found.value("erpnext_scheduler_last_execution_timestamp_seconds", site=NORMAL)
    assert -2 < age < 120, "the clock of the site is not that of this host"
    assert found.value("erpnext_scheduled_jobs_overdue", site=NORMAL) == 0
    assert found.value("erpnext_scheduled_job_failures", site=NORMAL) == 1
    assert found.value("erpnext_scheduled_job_failing", site=NORMAL) == 0
    assert 0 < found.value("erpnext_scheduled_job_failure_ratio", site=NORMAL) <= 1


def test_discover_names_a_site_that_may_not_be_read(demo, program):
    def discover():
        return subprocess.run([program, "discover", f"--config.file={demo.config_path}"],
                              capture_output=True, text=True, timeout=30, check=True).stdout

    assert f"databases of {len(SITES)} sites" in discover()
    table = f"`{demo.tree.sites[PAUSED]['db_name']}`.`tabScheduled Job Log`"
    with demo.mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"REVOKE SELECT (status) ON {table} FROM erpnext_exporter@'127.0.0.1'")
        try:
            found = discover()
            assert f"MISSING database of site {PAUSED} " in found
            assert "no access to all that is read of tabScheduled Job Log" in found
            assert f"databases of {len(SITES) - 1} sites" in found
        finally:
            cursor.execute(f"GRANT SELECT (status) ON {table} TO erpnext_exporter@'127.0.0.1'")
