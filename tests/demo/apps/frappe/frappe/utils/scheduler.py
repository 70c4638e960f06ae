# SPDX-License-Identifier: Apache-2.0
"""The scheduler process: at each tick it enqueues what is due on the sites where it may."""

import fcntl
import threading

import frappe
import pymysql
import redis
from frappe.utils.background_jobs import create_job_id, enqueue, is_job_enqueued
from frappe.utils.logger import get_logger

RUN_JOB = "frappe.core.doctype.scheduled_job_type.scheduled_job_type.run_scheduled_job"


def start_scheduler():
    conf = frappe.get_conf()
    pause = threading.Event()
    # Since 15.54 this lock shows that a scheduler runs.
    with open(frappe.bench_path() / "config" / "scheduler_process", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        while True:
            pause.wait(conf.get("scheduler_tick_interval", 60))
            tick(frappe.get_redis("queue"))


def tick(connection):
    for site in frappe.get_sites():
        try:
            if not frappe.is_scheduler_inactive(site):
                enqueue_events(connection, site)
        except (pymysql.MySQLError, redis.RedisError) as error:
            get_logger("scheduler").error(
                "Exception in Enqueue Events for Site %s: %r", site, error)


def enqueue_events(connection, site):
    """Each due type once: one that still waits or runs is not queued again."""
    with frappe.connect(site) as database, database.cursor() as cursor:
        cursor.execute("SELECT name, method, frequency FROM `tabScheduled Job Type` "
                       "WHERE stopped = 0 ORDER BY name")
        types = cursor.fetchall()
    for name, method, frequency in types:
        job_id = f"scheduled_job::{method}"
        if is_job_enqueued(connection, create_job_id(site, job_id)):
            get_logger("scheduler").error(
                "Skipped queueing %s because it was found in queue for %s", method, site)
            continue
        queue = "long" if frequency.endswith("Long") else "default"
        enqueue(connection, site, RUN_JOB, queue=queue, job_id=job_id, job_type=name)
