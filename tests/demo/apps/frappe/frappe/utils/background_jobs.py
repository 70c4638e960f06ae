# SPDX-License-Identifier: Apache-2.0
"""Jobs under the names, arguments and retention that Frappe 15 gives them."""

import importlib
import os
import traceback
import uuid

import frappe
import setproctitle
from frappe.monitor import Transaction
from frappe.utils import process
from frappe.utils.logger import get_logger
from rq import Queue, Worker, get_current_job
from rq.registry import FailedJobRegistry

# frappe/utils/background_jobs.py of version 15.
RESULT_TTL = 600
FAILURE_TTL = 7 * 24 * 3600
FAILED_JOBS_LIMIT = 1000
DEFAULT_TIMEOUT = 300
TIMEOUTS = {"short": 300, "default": 300, "long": 1500}
EXECUTE_JOB = "frappe.utils.background_jobs.execute_job"


def get_timeouts():
    custom = frappe.get_conf().get("workers", {})
    return TIMEOUTS | {name: worker.get("timeout", DEFAULT_TIMEOUT)
                       for name, worker in custom.items()}


def get_queue(name, connection):
    return Queue(f"{frappe.get_bench_id()}:{name}", connection=connection)


def create_job_id(site, job_id=None):
    return f"{site}::{job_id or uuid.uuid4()}"


def job_options(site, method, queue, job_id=None, timeout=None, **kwargs):
    """What both ways to make a job need: `queue` is the short name."""
    return {
        "kwargs": {"site": site, "user": "Administrator", "method": method, "event": None,
                   "job_name": method, "is_async": True, "kwargs": kwargs},
        "timeout": timeout or get_timeouts()[queue],
        "result_ttl": RESULT_TTL,
        "failure_ttl": FAILURE_TTL,
        "on_failure": truncate_failed_registry,
        "job_id": create_job_id(site, job_id),
    }


def enqueue(connection, site, method, queue="default", depends_on=None, **options):
    """One job for a worker of `queue`. Deferred while `depends_on` is not finished."""
    return get_queue(queue, connection).enqueue_call(
        EXECUTE_JOB, depends_on=depends_on, **job_options(site, method, queue, **options))


def schedule_job(connection, moment, site, method, queue="default", **options):
    """A job for later. Frappe's workers run without RQ's scheduler, so it stays where it is."""
    rq_queue = get_queue(queue, connection)
    options = job_options(site, method, queue, **options)
    job = rq_queue.create_job(EXECUTE_JOB, kwargs=options["kwargs"], timeout=options["timeout"],
                              result_ttl=RESULT_TTL, failure_ttl=FAILURE_TTL,
                              job_id=options["job_id"], on_failure=options["on_failure"])
    return rq_queue.schedule_job(job, moment)


def is_job_enqueued(connection, job_id):
    return connection.hget(f"rq:job:{job_id}", "status") in (b"queued", b"started")


def execute_job(site, method, event, job_name, kwargs, user=None, is_async=True):
    """Runs in the work horse. A failure is printed and becomes a row of Error Log, as in Frappe."""
    module, _, function = method.rpartition(".")
    transaction, exception = Transaction(site, "job"), None
    try:
        return getattr(importlib.import_module(module), function)(site, **kwargs)
    except Exception as error:
        exception = type(error).__name__
        text = traceback.format_exc()
        print(text, flush=True)
        log_error(site, method, text)
        raise
    finally:
        job = get_current_job()
        scheduled = method.endswith(".run_scheduled_job")
        # The job of a type has the name of the type's method.
        name = job.id.partition("scheduled_job::")[2] if scheduled else method
        transaction.finish_job(job, name, scheduled, exception)


def log_error(site, title, text):
    try:
        with frappe.connect(site) as connection, connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO `tabError Log` (creation, modified, owner, modified_by, method, error)"
                " VALUES (NOW(6), NOW(6), 'Administrator', 'Administrator', %s, %s)",
                (title[:140], text))
            connection.commit()
    except Exception as error:  # The job's own error is the one to report.
        get_logger("frappe").error("Error while inserting deferred Error Log record: %s", error)


def truncate_failed_registry(job, connection, type, value, traceback):
    """Keeps the failed registries from growing without end; the name is in each job's hash."""
    for name in get_timeouts():
        registry = FailedJobRegistry(queue=get_queue(name, connection))
        for job_id in connection.zrange(registry.key, FAILED_JOBS_LIMIT - 1, -1):
            registry.remove(job_id.decode(), delete_job=True)


class FrappeWorker(Worker):
    # RQ waits up to a minute between attempts; nobody wants to watch a demo do that.
    max_connection_wait_time = 4.0

    def procline(self, message):
        # As of RQ 1.15, which Frappe 15 asks for; Debian's 1.13 leaves out the name.
        setproctitle.setproctitle(f"rq:worker:{self.name}: {message}")

    def main_work_horse(self, job, queue):
        # RQ leaves the horse of a killed worker to itself.
        process.die_with_parent(self.pid)
        super().main_work_horse(job, queue)


def start_worker(queue_names):
    """As `bench worker --queue short,default`: a worker with a random name, which forks per job."""
    os.nice(10)
    connection = frappe.get_redis("queue")
    queues = [get_queue(name, connection) for name in queue_names]
    worker = FrappeWorker(queues, name=uuid.uuid4().hex, connection=connection)
    worker.work(logging_level="INFO", date_format="%Y-%m-%d %H:%M:%S",
                log_format="%(asctime)s,%(msecs)03d %(message)s")
