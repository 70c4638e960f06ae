# SPDX-License-Identifier: Apache-2.0
"""Enqueues jobs of every kind and asks for pages, as users and integrations of a bench do."""

import argparse
import datetime
import itertools
import sys
import threading

import frappe
import redis
from demo_app import visitor
from frappe.utils.background_jobs import enqueue, schedule_job

_TASKS = "demo_app.tasks."

# Each kind of job: seconds between two of them, its function, its queue and its arguments. A bench
# like this one is well: nothing fails so often that an alert is due.
SCHEDULE = (
    (2, "ok", "short", {}),
    (4, "ok", "default", {}),
    (10, "slow", "long", {"seconds": 4}),
    (40, "fail", "default", {"customer": "Meyer & Sons"}),
    *[(20, "slow", "reports", {"seconds": 5})] * 3,  # one runs, the others wait
    (30, "slow", "short", {"seconds": 30, "timeout": 1}),
    (240, "deadlock", "default", {}),
    (45, "be_killed", "short", {}),
    (15, "slow_query", "long", {"seconds": 2}),
    (60, "lock_wait", "short", {}),
    (60, "missing_column", "default", {}),
)
WAITING_DAYS = 1
DEFERRED_JOBS = 3


def due(second, pace=1):
    """The jobs of that second. Each kind begins in its own second, and pauses `pace` times less."""
    for number, (every, function, queue, options) in enumerate(SCHEDULE):
        if second % max(1, round(every / pace)) == number % max(1, round(every / pace)):
            yield function, queue, options


def enqueue_waiting(connection, site):
    """Jobs that stay as they are: for another day, behind one of those, and called off."""
    tomorrow = (datetime.datetime.now(datetime.timezone.utc)
                + datetime.timedelta(days=WAITING_DAYS))
    nightly = schedule_job(connection, tomorrow, site, _TASKS + "ok", job_id="nightly-report")
    schedule_job(connection, tomorrow, site, _TASKS + "ok", queue="long", job_id="nightly-import")
    for number in range(DEFERRED_JOBS):
        enqueue(connection, site, _TASKS + "ok", job_id=f"after-nightly-{number}",
                depends_on=nightly)
    # Never a moment in a queue, where a worker could take it before it is cancelled.
    enqueue(connection, site, _TASKS + "ok", job_id="called-off", depends_on=nightly).cancel()


def run(pace):
    connection = frappe.get_redis("queue")
    sites = itertools.cycle(frappe.get_sites())
    pause = threading.Event()
    started = False
    for second in itertools.count():
        try:
            if not started:
                enqueue_waiting(connection, frappe.get_sites()[0])
                started = True
            for function, queue, options in due(second, pace):
                enqueue(connection, next(sites), _TASKS + function, queue=queue, **options)
        except redis.RedisError as error:
            print(f"Could not enqueue: {error}", file=sys.stderr, flush=True)
        pause.wait(1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pace", type=float, default=1, help="times the usual rate")
    options = parser.parse_args()
    threading.Thread(target=visitor.run, daemon=True).start()
    run(options.pace)
