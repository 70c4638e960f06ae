# SPDX-License-Identifier: Apache-2.0
"""Every figure that Frappe gave at the moment of a capture is compared with ours, or a reason says
why we do not give it. A figure that is in neither list fails the test. Run with -s to see the table."""

import json
import os
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CAPTURES = pathlib.Path(os.environ.get("ERPNEXT_EXPORTER_CAPTURES",
                                       ROOT.parent / "shared" / "captures"))

QUEUES = "queues_test.cc"
SCHEDULER = "scheduler_test.cc"
HEALTH = "site_health_test.cc"
DOCUMENT = "a field that every document of Frappe has, no figure"
IDENTITY = "names one process or job: an id is no label"
VERSION = "the version of a library or server, which its own metrics give"
NAMES = "names of persons, and texts that may hold data of customers, never leave the server"
BACKUPS = "files of backups and of users are not collected yet"
SIZES = "sizes change when tables are loaded anew; compared with a server: test_mariadb_activity.py"
HEALTH_REPORT = "system_health_report/SITE/"

# A path of the files, as a whole; "compared" with what, or the reason why we do not give it.
COMPARED = {
    "bench_id": f"{QUEUES}: SitesAndVersionsAreThoseOfFrappe",
    "versions/frappe": f"{QUEUES}: SitesAndVersionsAreThoseOfFrappe",
    r"doctype_rq_job_by_site/SITE/(queued|started|failed)/.*": f"{QUEUES}, summed over queues",
    r"doctype_rq_worker_list\[\]": f"{QUEUES}, their number",
    r"queues_raw_before_rq_count/QUEUE/(llen|intermediate_llen|(started|finished|failed)_(zcard|"
    r"live_zcount)|(deferred|scheduled|canceled)_zcard)": QUEUES,
    r"workers_rq_all\[\]/(queues\[\]|state)": QUEUES,
    r"workers_rq_all\[\]": f"{QUEUES}, no worker",
    r"counts/SITE/Patch Log skipped": SCHEDULER,
    r"counts/SITE/Scheduled Job Log/(Complete|Failed)": SCHEDULER,
    r"counts/SITE/Scheduled Job Type": SCHEDULER,
    r"system_health_report/SITE/failing_scheduled_jobs\[\]": SCHEDULER,
    r"counts/SITE/Scheduled Job Type max\(last_execution\) by frequency/.*":
        f"{SCHEDULER}, the newest of all",
    r"scheduler/SITE/(inactive|dormant)": SCHEDULER,
    r"scheduler/SITE/site_(now|timezone)": f"{SCHEDULER}, as the time of the last execution",
    HEALTH_REPORT + r"(total_errors|failed_logins|total_users|active_sessions|pending_emails|"
    r"failed_emails|unhandled_emails|total_outgoing_emails|handled_emails|new_users)": HEALTH,
    r"counts/SITE/(Access Log|Deleted Document|Route History|View Log)": "site_logs_test.cc",
    r"counts/SITE/top errors 24h\[\](\[\])?": "site_errors_test.cc, by kind",
}
NOT_GIVEN = {
    r"taken_at_(unix|utc)": "the moment of the capture: our clock in the tests",
    r"(.*/)?(_comment_count|__islocal|creation|modified|modified_by|owner|docstatus|doctype|idx|"
    r"parent|parentfield|parenttype|name)": DOCUMENT,
    r"system_health_report/SITE/_seconds": "how long Frappe took",
    r"doctype_rq_job_by_site/SITE/(finished|deferred|scheduled|canceled)/.*":
        "by site only what waits, runs or has failed; by queue all states",
    r"doctype_rq_worker_list\[\]/.*": "the same as workers_rq_all, in local time",
    r"workers_rq_all\[\]/(pid|current_job)": IDENTITY,
    r"workers_rq_all\[\]/(birth|last_heartbeat)":
        "an idle worker is silent for minutes and well; one that is dead is counted as dead",
    r"workers_rq_all\[\]/(successful|failed|total_working_time)":
        "counters since our start, not since the worker's: test_real_rq.py",
    r"queues_raw_before_rq_count/QUEUE/(deferred|scheduled|canceled)_live_zcount":
        "RQ does not clean these by their score: all entries count",
    r"queues_by_rq_get_queues/.*": "the same after a clean-up that changes it",
    r"counts/SITE/Version": "rows of a table that only grows and that Frappe never clears",
    r"counts/SITE/File": "a number of documents, which tells of no trouble",
    r"counts/SITE/(Activity Log/Failed|Error Log|Sessions|Unhandled Email|User)":
        f"of all times; compared in the window of the report: {HEALTH}",
    r"counts/SITE/Webhook Request Log": "of all times; we count the last 7 days",
    r"counts/SITE/(Installed Applications?(\[\].*)?|installed_apps default\[\])":
        "apps of the bench are in erpnext_app_info, those of a site in erpnext_migrate_patches_pending",
    r"counts/SITE/Patch Log": "of all times; compared by patch in erpnext_migrate_patches_pending",
    r"scheduler/SITE/disabled": "one reason of being inactive: erpnext_scheduler_state",
    r"scheduler/SITE/any_job_pending":
        "what Frappe decides with it, whether a site may fall dormant, is the state dormant",
    r"(backups_page|fetch_latest_backups)/SITE.*": BACKUPS,
    HEALTH_REPORT + r"(backups_size|onsite_backups|private_files_size|public_files_size)": BACKUPS,
    HEALTH_REPORT + r"(db_storage_usage|top_db_tables\[\]/(size|table))": SIZES,
    HEALTH_REPORT + r"background_workers\[\]/(count|queues)": f"workers_rq_all has them: {QUEUES}",
    HEALTH_REPORT + r"background_workers\[\]/(failed_jobs|utilization)":
        "since the worker's birth; ours are counters since our start",
    HEALTH_REPORT + r"queue_status\[\]/(pending_jobs|queue)":
        f"counted some seconds after the Redis of the capture was kept, which {QUEUES} compares",
    HEALTH_REPORT + r"(background_jobs_check|test_job_id)": "puts a job into a queue, which is a write",
    HEALTH_REPORT + r"(socketio_ping_check|socketio_transport_mode)": "a browser's side",
    HEALTH_REPORT + r"cache_keys": "takes KEYS, which stops Redis for as long as it runs",
    HEALTH_REPORT + r"cache_memory_usage":
        "rounded by Redis; erpnext_redis_memory_used_bytes is exact: test_originals.py",
    HEALTH_REPORT + r"(database|database_version|binary_logging|bufferpool_size)":
        "variables of the server, compared with the original exporter: test_originals.py",
    HEALTH_REPORT + r"last_10_active_users": NAMES,
    HEALTH_REPORT + r"top_errors\[\](/(occurrences|title))?": NAMES,
    HEALTH_REPORT + r"oldest_unscheduled_job":
        "the id of a document; its number and lateness are erpnext_scheduled_jobs_overdue",
    HEALTH_REPORT + r"scheduler_status": f"the same as scheduler/SITE/inactive: {SCHEDULER}",
    HEALTH_REPORT + r"total_background_workers": f"one page of the list that {QUEUES} counts",
    r"versions/(mariadb|python|redis_py|redis_server|rq)": VERSION,
}


def generalize(parts, key):
    """Names of sites and queues are as good as one another."""
    if parts and parts[-1] in ("counts", "scheduler", "system_health_report", "backups_page",
                               "fetch_latest_backups", "doctype_rq_job_by_site"):
        return "SITE"
    return "QUEUE" if parts and parts[-1].startswith("queues_") else key


def paths(value, parts=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths(inner, (*parts, generalize(parts, key)))
    elif isinstance(value, list) and parts:
        *above, last = parts
        for inner in value or [None]:
            yield from paths(inner, (*above, f"{last}[]"))
    else:
        yield "/".join(parts)


def found():
    files = sorted(CAPTURES.glob("*/redis/*.truth.json")) + sorted(CAPTURES.glob("*/*.truth.json"))
    return sorted({path for file in files for path in paths(json.loads(file.read_text()))})


def entry(table, path):
    return next((text for pattern, text in table.items() if re.fullmatch(pattern, path)), None)


@pytest.fixture(scope="module")
def figures():
    if not CAPTURES.is_dir():
        if os.environ.get("CI"):
            pytest.fail("no captures: set ERPNEXT_EXPORTER_CAPTURES to their folder")
        pytest.skip("no captures: set ERPNEXT_EXPORTER_CAPTURES to their folder to run this")
    return found()


def test_every_figure_is_compared_or_has_a_reason(figures):
    assert len(figures) > 150
    unknown = []
    for path in figures:
        compared, reason = entry(COMPARED, path), entry(NOT_GIVEN, path)
        print(f"{path:64} {'= ' + compared if compared else '- ' + str(reason)}")
        if not compared and not reason:
            unknown.append(path)
    assert unknown == []


def test_no_entry_is_left_over(figures):
    for table in (COMPARED, NOT_GIVEN):
        assert [pattern for pattern in table
                if not any(re.fullmatch(pattern, path) for path in figures)] == []
