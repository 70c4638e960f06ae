# SPDX-License-Identifier: Apache-2.0
"""The daemon beside the demo bench: all families have data, and outages show and pass."""

import pytest
from support.exporter import Exporter
from support.processes import wait_until

from demo.bench_tree import SITES

NORMAL = SITES[0][0]
FAMILIES = (
    "erpnext_queue_jobs", "erpnext_queue_workers", "erpnext_queue_oldest_job_age_seconds",
    "erpnext_redis_up", "erpnext_mariadb_up", "erpnext_site_up", "erpnext_site_maintenance_mode",
    "erpnext_log_lines_total", "erpnext_log_pattern_matches_total", "erpnext_bench_info",
    "erpnext_site_info", "erpnext_app_info", "node_filesystem_avail_bytes",
    "node_memory_MemAvailable_bytes", "node_cpu_seconds_total", "mysql_global_status_questions",
    "process_resident_memory_bytes", "erpnext_exporter_build_info")


@pytest.fixture(scope="module")
def exporter(program, demo, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exporter")
    with Exporter(folder, f"--config.file={demo.config_path}",
                  f"--state.folder={folder}", program=program) as running:
        yield running


def value(exporter, name, **labels):
    return exporter.metrics().value(name, **labels)


def collectors_that_fail(exporter):
    return {labels["collector"] for labels, value in
            exporter.metrics().find("erpnext_exporter_collector_success") if value == 0}


def test_all_families_have_data(exporter):
    seen = set()

    def all_seen():
        seen.update(exporter.metrics().names())
        return seen >= set(FAMILIES)

    wait_until(all_seen, f"all of {FAMILIES}", timeout=60)
    wait_until(lambda: not collectors_that_fail(exporter), "all collectors are well")


def test_log_matches_grow_with_the_lines(exporter):
    wait_until(lambda: (value(exporter, "erpnext_log_pattern_matches_total",
                              pattern="scheduler_skipped") or 0) > 2, "lines are counted")


def test_mariadb_away(exporter, demo):
    demo.stop_mariadb()
    try:
        wait_until(lambda: value(exporter, "erpnext_mariadb_up") == 0, "MariaDB is down")
        wait_until(lambda: value(exporter, "erpnext_mariadb_connect_error_info",
                                 reason="refused") == 1, "its port is closed")
        found = exporter.metrics()
        assert found.value("mysql_global_status_questions") is None, "no old numbers"
        assert found.find("erpnext_queue_jobs"), "the others go on"
        wait_until(lambda: value(exporter, "erpnext_site_up", site=NORMAL) == 0,
                   "the site is down with its database", timeout=60)
        assert value(exporter, "erpnext_site_ping_status_code", site=NORMAL) == 500
    finally:
        demo.start_mariadb()
    wait_until(lambda: value(exporter, "erpnext_mariadb_up") == 1, "MariaDB is up", timeout=60)
    wait_until(lambda: value(exporter, "erpnext_site_up", site=NORMAL) == 1, "so is the site",
               timeout=60)


def test_redis_away(exporter, demo):
    demo.stop_redis("queue")
    try:
        wait_until(lambda: value(exporter, "erpnext_redis_up", role="queue") == 0, "it is down")
        # Each collector reads for itself, and what it read is good for a second.
        wait_until(lambda: not exporter.metrics().find("erpnext_queue_jobs"), "no old numbers")
        found = exporter.metrics()
        assert found.value("erpnext_redis_up", role="cache") == 1
        assert found.value("erpnext_mariadb_up") == 1
    finally:
        demo.start_redis("queue")
    wait_until(lambda: exporter.metrics().find("erpnext_queue_jobs"), "queues are back",
               timeout=60)
    wait_until(lambda: not collectors_that_fail(exporter), "all collectors are well", timeout=60)


def test_web_server_away(exporter, demo):
    demo.stop_web()
    try:
        wait_until(lambda: value(exporter, "erpnext_site_ping_result_info", site=NORMAL,
                                 reason="refused") == 1, "the site refuses", timeout=60)
        assert value(exporter, "erpnext_site_up", site=NORMAL) == 0
        assert value(exporter, "erpnext_mariadb_up") == 1
    finally:
        demo.start_web()
    wait_until(lambda: value(exporter, "erpnext_site_up", site=NORMAL) == 1, "the site is up",
               timeout=60)


def test_workers_away(exporter, demo):
    def listening():
        found = exporter.metrics().find("erpnext_queue_workers", queue="short")
        return sum(count for _, count in found)

    # More than two where workers ended while Redis was away: they count until their key expires.
    before = listening()
    assert before >= 2
    demo.stop_workers()
    try:
        wait_until(lambda: listening() <= before - 2, "nobody listens")
        wait_until(lambda: value(exporter, "erpnext_queue_jobs", queue="short",
                                 state="queued") > 1, "jobs wait")
        assert value(exporter, "erpnext_queue_oldest_job_age_seconds", queue="short") >= 0
    finally:
        demo.start_workers()
    wait_until(lambda: value(exporter, "erpnext_queue_jobs", queue="short", state="queued") == 0,
               "the queue is empty")
