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
    "erpnext_request_duration_seconds_bucket", "erpnext_job_duration_seconds_count",
    "erpnext_job_wait_seconds_sum", "erpnext_job_exceptions_total",
    "erpnext_monitor_lines_total", "erpnext_monitor_last_entry_timestamp_seconds",
    "erpnext_email_queue_emails", "erpnext_email_due_emails",
    "erpnext_email_oldest_unsent_age_seconds", "erpnext_email_accounts",
    "erpnext_email_received_emails", "erpnext_site_new_users", "erpnext_site_errors",
    "erpnext_site_errors_total", "erpnext_site_backlog_entries",
    "erpnext_site_log_table_rows", "erpnext_site_log_retention_seconds",
    "erpnext_site_failed_logins", "erpnext_site_failed_documents", "erpnext_site_sessions",
    "erpnext_log_lines_total", "erpnext_log_pattern_matches_total", "erpnext_bench_info",
    "erpnext_site_info", "erpnext_app_info", "erpnext_scheduler_state",
    "erpnext_scheduler_process_up", "erpnext_scheduler_last_execution_timestamp_seconds",
    "erpnext_scheduler_dormant_in_seconds", "erpnext_scheduled_job_types",
    "erpnext_scheduled_jobs_overdue", "erpnext_scheduled_job_lateness_seconds",
    "erpnext_scheduled_job_runs_total", "erpnext_scheduled_job_failures",
    "erpnext_scheduled_job_failing", "erpnext_migrate_running", "erpnext_migrate_patches_pending",
    "erpnext_migrate_patches_skipped", "erpnext_migrate_last_patch_timestamp_seconds", "node_filesystem_avail_bytes",
    "node_memory_MemAvailable_bytes", "node_cpu_seconds_total", "mysql_global_status_questions",
    "erpnext_mariadb_query_seconds_total", "erpnext_mariadb_query_info",
    "erpnext_mariadb_query_source_info", "erpnext_site_database_share",
    "erpnext_site_database_share_source_info", "process_resident_memory_bytes", "erpnext_exporter_build_info")


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
    missing = set(FAMILIES)

    def all_seen():
        missing.difference_update(exporter.metrics().names())
        assert not missing
        return True

    # Some collectors read once a minute.
    wait_until(all_seen, "all families", timeout=130)
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
